"""What a run needs of the database: people to change, cursors, a clean state between turns."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg

from bench.load import NotMeasured
from bench.peers.answers import ask
from bench.peers.workloads import NEXT

CHANGED_PEOPLE = 200
PAGE_ROWS = 50
STEP_ROWS = 200
QUIET_SECS = 30.0

_BUSY = """
  select string_agg(left(query, 100), '; ') from pg_stat_activity
  where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()
"""


def people(url: str) -> list[str]:
    """The oldest users without a role: changing them changes no response of the lists."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            """
            select u.id from users u
            where not exists (select from user_roles r where r.user_id = u.id)
            order by u.created_at, u.id limit %s
            """,
            (CHANGED_PEOPLE,),
        ).fetchall()
    return [str(row[0]) for row in rows]


def reset(url: str, changed: Sequence[str]) -> None:
    """Take from *changed* what the turn before may have left, with what waits for a seal."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "delete from user_roles where user_id = any(cast(%s as uuid[]))", (list(changed),)
        )
        # Sealing the events of the others would burden the engine alone.
        connection.execute("delete from audit_unsealed")


def await_quiet(url: str) -> None:
    """Return once nobody is in a transaction. Raises NotMeasured when that does not come."""
    end = time.monotonic() + QUIET_SECS
    while open_ones := transactions(url):
        if time.monotonic() > end:
            raise NotMeasured(f"A transaction is not over after {QUIET_SECS:g} s: {open_ones}")
        time.sleep(0.02)


def transactions(url: str) -> str | None:
    """What those who are in a transaction last asked; None when nobody is."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(_BUSY).fetchone()
    return None if row is None else row[0]


def settle(url: str) -> None:
    """Clear up after the changes, so that the next turn finds tables as the first one did."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze users, user_roles, audit_events, audit_unsealed")
        connection.execute("checkpoint")


def events(url: str) -> int:
    """The number of role changes in the trail."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from audit_events where action in ('role.granted', 'role.revoked')"
        ).fetchone()
    return 0 if row is None else int(row[0])


def far_page(users: int) -> int:
    """Page 10,000, or the middle of a shorter list."""
    return min(10_000, users // PAGE_ROWS // 2)


def cursor_before(port: int, token: str, page: int, document: str = NEXT) -> str:
    """The contestant's own cursor before this page of fifty, reached by paging through the list."""
    after = None
    for _ in range((page - 1) * PAGE_ROWS // STEP_ROWS):
        after = ask(port, token, (document, {"after": after}))["users"]["pageInfo"]["endCursor"]
    if after is None:
        raise NotMeasured(f"Page {page} has no page of {STEP_ROWS} before it.")
    return str(after)
