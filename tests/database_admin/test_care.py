"""The state of the database, as shown for a real one that was brought into that state."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import operator
from aiwebengine.database_admin.activity_types import StatementsSource
from aiwebengine.database_admin.service import DatabaseAdmin

ROOT = operator("root")
# Far above what is waited for; only a machine in trouble needs it.
PATIENCE_SECS = 30


@pytest.fixture
def care(engine):
    return engine.services.database_admin


@pytest.fixture
def other(url):
    """A connection of somebody else, as psql has one."""
    with psycopg.connect(url, application_name="psql") as connection:
        yield connection


async def until(ask, found):
    """Ask again until what comes is as wanted."""
    async with asyncio.timeout(PATIENCE_SECS):
        while not found(told := await ask()):
            await asyncio.sleep(0.05)
    return told


async def test_all_of_it_is_one_query(ask, ada):
    answer = await ask(
        ada,
        """{ database {
          version startedAt sizeBytes statsSince
          growth(days: 30) { at sizeBytes }
          tables(first: 200) { name estimatedRows sizeBytes indexBytes deadRows lastVacuumAt
            lastAutovacuumAt lastAnalyzeAt lastAutoanalyzeAt }
          indexes { name table sizeBytes scans isUnique isUnused isValid bloatBytes definition }
          connections { used maximum reserved groups { state application userName count
            longestSeconds } }
          transactions { pid statement } locks { mode waiting { pid } holders { pid } }
          statements { source howToEnable slowest { statement calls meanMs longestMs totalMs } }
          lastVacuum { id state } vacuums { pid table phase percent isAutomatic }
        } }""",
    )

    assert "errors" not in answer
    told = answer["data"]["database"]
    assert told["version"][0].isdigit()
    assert {"users", "audit_events"} < {table["name"] for table in told["tables"]}
    assert {index["table"] for index in told["indexes"]} <= {one["name"] for one in told["tables"]}
    assert told["lastVacuum"] is None


async def test_a_part_that_is_not_asked_for_is_not_read(engine, ask, ada):
    ran = []
    engine.db.observers.append(lambda statement: ran.append(statement.sql))

    await ask(ada, "{ database { version } }")

    assert len(ran) == 1


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("tables(first: 0) { name }", "first: found 0; allowed: 1 to 200."),
        ("indexes(first: 201) { name }", "first: found 201"),
        ("growth(days: 401) { at }", "days: found 401; allowed: 1 to 400."),
        ("transactions(olderThanSeconds: -1) { pid }", "olderThanSeconds: found -1"),
        ("locks(first: -1) { mode }", "first: found -1"),
        ("statements(first: 1000) { source }", "first: found 1000"),
    ],
)
async def test_a_number_out_of_bounds_is_refused(ask, ada, part, told):
    answer = await ask(ada, f"{{ database {{ {part} }} }}")

    error = answer["errors"][0]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert told in error["message"]


async def test_the_size_is_recorded_once_an_hour_for_all_instances(engine, care):
    await asyncio.gather(*(care.sample_size() for _ in range(10)))

    assert await engine.db.value("select count(*) from database_sizes") == 1
    assert (await care.growth(ROOT, 1))[0].size_bytes > 1_000_000


async def test_growth_is_by_the_hour_for_a_week_and_by_the_day_beyond(engine, care):
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for hours in range(24 * 30):
        await engine.db.execute(
            "insert into database_sizes values (:hour, :size)",
            hour=now - timedelta(hours=hours),
            size=10_000_000 - hours,
        )

    hourly, daily = await care.growth(ROOT, 2), await care.growth(ROOT, 20)

    assert [one.size_bytes for one in hourly] == list(range(10_000_000 - 47, 10_000_001))
    # Twenty times 24 hours end on one more date, except from 23:00 on.
    oldest = now - timedelta(days=20) + timedelta(hours=1)
    days = (now.date() - oldest.date()).days + 1
    assert [one.at.date() for one in daily] == [
        oldest.date() + timedelta(days=number) for number in range(days)
    ]
    assert daily[-1].size_bytes == 10_000_000
    # Of a day that is over, the last hour counts.
    assert daily[-2].at.hour == 23


async def test_sizes_that_are_too_old_to_be_shown_are_forgotten(engine, care):
    await engine.db.execute(
        "insert into database_sizes values (now() - interval '401 days', 1),"
        " (now() - interval '399 days', 2)"
    )

    await care.sample_size()

    assert await engine.db.value("select min(size_bytes) from database_sizes") == 2


@pytest.mark.newest
async def test_row_counts_are_estimates_and_dead_rows_are_shown(engine, care):
    await engine.db.execute("create table things (id bigint primary key, name text)")
    await engine.db.execute(
        "insert into things select n, 'thing ' || n from generate_series(1, 20000) n"
    )
    await engine.db.maintain("analyze things")
    async with engine.db.transaction():
        await engine.db.execute("delete from things where id % 4 = 0")
        await engine.db.execute("select pg_stat_force_next_flush()")

    (things,) = [one for one in await care.tables(ROOT, 200) if one.name == "things"]

    assert things.estimated_rows == 20_000
    assert things.dead_rows == 5_000
    assert things.size_bytes > 800_000
    assert things.index_bytes > 400_000
    assert things.last_analyze_at is not None
    assert things.last_vacuum_at is None


async def test_a_table_lock_does_not_block_the_list_of_tables(care, engine, other):
    await engine.db.maintain("vacuum analyze")
    other.execute("lock table users, audit_events in access exclusive mode")

    async with asyncio.timeout(PATIENCE_SECS):
        tables, indexes = await care.tables(ROOT, 200), await care.indexes(ROOT, 200)
        info = await care.info(ROOT)

    assert {"users", "audit_events"} < {one.name for one in tables}
    assert "users" in {one.table for one in indexes}
    assert info.size_bytes > 0


async def test_an_index_that_lost_most_of_its_rows_is_mostly_air(engine, care):
    await engine.db.execute(
        "create table things (id bigint primary key, name text, n bigint, spare bigint)"
    )
    await engine.db.execute("create index by_name on things (name, n)")
    await engine.db.execute("create index by_expression on things (lower(name))")
    await engine.db.execute(
        "create index by_words on things using gin (to_tsvector('simple', name))"
    )
    await engine.db.execute(
        "insert into things select n, 'thing ' || n, n, n from generate_series(1, 50000) n"
    )
    await engine.db.maintain("vacuum analyze things")

    async def air():
        found = await care.indexes(ROOT, 200)
        return {
            one.name: None if one.bloat_bytes is None else one.bloat_bytes / one.size_bytes
            for one in found
            if one.table == "things"
        }

    fresh = await air()
    await engine.db.execute("delete from things where id % 10 <> 0")
    await engine.db.maintain("vacuum analyze things")
    spoilt = await air()

    # A B-tree that grew by ascending keys is as full as one that was built at once.
    assert fresh["things_pkey"] < 0.2
    assert all(fresh[name] < 0.6 for name in ("by_name", "by_expression"))
    assert all(spoilt[name] > 0.8 for name in ("things_pkey", "by_name", "by_expression"))
    assert fresh["by_words"] is None


async def test_an_index_is_unused_until_it_is_used_unless_it_keeps_a_rule(engine, care):
    await engine.db.execute("create table things (id bigint primary key, name text)")
    await engine.db.execute("create index by_name on things (name)")
    await engine.db.execute("insert into things select n, n from generate_series(1, 5000) n")
    await engine.db.maintain("analyze things")

    async def index(name):
        return next(one for one in await care.indexes(ROOT, 200) if one.name == name)

    before, rule = await index("by_name"), await index("things_pkey")
    async with engine.db.transaction():
        await engine.db.execute("set local enable_seqscan = off")
        await engine.db.all("select * from things where name = '7'")
    after = await until(lambda: index("by_name"), lambda found: found.scans)

    assert (before.is_unused, before.scans) == (True, 0)
    assert (rule.is_unused, rule.is_unique) == (False, True)
    assert not after.is_unused
    assert "USING btree (name)" in after.definition


async def test_an_invalid_index_is_reported(engine, care, url):
    await engine.db.execute("create table things (name text)")
    await engine.db.execute("insert into things values ('same'), ('same')")
    with (
        psycopg.connect(url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        connection.execute("create unique index concurrently broken on things (name)")

    found = {one.name: one.is_valid for one in await care.indexes(ROOT, 200)}

    assert found["broken"] is False
    assert found["users_pkey"] is True


async def test_connections_are_counted_by_what_they_do(care, other, url):
    other.execute("select 1")
    with psycopg.connect(url, application_name="psql", autocommit=True) as idle:
        idle.execute("select 1")
        found = await care.connections(ROOT)

    psql = {group.state: group.count for group in found.groups if group.application == "psql"}
    assert psql == {"idle in transaction": 1, "idle": 1}
    assert found.used >= sum(group.count for group in found.groups)
    assert (found.maximum, found.reserved) == (200, 3)


async def test_an_idle_transaction_is_shown_without_its_values(care, other):
    other.execute("select 'secret@example.com', 4711")

    found = await care.transactions(ROOT, 50, 0)
    late = await care.transactions(ROOT, 50, 600)

    (mine,) = [one for one in found if one.application == "psql"]
    assert mine.statement == "select ?, ?"
    assert (mine.pid, mine.state) == (other.info.backend_pid, "idle in transaction")
    assert mine.transaction_seconds >= 0
    assert late == []


async def test_waiting_sessions_are_shown_with_their_blockers(care, engine, other, url):
    await engine.db.execute("create table things (id bigint primary key, name text)")
    await engine.db.execute("insert into things values (1, 'a')")
    other.execute("update things set name = 'held' where id = 1")
    async with await psycopg.AsyncConnection.connect(url, application_name="late") as late:
        waiting = asyncio.create_task(late.execute("update things set name = 'x' where id = 1"))
        found = await until(lambda: care.locks(ROOT, 50), bool)
        other.rollback()
        await waiting

    (lock,) = found
    assert lock.waiting.application == "late"
    assert lock.waiting.statement == "update things set name = ? where id = ?"
    assert [holder.pid for holder in lock.holders] == [other.info.backend_pid]
    assert lock.holders[0].statement == "update things set name = ? where id = ?"
    assert lock.mode == "ShareLock"
    assert await care.locks(ROOT, 50) == []


async def test_waiting_for_a_table_names_the_table(care, other, url):
    other.execute("lock table users in access exclusive mode")
    async with await psycopg.AsyncConnection.connect(url) as late:
        waiting = asyncio.create_task(late.execute("select count(*) from users"))
        (lock,) = await until(lambda: care.locks(ROOT, 50), bool)
        other.rollback()
        await waiting

    assert (lock.table, lock.mode) == ("users", "AccessShareLock")


@dataclass
class Figures:
    """What `database/slow.py` keeps of a statement."""

    sql: str
    count: int
    total_secs: float
    longest_secs: float


@pytest.mark.newest
async def test_where_nobody_counts_statements_that_is_said(engine):
    found = await DatabaseAdmin(engine.db, engine.services.audit).statements(ROOT, 10)

    assert (found.source, found.slowest) == (StatementsSource.NONE, [])
    # The embedded server comes without it.
    assert "comes without pg_stat_statements" in found.how_to_enable


async def test_own_statistics_are_the_fallback_slowest_on_average_first(engine):
    often = Figures("select often", 1_000, 2.0, 0.01)
    rare = Figures("select rare", 2, 1.0, 0.9)
    care = DatabaseAdmin(engine.db, engine.services.audit, lambda most: [often, rare][:most])

    found = await care.statements(ROOT, 1)

    assert (found.source.name, found.slowest[0].statement) == ("OWN", "select rare")
    assert (found.slowest[0].mean_ms, found.slowest[0].longest_ms) == (500.0, 900.0)


async def test_what_postgresql_counts_is_shown_where_it_counts(engine, care, server):
    """The embedded server lacks the extension: its view and its setting stand for it here."""
    await engine.db.execute(
        """
        create view pg_stat_statements as
        select (select oid from pg_database where datname = current_database()) as dbid,
          query, calls, cast(mean as float8) as mean_exec_time, 9.5 :: float8 as max_exec_time,
          mean * calls as total_exec_time
        from (values ('select $1', 10 :: bigint, 1.0 :: float8),
          ('grant x to ''y''', 2, 8.0)) as counted (query, calls, mean)
        """
    )
    name = await engine.db.value("select current_database()")
    await asyncio.to_thread(
        server.run, f'alter database {name} set "pg_stat_statements.max" = 5000'
    )
    await engine.db.disconnect()
    await engine.db.connect()

    found = await care.statements(ROOT, 10)

    assert (found.source.name, found.how_to_enable) == ("PG_STAT_STATEMENTS", None)
    assert [(one.statement, one.calls) for one in found.slowest] == [
        ("grant x to ?", 2),
        ("select $1", 10),
    ]


async def test_bounds_are_checked_in_the_service(care):
    with pytest.raises(BadUserInput, match="first: found 0"):
        await care.tables(ROOT, 0)
