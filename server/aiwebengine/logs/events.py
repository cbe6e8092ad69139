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
    "audit.refusal_counted": "A caller without an account was denied or could not sign in."
    " The audit trail has only totals.",
    "audit.refusal_not_recorded": "A denial is missing in the audit trail; `why` is the reason.",
    "audit.refusals_lost": "At a stop, the number of denied callers without an account could not be"
    " recorded.",
    "backup.bug": "A backup, check or restore ended because of a bug.",
    "backup.deleted_unrecorded": "A backup was removed from `place`, but the database became"
    " unavailable before the audit event was written.",
    "backup.failed": "A backup, check or restore did not succeed.",
    "backup.ignored": "A file in the backup directory or the bucket is named like an archive, but"
    " is not one. Logged once.",
    "connections.refused": "Connections were refused, `count` of them since the last such line:"
    " too many in total, or from one address. Logged at most once a minute.",
    "database.down": "The database does not answer. Logged once for each instance, and then every"
    " five minutes until it does.",
    "database.newer_than_tested": "The server's version of PostgreSQL is newer than the tested"
    " versions. The engine continues.",
    "database.slow_query": "A statement took longer than `repository.slow_query_ms`: an `error`"
    " when it failed in a request.",
    "database.up": "The database answers again, after `down_secs` seconds.",
    "engine.waiting": "The engine can't serve yet; `error` is the reason. It retries.",
    "database.statements_counted": "The extension pg_stat_statements was created in the database.",
    "database.statements_not_counted": "The server has loaded pg_stat_statements, but the extension"
    " could not be created: run `create extension pg_stat_statements` as a superuser.",
    "engine.not_ready": "The engine can't start, and it does not retry; `error` is the reason.",
    "graphql.bug": "A resolver failed, and its stack trace is not on the request's line, because"
    " that has another one or it is a subscription. The caller got INTERNAL and the request ID.",
    "health.bug": "A health check failed because of a bug.",
    "health.not_recorded": "Results of health checks could not be stored. They are still shown.",
    "heart.bug": "A heartbeat of a worker failed because of a bug.",
    "heart.postponed": "A heartbeat of a worker is postponed because the database does not"
    " respond.",
    "lease.end_not_noted": "The end of a lease could not be stored; it will count as interrupted.",
    "lease.lost": "This process could not show that it is alive; what it ran for scripts was ended,"
    " and is repeated.",
    "listener.lost": "The connection for live updates was lost. It reconnects in `pause` seconds.",
    "lock.lost": "The connection that holds the lock of a run was lost. It reconnects.",
    "log.file_failed": "The log file can't be written; the console log continues.",
    "log.file_works_again": "The log file can be written again.",
    "log.not_tidied": "An old log file can't be compressed or removed; logged once for each file.",
    "log.tail_failed": "Following the log files failed; it restarts after a second.",
    "maintenance.bug": "The evidence for a maintenance item can't be checked.",
    "mcp.bug": "A tool failed because of a bug. The program got the request ID.",
    "migrations.backed_up": "The backup before the migrations of a start was made.",
    "migrations.backup": "A start found migrations to apply, and makes a backup first.",
    "queue.bug": "Work for scripts that was due, in `queue`, failed because of a bug.",
    "queue.end_not_noted": "The end of work for a script could not be stored; it is repeated.",
    "queue.postponed": "The search for work that is due for scripts is postponed: the database does"
    " not respond.",
    "request": "A request was handled, or an operation on a WebSocket ended. It is an `error` after"
    " an internal failure (5xx, or INTERNAL in a GraphQL response), with the stack trace of a bug.",
    "request.bug": "A second bug occurred in a request. The first one is on the request's line.",
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
    "runtimes.supervisor_not_started": "The supervisor of the runtimes could not be started. It is"
    " tried again.",
    "runtimes.supervisor_output": "The supervisor of the runtimes wrote something else than log"
    " lines.",
    "runtimes.unavailable": "No program can run on this machine: `detail` has the reason.",
    "script.not_suspended": "A script whose processes keep ending could not be suspended, because"
    " the database does not answer. The next process that ends tries again.",
    "script.not_switched": "The active version of a script does not start on this instance, which"
    " continues to serve the version before.",
    "script.suspend_bug": "A script could not be suspended because of a bug.",
    "script_activity.bug": "Counts of script calls could not be stored because of a bug, and are"
    " lost.",
    "script_activity.lost": "The engine stopped while the database did not answer; counts of script"
    " calls are lost.",
    "script_activity.postponed": "Counts of script calls wait for the database.",
    "script_call.end_bug": "The end of a script's call failed because of a bug.",
    "script_call.end_failed": "What a script did after its answer was not kept; `error` says why.",
    "script_failures.bug": "Failed requests of scripts could not be stored because of a bug.",
    "script_failures.postponed": "Failed requests of scripts wait for the database.",
    "script_log.bug": "Lines of script logs could not be stored because of a bug, and are lost.",
    "script_log.left_out": "A script logs faster than its lines can be stored; `lines` are lost.",
    "script_log.lost": "The engine stopped while the database did not answer; `lines` of script"
    " logs are lost.",
    "script_log.postponed": "Lines of script logs wait for the database.",
    "script_graphql.left_out": "The GraphQL fields of a script are not served, because a name means"
    " something else in a script that was deployed before. The configuration has changed.",
    "script_streams.close_failed": "A script that was called because a WebSocket closed failed; its"
    " log has the details.",
    "script_streams.receiver_bug": "A live message of a script did not reach a connection because"
    " of a bug.",
    "script_streams.renewal_bug": "A stream of a script was ended because of a bug, when its script"
    " was asked about it again.",
    "scripts.postponed": "What scripts are served could not be read; the database does not answer.",
    "scripts.refresh_bug": "Changes of scripts could not be served because of a bug.",
    "schedules.bug": "A task, or the clock that starts tasks, failed because of a bug.",
    "schedules.end_not_noted": "The end of a run could not be stored; the run will count as"
    " interrupted.",
    "schedules.failed": "A task reported that it failed.",
    "schedules.given_up": "A run counts as failed because its worker does not respond.",
    "schedules.lost": "A run ended with an error that could not be recorded.",
    "schedules.postponed": "The search for due tasks is postponed: the database does not respond.",
    "sign_in.bad_answer": "A sign-in provider sent an invalid response.",
    "sign_in.no_userinfo": "UserInfo of a sign-in provider could not be read. The sign-in continued"
    " with only the ID token.",
    "sign_in.not_accepted": "A sign-in provider refused the engine's request. Check the provider's"
    " settings.",
    "sign_in.refused": "A sign-in was refused.",
    "sign_in.timeout": "A sign-in provider took too long to answer.",
    "sign_in.unreachable": "A sign-in provider can't be reached.",
    "task.bug": "A background task failed because of a bug. It continues.",
    "task.postponed": "A background task is postponed because the database does not respond.",
    "vacuum": "Progress of a vacuum that was started in the manager or by GraphQL.",
    "vacuum.failed": "A vacuum failed.",
    "worker.died": "A worker process ended unexpectedly and is replaced.",
    "worker.killed": "A worker process did not stop in time and was killed.",
}

FIELDS: dict[str, str] = {
    "action": "what was done, as in [audit.md](audit.md)",
    "actor": "who did it: the address, or the command line",
    "actor_id": "the id of the user who did it",
    "actor_roles": "the roles of the user at that time",
    "address": "the network address of the client",
    "alert": "the alert's name, as in [alerts.md](alerts.md)",
    "archive": "the file name in the directory or bucket",
    "area": "always `manager`; useful for searches",
    "attempts": "how often it was tried",
    "channel": "`webhook` or `email`",
    "check": "the health check's name, as in [health.md](health.md)",
    "codes": "codes of the errors in the response, as in [errors.md](errors.md)",
    "count": "how many",
    "db_ms": "milliseconds that the request's statements took, including the wait for connections",
    "db_queries": "how many statements the request sent to the database",
    "detail": "details, in words",
    "down_secs": "seconds since the database stopped answering",
    "door": "the origin: `graphql`, `rest`, `web`, `cli`, or `engine` for the engine itself",
    "error": "what went wrong, in words",
    "event": "an event as above, or a message of a library",
    "exception": "the stack trace of an error",
    "exit_code": "the exit code of the process; negative: the signal that ended it",
    "failed": "whether the statement failed",
    "field": "the field of the response that failed, as in `users.nodes.0.roles`",
    "file": "the path of the log file",
    "item": "the name of the line on the maintenance lists",
    "kind": "`query`, `mutation` or `subscription`",
    "level": "the severity: `debug`, `info`, `warning`, `error`, `critical`",
    "line": "a line that the program printed",
    "lines": "how many lines of the script's log",
    "logger": "the component that wrote the line",
    "lost": "how many lines are missing in the file",
    "method": "the method of the request; `WS` for an operation on a WebSocket",
    "ms": "how long it took, in milliseconds",
    "notices": "the number of notifications in the message",
    "operation": "the GraphQL operation",
    "path": "the path of the request, never the query string",
    "pause": "seconds until the next attempt",
    "pid": "the process ID",
    "place": "the backup directory, or the bucket and its prefix",
    "provider": "the name of the sign-in provider",
    "queue": "the kind of work: `schedules` or `messages` of scripts",
    "replaced_in_secs": "seconds until another process replaces it",
    "request_id": "the request ID; responses have it in `X-Request-Id`",
    "result": "the result, in words",
    "role": "the role that was granted or revoked",
    "roles": "the roles of the caller; in `audit.recorded`, those in the event",
    "run": "the number of the run",
    "script": "the slug of the script",
    "script_id": "the id of the script",
    "session_id": "the session that was used",
    "statement": "the statement, without its values",
    "status": "the status of the response; none on a WebSocket",
    "target": "what was changed, in words",
    "target_id": "the id of what was changed",
    "target_type": "the kind of what was changed",
    "tool": "the name of an MCP tool",
    "task": "the task's name, as in [tasks.md](tasks.md)",
    "timestamp": "the time of the line: UTC, with microseconds",
    "token_id": "the API token that was used",
    "user": "the email address of the caller; `anonymous` without session and token; `unknown`"
    " if the session or token could not be looked up and was not used before",
    "user_id": "the id of the caller",
    "version": "the number of the script's version",
    "waited_ms": "milliseconds until the statement had a connection",
    "why": "the reason, in words",
}
