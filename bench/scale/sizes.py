"""The same requests in one database that grows tenfold, and tenfold again."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import psycopg

from aiwebengine.database.ownership import ROLE, SUPERUSER
from aiwebengine.graphql.connection import LARGEST_PAGE
from bench.engines import Bench
from bench.load import Contestant, answer, race
from bench.report import Result, ratio
from bench.scale.costs import changes
from bench.scale.months import MONTHS, ROWS, month

TENFOLDS = 2
ROUNDS = 9
_FILLED = ("users", "user_addresses", "identities", "user_roles", "audit_events")
_SOMEBODY = "00000000-0000-0000-0000-00000000004d"
_CHANGE = "grantRole and revokeRole"


def _users(arguments: str = "") -> str:
    row = "id email name createdAt roles providers"
    return f"{{ users(first: 50{arguments}) {{ nodes {{ {row} }} }} }}"


def _events(wanted: str = "") -> str:
    row = "id at action actorLabel targetLabel"
    return f"{{ auditEvents(first: 50, filter: {{{wanted}}}) {{ nodes {{ {row} }} }} }}"


_READS = {
    "first page of users": _users(),
    "page far down": _users(", after: AFTER"),
    "page by name": _users(", orderBy: { field: NAME, direction: ASC }"),
    "administrators": _users(", role: ADMINISTRATOR"),
    "search, one name of 800": _users(', search: "ada hopper"'),
    "search, one person": _users(', search: "ADDRESS"'),
    "newest events": _events(),
    "events of one person": _events(f'userId: "{_SOMEBODY}"'),
    "events of a rare action": _events("actions: [ROLE_REVOKED]"),
    "search in events, one person": _events('search: "user77@example.com"'),
    "search in events, who did all": _events('search: "ada"'),
    "search in events, both": _events('search: "ada user77"'),
}
_TOTALS = {
    "totalCount, uncached": "{ users(first: 1) { totalCount } }",
    "roles with counts, uncached": "{ roles { role userCount activeUserCount } }",
}


def measure(bench: Bench) -> Result:
    """Milliseconds a request by the number of users, with as many audit events."""
    sizes = [bench.users * 10**power for power in range(TENFOLDS + 1)]
    millis: dict[str, list[float]] = {}
    bytes_of: list[int] = []
    # Only the superuser may leave out references.
    address = bench.url.replace(f"//{ROLE}@", f"//{SUPERUSER}@")
    with psycopg.connect(address, autocommit=True) as connection:
        for number, (before, size) in enumerate(pairwise([0, *sizes])):
            with _without_indexes(connection):
                if before:
                    _multiply_users(connection, number)
                _add_events(connection, before, size)
            for name, taken in _measured(bench, connection).items():
                millis.setdefault(name, []).append(taken)
            row = connection.execute("select pg_database_size(current_database())").fetchone()
            bytes_of.append(row[0] if row else 0)
    rows = [
        (name, *(f"{one:.1f}" for one in taken), ratio(taken[-1], taken[0]))
        for name, taken in millis.items()
    ]
    rows.append(
        ("size in GB", *(f"{one / 1e9:.1f}" for one in bytes_of), ratio(bytes_of[-1], bytes_of[0]))
    )
    return Result(
        "One database that grows",
        f"Milliseconds a request of the engine, one client, medians of {ROUNDS} rounds, in one"
        " database that grows; as many audit events as users, over 24 months, without their seals."
        " The embedded PostgreSQL as it comes, with 128 MB of its own.",
        ("", *(f"{size:,} users" for size in sizes), "last to first"),
        rows,
    )


def _measured(bench: Bench, connection: psycopg.Connection) -> dict[str, float]:
    uncached = bench.engine(performance__cache_size_mb=0)
    with bench.engine() as port, uncached as uncached_port:
        address = _somebody(connection)
        after = _far_down(bench, port)
        asked = {
            name: Contestant(
                port, bench.post(query.replace("ADDRESS", address).replace("AFTER", after))
            )
            for name, query in _READS.items()
        }
        totals = {
            name: Contestant(uncached_port, bench.post(query), requests=1)
            for name, query in _TOTALS.items()
        }
        figures = race({**asked, **totals}, ROUNDS)
        taken = {name: one.millis for name, one in figures.items()}
        taken[_CHANGE] = _changed(bench, port)
    return taken


def _somebody(connection: psycopg.Connection) -> str:
    """The address of somebody who came early."""
    found = connection.execute(
        "select email from users order by created_at, id offset 5 limit 1"
    ).fetchone()
    return str(found[0]) if found else ""


def _far_down(bench: Bench, port: int) -> str:
    """The cursor of the place that is the middle of the list as long as it is short."""
    after, page = "null", LARGEST_PAGE
    for _ in range(bench.users // 2 // page):
        query = f"{{ users(first: {page}, after: {after}) {{ pageInfo {{ endCursor }} }} }}"
        answered = json.loads(answer(Contestant(port, bench.post(query))))
        after = json.dumps(answered["data"]["users"]["pageInfo"]["endCursor"])
    return after


def _changed(bench: Bench, port: int) -> float:
    """Milliseconds of one change, of pairs that leave nothing behind."""
    pair = changes(bench, port)
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for change in pair:
            answer(Contestant(port, change))
        taken.append((time.perf_counter() - began) * 1_000 / 2)
    return statistics.median(taken)


@contextmanager
def _without_indexes(connection: psycopg.Connection) -> Iterator[None]:
    """Drop the indexes that only speed up reads, and build them again afterwards.

    Nor are references looked at meanwhile, row by row.
    """
    connection.execute("set session_replication_role = replica")
    indexes = connection.execute(
        """
        select indexname, indexdef from pg_indexes
        where schemaname = 'public' and tablename = any(%s)
          and indexname not in (select conname from pg_constraint)
        """,
        [list(_FILLED)],
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"drop index {name}")
    yield
    connection.execute("reset session_replication_role")
    connection.execute("set maintenance_work_mem = '1GB'")
    for _, definition in indexes:
        connection.execute(definition)
    for table in _FILLED:
        connection.execute(f"vacuum analyze {table}")
    connection.execute("checkpoint")


def _multiply_users(connection: psycopg.Connection, number: int) -> None:
    """Nine more of each, that came earlier, with addresses that no other *number* gives."""
    connection.execute(
        f"""
        create temporary table more as
        select gen_random_uuid() as id, u.id as of, name,
          '{number}' || n || '.' || email as email,
          created_at - n * interval '7 minutes' as created_at
        from users u, generate_series(1, 9) n
        """
    )
    connection.execute(
        "insert into users (id, email, name, created_at, updated_at)"
        " select id, email, name, created_at, created_at from more"
    )
    connection.execute(
        "insert into user_addresses (email_key, user_id, email_verified_at, email_verified_by)"
        " select lower(email), id, created_at, 'google' from more"
    )
    connection.execute(
        "insert into identities (provider, subject, user_id, email, email_verified, created_at,"
        " address_proved_at)"
        " select i.provider, cast(more.id as text), more.id, more.email, true, more.created_at,"
        " more.created_at"
        " from identities i join more on more.of = i.user_id"
    )
    # No more administrators: a thousand times as many would be another list.
    connection.execute(
        "insert into user_roles (user_id, role, granted_at, granted_by)"
        " select more.id, r.role, more.created_at, r.granted_by"
        " from user_roles r join more on more.of = r.user_id where r.role = 'Editor'"
    )
    connection.execute("drop table more")


def _add_events(connection: psycopg.Connection, first: int, end: int) -> None:
    connection.execute(
        ROWS.format(table="audit_events"),
        {"first": month(0), "last": month(MONTHS), "events": end, "from": first, "to": end - 1},
    )
