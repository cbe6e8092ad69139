"""The audit trail in one table, and the same trail with a partition a month."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg

from bench.engines import Bench
from bench.report import Result, ratio

MONTHS = 24
ROUNDS = 9
TABLES = ("scale_whole", "scale_months")
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)
_COLUMNS = "action, actor_kind, actor_id, actor_label, target_type, target_id, target_label, door"
# A thousand people change each other; one request in a million is looked for.
ROWS = f"""
  insert into {{table}} (at, {_COLUMNS}, request_id)
  select %(first)s + (%(last)s - %(first)s) * (n / cast(%(events)s as float)),
    case when n %% 5000 = 0 then 'role.revoked' else 'role.granted' end, 'user',
    cast(lpad(to_hex(n %% 1000), 32, '0') as uuid), 'ada@example.com', 'user',
    cast(lpad(to_hex(n %% 100003), 32, '0') as uuid), 'user' || n %% 100003 || '@example.com',
    'graphql', 'request-' || n
  from generate_series(cast(%(from)s as bigint), %(to)s) n
"""
_QUERIES = {
    "newest 50": "select * from {table} order by at desc, id desc limit 50",
    "newest 50 of one person": "select * from {table}"
    " where target_id = cast(lpad(to_hex(77), 32, '0') as uuid) order by at desc, id desc limit 50",
    "newest 50 of a rare action": "select * from {table} where action = 'role.revoked'"
    " order by at desc, id desc limit 50",
    "count of one month": "select count(*) from {table}"
    " where at >= '2025-03-01' and at < '2025-04-01'",
    "one request, time unknown": "select * from {table} where request_id = 'request-500001'",
}


def measure(bench: Bench, events: int) -> Result:
    """Milliseconds for reading, adding and giving up the oldest month, in both layouts."""
    with psycopg.connect(bench.url, autocommit=True) as connection:
        connection.execute("set max_parallel_workers_per_gather = 0")
        try:
            _make(connection, events)
            rows = [_read(connection, name, query) for name, query in _QUERIES.items()]
            rows.append(_row("1,000 events more", [_added(connection, one) for one in TABLES]))
            rows.append(_row("the oldest month goes", _gone(connection)))
        finally:
            for table in TABLES:
                connection.execute(f"drop table if exists {table}")
    return Result(
        "Audit events by month",
        f"{events:,} events over {MONTHS} months, with the indexes of `audit_events`; medians of"
        f" {ROUNDS} rounds, layouts in turn. In one table the oldest month is deleted and vacuumed;"
        " a partition is dropped.",
        ("", "one table, ms", "24 partitions, ms", "ratio"),
        rows,
    )


def _make(connection: psycopg.Connection, events: int) -> None:
    whole, parts = TABLES
    connection.execute(f"create table {whole} (like audit_events including all)")
    connection.execute(
        f"create table {parts} (like audit_events including defaults including identity"
        " including generated) partition by range (at)"
    )
    for number in range(MONTHS):
        connection.execute(
            f"create table {parts}_{number} partition of {parts}"
            f" for values from ('{month(number)}') to ('{month(number + 1)}')"
        )
    connection.execute(f"alter table {parts} add primary key (at, id)")
    for (definition,) in connection.execute(
        "select indexdef from pg_indexes where tablename = 'audit_events'"
        " and indexdef not like 'CREATE UNIQUE%'"
    ).fetchall():
        _, _, what = definition.partition(" USING ")
        connection.execute(f"create index on {parts} using {what}")
    span = {"first": month(0), "last": month(MONTHS), "events": events}
    for table in TABLES:
        connection.execute(ROWS.format(table=table), {**span, "from": 0, "to": events - 1})
        connection.execute(f"vacuum analyze {table}")


def _read(connection: psycopg.Connection, name: str, query: str) -> tuple[str, ...]:
    took: dict[str, list[float]] = {table: [] for table in TABLES}
    for table in TABLES:
        connection.execute(query.format(table=table)).fetchall()
    for _ in range(ROUNDS):
        for table in TABLES:
            began = time.perf_counter()
            connection.execute(query.format(table=table)).fetchall()
            took[table].append((time.perf_counter() - began) * 1_000)
    return _row(name, [statistics.median(took[table]) for table in TABLES])


def _added(connection: psycopg.Connection, table: str) -> float:
    span = {"first": month(MONTHS - 1), "last": month(MONTHS), "events": 1_000}
    began = time.perf_counter()
    connection.execute(ROWS.format(table=table), {**span, "from": 0, "to": 999})
    return (time.perf_counter() - began) * 1_000


def _gone(connection: psycopg.Connection) -> Sequence[float]:
    whole, parts = TABLES
    began = time.perf_counter()
    connection.execute(f"delete from {whole} where at < '{month(1)}'")
    connection.execute(f"vacuum {whole}")
    deleted = time.perf_counter()
    connection.execute(f"drop table {parts}_0")
    return (deleted - began) * 1_000, (time.perf_counter() - deleted) * 1_000


def month(number: int) -> datetime:
    """The beginning of a month of the trail, counted from 0."""
    return _FIRST.replace(year=_FIRST.year + number // 12, month=1 + number % 12)


def _row(name: str, millis: Sequence[float]) -> tuple[str, ...]:
    whole, parts = millis
    return name, f"{whole:.2f}", f"{parts:.2f}", ratio(parts, whole)
