"""Descriptions of every log event and field.

Published in docs/reference/log.md. A test compares this with all logging calls.
"""

from __future__ import annotations

EVENTS: dict[str, str] = {
    "access.foreign_origin": "A page of another site had a browser send a request. It was refused.",
    "alert.began": "An alert opened; the configured channels are notified.",
    "alert.delivered": "A channel accepted a message.",
    "alert.not_delivered": "A channel did not accept a message. It is retried.",
    "alert.outage_not_kept": "The notifications of a database outage can't be stored, so a"
    " restart may send them again.",
    "alert.over": "An alert is resolved.",
    "audit.recorded": "A change was committed together with its audit event.",
    "audit.refusal_counted": "A stranger was refused or could not sign in. The trail has totals.",
    "audit.refusal_not_recorded": "A refusal is missing in the audit trail: `why` says the reason.",
    "audit.refusals_lost": "A stop could not record how many strangers were refused.",
    "backup.bug": "A backup, check or restore ended because of a bug.",
    "backup.deleted_unrecorded": "A backup was removed from `place`, and the database went away"
    " before the audit event was written.",
    "backup.failed": "A backup, check or restore did not succeed.",
    "backup.ignored": "A file in the backup directory or the bucket is named like an archive and is"
    " none. Logged once.",
    "connections.refused": "Connections were refused, `count` of them since the last such line:"
    " there are too many in all, or of one address. Written once a minute at most.",
    "database.down": "The database does not answer. Logged once for each instance, and then every"
    " five minutes until it does.",
    "database.newer_than_tested": "The server's version of PostgreSQL is newer than those that this"
    " version of the engine is tested with. The engine continues.",
    "database.slow_query": "A statement took longer than `repository.slow_query_ms`: an `error`"
    " when it failed in a request.",
    "database.up": "The database answers again, after `down_secs` seconds.",
    "engine.waiting": "The engine can't serve yet: `error` says why. It tries again by itself.",
    "database.statements_counted": "The extension pg_stat_statements was created in the database.",
    "database.statements_not_counted": "The server has loaded pg_stat_statements, but the extension"
    " could not be created: run `create extension pg_stat_statements` as a superuser.",
    "engine.not_ready": "The engine can't start, and waiting does not help:"
    " `error` has the reason.",
    "graphql.bug": "A resolver failed, and its trace does not fit on the request's line: another"
    " one stands there, or it is a subscription. The caller got INTERNAL and the request id.",
    "health.bug": "A health check itself does not work.",
    "health.not_recorded": "What the checks found could not be stored; it is shown all the same.",
    "heart.bug": "A heartbeat of a worker failed because of a bug.",
    "heart.postponed": "A heartbeat of a worker is postponed because the database does not"
    " respond.",
    "listener.lost": "The connection for live updates was lost. It reconnects in `pause` seconds.",
    "lock.lost": "The connection that holds the lock of a run was lost. It reconnects.",
    "log.file_failed": "The log file can't be written; the console log continues.",
    "log.file_works_again": "The log file can be written again.",
    "log.not_tidied": "An old log file can't be compressed or removed; logged once for each file.",
    "log.tail_failed": "Following the log files failed; it restarts after a second.",
    "maintenance.bug": "The evidence for a maintenance item can't be checked.",
    "migrations.backed_up": "The backup before the migrations of a start was made.",
    "migrations.backup": "A start found migrations to apply, and makes a backup first.",
    "runtimes.line_not_logged": "A log line of a program could not be processed.",
    "runtimes.listening": "The supervisor of the runtimes accepts calls.",
    "runtimes.protocol_broken": "A worker and the supervisor of the runtimes did not understand"
    " each other; the connection was closed. This is a bug.",
    "runtimes.question_failed": "What a program asked the engine for failed because of a bug;"
    " `detail` names the operation.",
    "runtimes.supervisor_ended": "The supervisor of the runtimes ended unexpectedly. It is started"
    " again.",
    "runtimes.supervisor_hangs": "The supervisor of the runtimes does not answer; the connection"
    " was closed.",
    "runtimes.supervisor_output": "The supervisor of the runtimes wrote something else than log"
    " lines.",
    "runtimes.unavailable": "No program can run on this machine: `detail` has the reason.",
    "request": "A request was answered, or an operation on a WebSocket ended: an `error` when it"
    " failed by us (5xx, or INTERNAL in an answer of GraphQL), with the trace if that was a fault"
    " in the program.",
    "request.bug": "A request failed by a second fault in the program; the first one stands on its"
    " line.",
    "schedules.bug": "A task, or the clock that starts tasks, failed because of a bug.",
    "schedules.end_not_noted": "The end of a run could not be stored; the run will count as"
    " interrupted.",
    "schedules.failed": "A task said that it failed.",
    "schedules.given_up": "A run whose worker fell silent counts as failed.",
    "schedules.lost": "A run ended by an error that nobody was there to note.",
    "schedules.postponed": "The clock looks for due tasks later: the database was away.",
    "sign_in.bad_answer": "A sign-in provider answered what can't be trusted.",
    "sign_in.no_userinfo": "UserInfo of a sign-in provider could not be read. The sign-in continued"
    " with only the ID token.",
    "sign_in.not_accepted": "A sign-in provider refused what the engine asked for: look at the"
    " provider's settings.",
    "sign_in.refused": "Somebody was not let in.",
    "sign_in.timeout": "A sign-in provider took too long to answer.",
    "sign_in.unreachable": "A sign-in provider can't be reached.",
    "task.bug": "A background task failed because of a bug. It continues.",
    "task.postponed": "A background task is postponed because the database does not respond.",
    "vacuum": "Progress of a vacuum that was started from the manager or by GraphQL.",
    "vacuum.failed": "A vacuum did not succeed.",
    "worker.died": "A worker process ended unexpectedly and is replaced.",
    "worker.killed": "A worker process did not stop in time and was killed.",
}

FIELDS: dict[str, str] = {
    "action": "what was done, as in [audit.md](audit.md)",
    "actor": "who did it: the address, or the command line",
    "actor_id": "the id of the user who did it",
    "actor_roles": "the roles that the user held then",
    "address": "where the request came from",
    "alert": "the alert's name, as in [alerts.md](alerts.md)",
    "archive": "the file name in the directory or bucket",
    "area": "always `manager`, to search for",
    "attempts": "how often it was tried",
    "channel": "`webhook` or `email`",
    "check": "the health check's name, as in [health.md](health.md)",
    "codes": "codes of the errors in the answer, as in [errors.md](errors.md)",
    "count": "how many",
    "db_ms": "milliseconds that the request's statements took, waiting for a connection included",
    "db_queries": "how many statements the request sent to the database",
    "detail": "what was seen",
    "down_secs": "seconds since the database did not answer",
    "door": "the way in: `graphql`, `rest`, `web`, `cli`, or `engine` for its own doing",
    "error": "what went wrong, in words",
    "event": "an event as above, or a message of a library",
    "exception": "the stack trace of an error",
    "exit_code": "the exit code of the process; negative: the signal that ended it",
    "failed": "whether the statement failed",
    "field": "the field of the answer that failed, as in `users.nodes.0.roles`",
    "file": "the path of the log file",
    "item": "the name of the line on the maintenance lists",
    "kind": "`query`, `mutation` or `subscription`",
    "level": "how much it matters: `debug`, `info`, `warning`, `error`, `critical`",
    "line": "what the program that works said",
    "logger": "the component that wrote the line",
    "lost": "how many lines are missing in the file",
    "method": "the method of the request; `WS` for an operation on a WebSocket",
    "ms": "how long it took, in milliseconds",
    "notices": "the number of notifications in the message",
    "operation": "the GraphQL operation",
    "path": "the path of the request, never the query string",
    "pause": "seconds until the next attempt",
    "pid": "the number of the process",
    "place": "the backup directory, or the bucket and its prefix",
    "provider": "the name of the sign-in provider",
    "replaced_in_secs": "seconds until another process takes its place",
    "request_id": "the request ID; responses have it in `X-Request-Id`",
    "result": "the result, in words",
    "role": "the role that was given or taken",
    "roles": "the roles of the caller; in `audit.recorded`, those in the event",
    "run": "the number of the run",
    "session_id": "the session that was used",
    "statement": "the statement, without its values",
    "status": "the status of the answer; none on a WebSocket",
    "target": "what was changed, in words",
    "target_id": "the id of what was changed",
    "target_type": "the kind of what was changed",
    "task": "the task's name, as in [tasks.md](tasks.md)",
    "timestamp": "when the line was made: UTC, with microseconds",
    "token_id": "the API token that was used",
    "user": "who asked: the address; `anonymous` who showed neither session nor token; `unknown`"
    " where it could not be looked up and was not seen before",
    "user_id": "the id of the user who asked",
    "waited_ms": "milliseconds until the statement had a connection",
    "why": "the reason, in words",
}
