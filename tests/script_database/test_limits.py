"""What one script may use of its database, and what a lost connection leaves."""

import asyncio

import pytest

from aiwebengine.core.errors import BadUserInput, EngineError, LimitExceeded, Unavailable
from aiwebengine.database.restricted import LONGEST_PREPARED, SqlConflict, SqlError
from aiwebengine.database.restricted_pool import RestrictedPool
from aiwebengine.script_database import limits, statements
from aiwebengine.script_database.operations import ModuleOperations, TooManyRows
from aiwebengine.script_database.statements import Statement, statement
from aiwebengine.script_database.transaction import TransactionOver
from aiwebengine.script_database.values import UnfitParameter, arguments

CANCELLED = "57014"


async def test_a_result_that_is_too_long_ends_its_connection_only(script):
    with pytest.raises(LimitExceeded, match="more than"):
        await script.run("select repeat('x', 1000) from generate_series(1, 20000)")

    assert await script.rows("select 1 as one") == [{"one": 1}]


async def test_one_value_that_is_too_long_is_not_kept(script):
    with pytest.raises(LimitExceeded):
        await script.run(f"select repeat('x', {limits.MOST_RESULT_BYTES + 1})")


async def test_no_more_rows_than_asked_for_are_read(script):
    result = await script.run("select generate_series(1, 100000000)", most=10)

    assert (len(result.rows), result.is_cut) == (10, True)
    assert issubclass(TooManyRows, LimitExceeded)


@pytest.mark.parametrize("most", [-1, limits.MOST_ROWS + 1, 2**31, 2**62])
async def test_a_process_asks_for_no_more_rows_than_are_allowed(most):
    with pytest.raises(BadUserInput, match="most_rows: found"):
        await ModuleOperations(None).query(None, "select 1", [], most)


async def test_long_statements_are_not_kept(script):
    """Each has up to 100,000 characters, in the engine and in the server."""
    before = statements._remembered.cache_info().currsize
    for number in range(3):
        assert await script.rows(f"select /* {'ä' * 50_000} */ {number} as n") == [{"n": number}]

    work = script.work()
    await work.begin()
    kept = work.transaction(1).connection._prepared
    count = Statement("select count(*) from pg_prepared_statements", "select")
    prepared = (await work.run(count, arguments([]), 1, 1)).rows[0][0]
    await work.end(False)
    assert max(map(len, kept)) <= LONGEST_PREPARED
    assert prepared <= 3
    assert statements._remembered.cache_info().currsize == before


async def test_no_more_transactions_than_allowed_begin_at_once(script):
    work = script.work()

    begun = await asyncio.gather(*(work.begin() for _ in range(4)), return_exceptions=True)
    await work.end(False)

    assert [isinstance(one, BadUserInput) for one in begun] == [False, False, True, True]


async def test_a_returning_clause_changes_all_rows_although_it_is_cut(script):
    await script.run("create table t (n int)")

    await script.run("insert into t select generate_series(1, 100) returning n", most=10)

    assert await script.rows("select count(*) from t") == [{"count": 100}]


async def test_tables_that_are_too_large_get_no_more_rows(script, monkeypatch):
    monkeypatch.setattr("aiwebengine.script_database.sizes.SIZE_SECS", -1.0)
    await script.run("create table t (text text)")
    await script.run("insert into t select repeat('x', 100) from generate_series(1, 10000)")
    monkeypatch.setattr("aiwebengine.script_database.sizes.MOST_SCHEMA_BYTES", 100_000)

    for sql in ("insert into t values ('x')", "with a as (select 1) insert into t select 'x'"):
        with pytest.raises(LimitExceeded, match="The script's tables have 1 MB"):
            await script.run(sql)

    work = script.work()
    number = await work.begin()
    with pytest.raises(LimitExceeded):
        await work.run(statement("insert into t values ('x')"), arguments([]), 1, number)
    await work.end(True)
    assert await script.rows("select count(*) from t") == [{"count": 10_000}]
    await script.run("truncate t")
    await script.run("insert into t values ('x')")


async def test_a_statement_that_takes_too_long_is_cancelled(script, monkeypatch):
    monkeypatch.setattr("aiwebengine.script_database.connections.STATEMENT_SECS", 0.2)

    with pytest.raises(SqlError, match="took too long") as caught:
        await script.unchecked("select pg_sleep(60)")

    assert caught.value.state == CANCELLED
    with pytest.raises(SqlError):
        await script.run(
            "with recursive t as (select 1 as n union all select n + 1 from t) select max(n) from t"
        )


async def test_a_transaction_that_takes_too_long_is_rolled_back(script):
    await script.run("create table t (n int)")
    work = script.work()
    number = await work.begin(0.2)
    await work.run(statement("insert into t values (1)"), arguments([]), 1, number)
    transaction = work.transaction(number)
    async with asyncio.timeout(30):
        while transaction.is_open:
            await asyncio.sleep(0.01)

    with pytest.raises(TransactionOver, match=r"longer than 0\.2 s"):
        await work.run(statement("select 1"), arguments([]), 1, number)

    await work.end(True)
    assert await script.rows("select * from t") == []


async def test_waiting_for_a_lock_ends(script, monkeypatch):
    monkeypatch.setattr("aiwebengine.script_database.connections.LOCK_SECS", 0.2)
    await script.run("create table t (n int)")
    holder, other = script.work(), script.work()
    number = await holder.begin()
    await holder.run(statement("alter table t add column m int"), arguments([]), 1, number)

    with pytest.raises(SqlConflict, match="lock"):
        await other.run(statement("select * from t"), arguments([]), 1, None)

    await holder.end(True)
    assert await script.rows("select * from t") == []


async def test_a_script_has_a_few_connections_and_others_wait(script, connections):
    async def one(number):
        (row,) = await script.rows("select $1::int as number", number)
        return row["number"]

    assert await asyncio.gather(*map(one, range(50))) == list(range(50))
    assert connections.size <= limits.CONNECTIONS_OF_SCRIPT


async def test_waiting_too_long_for_a_connection_is_an_error(script, connections):
    works = [script.work() for _ in range(limits.CONNECTIONS_OF_SCRIPT)]
    for work in works:
        await work.begin()

    connections._pool._acquire_secs = 0.05
    with pytest.raises(Unavailable, match="No connection"):
        await script.run("select 1")
    connections._pool._acquire_secs = limits.ACQUIRE_SECS

    for work in works:
        await work.end(True)
    assert await script.rows("select 1 as one") == [{"one": 1}]


async def test_the_server_limits_the_connections_of_a_role(script, db):
    await script.run("select 1")

    found = await db.value(
        "select rolconnlimit from pg_roles where rolname = :role", role=script.role
    )
    assert found == limits.CONNECTIONS_OF_ROLE


async def test_idle_connections_of_one_make_room_for_another(script, other, connections):
    connections._pool._most = 1

    await script.run("select 1")
    await other.run("select 1")
    await script.run("select 1")

    assert connections.size == 1


async def test_all_wait_in_turn_when_one_connection_is_for_all(script, other, connections):
    connections._pool._most = 1

    done = await asyncio.gather(
        *(one.rows("select 1 as one") for _ in range(20) for one in (script, other))
    )

    assert done == [[{"one": 1}]] * 40


async def test_a_pool_closes_what_is_idle_for_long(script, connections):
    pool: RestrictedPool = connections._pool
    pool._idle_secs = 0.05

    await script.run("select 1")

    async with asyncio.timeout(30):
        while connections.size:
            await asyncio.sleep(0.01)
    assert await script.rows("select 1 as one") == [{"one": 1}]


async def test_a_connection_that_the_server_ended_is_replaced(script, db):
    await script.run("create table t (n int)")
    await db.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = :role",
        role=script.role,
    )

    assert await script.rows("select * from t") == []


async def test_a_lost_transaction_is_rolled_back_and_says_so(script, db):
    await script.run("create table t (n int)")
    work = script.work()
    number = await work.begin()
    await work.run(statement("insert into t values (1)"), arguments([]), 1, number)
    await db.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = :role",
        role=script.role,
    )

    with pytest.raises(EngineError):
        await work.commit(number)

    await work.end(True)
    assert await script.rows("select * from t") == []


async def test_a_changed_table_is_seen_by_prepared_statements(script):
    await script.run("create table t (n int)")
    await script.run("insert into t values (1)")
    assert await script.rows("select * from t") == [{"n": 1}]

    await script.run("alter table t add column m text default 'x'")

    assert await script.rows("select * from t") == [{"n": 1, "m": "x"}]


async def test_a_committed_transaction_with_an_error_says_that_it_was_rolled_back(script):
    await script.run("create table t (n int primary key)")
    work = script.work()
    number = await work.begin()
    insert = statement("insert into t values (1)")
    await work.run(insert, arguments([]), 1, number)
    with pytest.raises(SqlConflict):
        await work.run(insert, arguments([]), 1, number)

    with pytest.raises(TransactionOver, match="nothing was committed"):
        await work.commit(number)

    assert await script.rows("select * from t") == []


async def test_a_trial_sees_its_changes_and_leaves_none(script):
    trial = script.work(is_trial=True)

    async def run(sql, number=None):
        return await trial.run(statement(sql), arguments([]), 10, number)

    await run("create table t (n int primary key)")
    await run("insert into t values (1)")
    with pytest.raises(SqlConflict):
        await run("insert into t values (1)")
    number = await trial.begin()
    await run("insert into t values (2)", number)
    await trial.roll_back(number)
    number = await trial.begin()
    await run("insert into t values (3)", number)
    await trial.commit(number)
    seen = await run("select n from t order by n")
    await trial.end(True)

    assert [row["n"] for row in seen.rows] == [1, 3]
    assert await script.rows(
        "select to_char(count(*), '9') from information_schema.tables where table_name = 't'"
    ) == [{"to_char": " 0"}]


@pytest.mark.parametrize(
    "sql",
    [
        "set statement_timeout = 0",
        "set search_path = public",
        "select set_config('statement_timeout', '0', false)",
        "prepare p as select 1",
        "listen audit_events",
        "declare c cursor with hold for select 1",
        "select pg_advisory_lock(1)",
        "create temp table users (id int)",
        "begin",
    ],
)
async def test_a_session_with_something_left_is_not_used_again(sql, script):
    """The checks refuse these; a connection that is not clean is closed."""
    connections, key = script.connections, str(script.id)
    acquired = await connections.acquire(key)
    await acquired.command(sql)

    connections.release(key, acquired, is_clean=False)
    following = await connections.acquire(key)

    assert following is not acquired
    connections.release(key, following)
    timeout, path = (
        await script.unchecked(
            "select current_setting('statement_timeout'), current_setting('search_path')"
        )
    ).rows[0]
    assert (timeout, path) == ("5s", script.role)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int4", "x"),
        ("int4", 1.5),
        ("int4", 1 << 40),
        ("int4", True),
        ("int8", "9" * 5_000),
        ("bool", 1),
        ("timestamptz", "yesterday"),
        ("timestamptz", 5),
        ("bytea", "\\xzz"),
        ("int4[]", 1),
        ("int4[]", [["x"]]),
        ("uuid", "no"),
        ("numeric", "a"),
        ("date", "2026-02-30"),
    ],
)
async def test_unfit_parameters_are_refused(kind, value, script):
    with pytest.raises(EngineError) as caught:
        await script.run(f"select $1::{kind}", value)

    assert caught.value.code == "BAD_USER_INPUT"
    if kind not in ("uuid", "numeric"):
        assert isinstance(caught.value, UnfitParameter)
    assert await script.rows("select 1 as one") == [{"one": 1}]
