"""A database full of what people, providers and clients may write."""

from __future__ import annotations

from pathlib import Path

import psycopg

from aiwebengine.database.embedded import embedded_postgres

ZALGO = "Z" + "\u0341\u0317\u034f\u0322\u0315" * 14 + "algo" + "\u0336\u0353" * 20
TEXTS = {
    "unbroken": "W" * 200,
    "reordered": "Zo\u00eb \u202egnp.exe \u2067\u05e9\u05dc\u05d5\u05dd \u0645\u062d\u0645\u062f",
    "emoji": "\U0001f680\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea" * 8,
    "zalgo": ZALGO,
    "markup": '<img src=x onerror="pwned=1"><script>pwned=1</script><b>&lt;{{7*7}}${7*7}',
    "lines": "first\nsecond\r\nthird\tfourth\x1b[31m\x00".replace("\x00", ""),
    "path": "/very" * 39,
    "words": "many words of an ordinary length, one behind the other, " * 3,
}

# What a user finds of their own sessions and tokens.
OWN = (
    """
    insert into sessions (user_id, secret_hash, provider, address, user_agent, expires_at)
    values (%(id)s, decode(md5(%(key)s || %(id)s), 'hex'), left(%(text)s, 200), left(%(text)s, 100),
      left(%(text)s, 300), now() + interval '1 day')
    """,
    """
    insert into api_tokens (user_id, name, prefix, secret_hash, scopes, last_used_address, made_by,
      expires_at)
    values (%(id)s, left(%(text)s, 100), 'awe_x', decode(md5(%(key)s || %(id)s), 'hex'), '{read}',
      left(%(text)s, 100), %(text)s, now() + interval '40 days')
    """,
)

# One row for each text, in every table whose rows a page shows; cut where the table cuts it.
ROWS = (
    """
    insert into users (id, email, name, picture_url, status, last_signed_in_at)
    values (%(id)s, left(%(key)s || '+' || repeat('w', 200) || '@hostile.example', 320),
      left(%(text)s, 200), left(%(text)s, 200),
      (array['active', 'invited', 'suspended'])[1 + %(number)s %% 3], now())
    """,
    """
    insert into user_roles (user_id, role, granted_by, reason, expires_at)
    values (%(id)s, 'Editor', left(%(text)s, 400), %(text)s, now() + interval '40 days')
    """,
    """
    insert into identities (provider, subject, user_id, email)
    values (left(%(text)s, 200), %(text)s, %(id)s, left(%(text)s, 1000))
    """,
    *OWN,
    """
    insert into maintenance_ticks (item, done_by, note) values ('documentation', %(text)s, %(text)s)
    """,
    """
    insert into access_reviews (started_by, note, total, finished_at, finished_by)
    select %(text)s, %(text)s, 1, now(), %(text)s where %(number)s > 1
    union all select %(text)s, %(text)s, 8, null, null where %(number)s = 1
    """,
    """
    insert into access_review_entries (review_id, position, user_id, email, name, status, role,
      granted_at, granted_by, reason, api_tokens, note, detail, decided_by, expires_at)
    select id, %(number)s, %(id)s, left(%(text)s, 320), %(text)s, 'suspended', 'Editor', now(),
      %(text)s, %(text)s, 1, %(text)s, %(text)s, %(text)s, now() + interval '1 day'
    from access_reviews where finished_at is null
    """,
    """
    insert into alerts (name, instance, state, severity, title, detail, since)
    values ('x', %(text)s, 'event', 'failing', %(text)s, %(text)s, now())
    """,
    """
    insert into alert_notices (alert_id, channel, kind, severity, detail, last_error, due_at,
      sent_at)
    select max(id), 'webhook', 'opened', 'failing', %(text)s, %(text)s, now(), now() from alerts
    """,
    """
    insert into runs (kind, task, state, started_by, stopped_by, instance, result, lines, ended_at,
      actor, subject, problem, step)
    values ('task', 'analyze', 'failed', %(text)s, %(text)s, %(text)s, %(text)s, array[%(text)s],
      now(), %(text)s, %(text)s, %(text)s, %(text)s)
    """,
    """
    insert into runs (kind, state, subject, started_by, stopped_by, actor, instance, result, lines,
      problem, step, ended_at)
    values ('backup.create', 'failed', %(text)s, %(text)s, %(text)s, %(text)s, %(text)s, %(text)s,
      array[%(text)s], %(text)s, %(text)s, now())
    """,
    """
    insert into runs (kind, state, started_by, stopped_by, actor, instance, result, lines, subject,
      problem, step, ended_at, facts)
    values ('vacuum', 'failed', %(text)s, %(text)s, %(text)s, %(text)s, %(text)s, array[%(text)s],
      %(text)s, %(text)s, %(text)s, now(),
      jsonb_build_object('tables', array[%(text)s::text], 'tables_done', 0))
    """,
    """
    insert into audit_events (action, actor_kind, actor_label, target_type, target_id, target_label,
      reason, before, after, request_id, address, user_agent, door)
    select action, 'user', %(text)s, 'user', %(id)s, %(text)s, %(text)s,
      jsonb_build_object('name', %(text)s::text, %(text)s::text, %(text)s::text),
      jsonb_build_object('name', %(text)s::text, 'provider', %(text)s::text),
      left(%(text)s, 100), left(%(text)s, 100), left(%(text)s, 300), 'web'
    from unnest(array['user.renamed', 'user.suspended', 'token.created', 'signed_in', 'x']) action
    """,
    """
    insert into timing_samples (kind, at, name, count, errors, seconds, buckets)
    values ('operation', now(), %(text)s, 1, 0, 5, array_fill(0, array[40]))
    """,
    # As long as a slug may be.
    """
    insert into scripts (slug, title, created_by, suspended_at, suspension_reason, active_version)
    values (repeat('w', 61) || %(number)s, left(%(text)s, 200), left(%(text)s, 320), now(),
      left(%(text)s, 500), 1)
    """,
    """
    insert into timing_samples (kind, at, name, count, errors, seconds, buckets)
    values ('script', now(), repeat('w', 61) || %(number)s, 40, 20, 5, array_fill(0, array[40]))
    """,
)

# Text that only the engine writes, or that no page shows.
OURS = {
    "access_review_entries": {"status", "role", "decision", "outcome"},
    "access_reviews": {"finished_by"},  # hostile in all but the one that is open
    "alert_notices": {"channel", "kind", "severity"},
    "alerts": {"name", "state", "severity"},
    "api_tokens": {"prefix", "scopes", "role_ceiling", "audience"},
    "audit_events": {"action", "actor_kind", "target_type", "door"},
    # Only an engine of the version before writes to this one.
    "backup_runs": {
        "kind",
        "transfer",
        "state",
        "backup_name",
        "actor_label",
        "step",
        "problem",
        "details",
    },
    "bootstrap_appointments": {"email_key"},
    "engine_workers": {"host", "version"},
    "health_states": {"instance", "name", "state"},
    "maintenance_board": {"content"},
    "maintenance_ticks": {"item"},
    "migration_checksums": {"migration_id", "checksum"},
    # Only the consent page shows them: tests/oauth_server/test_attacks.py.
    "oauth_authorizations": {
        "redirect_uri",
        "scopes",
        "audience",
        "challenge",
        "state",
    },
    "oauth_clients": {"name", "redirect_uris"},
    "program_versions": {"version"},
    "rate_windows": {"kind", "address"},
    "refusal_counts": {"action", "target_type", "target", "cause"},
    "runs": {"kind", "task", "state", "outcome", "facts"},
    "scheduled_tasks": {"name", "schedule", "time_zone"},
    # The editor will show these; today no page does.
    "script_assets": {"path", "digest", "content_type"},
    "script_blobs": {"digest"},
    "script_deployments": {"kind", "by_name"},
    "script_draft_files": {"path"},
    "script_failures": {"request_id", "method", "path", "headers", "message"},
    "script_fetch_hosts": {"hosts"},
    "script_files": {"path", "digest"},
    "script_databases": {"role", "password"},
    "script_deliveries": {"state", "problem"},
    "script_listeners": {"type", "handler"},
    "script_message_keys": {"key"},
    "script_migrations": {"name", "source", "rollback", "digest"},
    "script_messages": {"sender", "type", "data", "request_id"},
    "script_schedule_runs": {"name", "state", "started_by", "request_id", "problem"},
    "script_schedules": {"name", "kind", "cron", "time_zone", "handler", "data", "asked_by"},
    "script_graphql_names": {"kind", "name", "digest"},
    "script_log": {"level", "request_id", "route", "text", "file"},
    # Only those who listen get these.
    "script_messages_sent": {"channel", "own_id", "body"},
    # Only programs of MCP show them.
    "script_mcp_names": {"kind", "name"},
    "script_owners": {"added_by"},
    # Only its owners, whose pages tests/browser/test_editor_run.py looks at.
    "script_requests": {"name", "method", "path", "headers", "body", "saved_by"},
    "script_routes": {
        "host",
        "shape",
        "method",
        "declared_method",
        "path",
        "kind",
        "handler",
    },
    "script_secrets": {"name", "hosts", "set_by"},
    "script_sessions": {"host"},
    "script_user_roles": {"role", "granted_by"},
    "script_values": {"key", "value"},
    "script_versions": {
        "message",
        "author_name",
        "digest",
        "entry",
        "dialect",
        "registrations",
        "diagnostics",
    },
    "scripts": {"host", "page_mode", "limits"},
    "settings": {"key", "value"},
    "sign_in_attempts": {"provider", "nonce", "verifier", "redirect"},
    "sign_in_links": {"email"},
    "signing_keys": {"purpose"},
    # Only an engine of the version before writes to this one.
    "task_runs": {"task", "state", "started_by", "stopped_by", "instance", "result", "lines"},
    "timing_samples": {"kind"},
    "token_addresses": {"address"},
    "user_addresses": {"email_key", "email_verified_by"},
    "user_roles": {"role"},
    "users": {"status", "search_text"},
    # Only an engine of the version before writes to this one.
    "vacuum_runs": {"state", "started_by", "tables", "current_table", "phase", "message"},
}

COLUMNS = """
    select table_name, column_name
    from information_schema.columns
    where table_schema = 'public' and data_type in ('text', 'jsonb', 'ARRAY')
      and table_name !~ 'yoyo'
      and column_name !~ '^buckets$|_buckets$'
"""


def fill(data_directory: Path) -> list[str]:
    """Write every text into every table; the ids of the users who have them as names."""
    with (
        embedded_postgres(data_directory) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        ids = []
        for number, (key, text) in enumerate(TEXTS.items(), 1):
            row = connection.execute("select gen_random_uuid()").fetchone()
            assert row is not None
            ids.append(str(row[0]))
            for statement in ROWS:
                values = {"id": row[0], "key": key, "text": text, "number": number}
                connection.execute(statement, values)  # type: ignore[arg-type]
        _nothing_is_missing(connection)
    return ids


def fill_own(data_directory: Path, email: str) -> None:
    """Write every text into the sessions and tokens of a user."""
    with (
        embedded_postgres(data_directory) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        row = connection.execute("select id from users where email = %s", [email]).fetchone()
        assert row is not None
        for key, text in TEXTS.items():
            for statement in OWN:
                values = {"id": row[0], "key": key, "text": text}
                connection.execute(statement, values)  # type: ignore[arg-type]


def _nothing_is_missing(connection: psycopg.Connection) -> None:
    """A new column of text holds hostile text, or says that nobody else can write it."""
    missing = []
    for table, column in connection.execute(COLUMNS).fetchall():
        if column in OURS.get(table, set()):
            continue
        held = connection.execute(
            f"select 1 from {table} where {column}::text ilike '%{'W' * 60}%'"  # type: ignore[arg-type]
        )
        if held.fetchone() is None:
            missing.append(f"{table}.{column}")
    assert not missing, f"write hostile text there (ROWS), or say that it is ours (OURS): {missing}"
