"""Tables of an author who wants to harm those who look at them."""

import asyncio
from contextlib import suppress

import pytest

from aiwebengine.core.errors import BadUserInput, NotFound, Unavailable
from aiwebengine.database.restricted import SqlError
from aiwebengine.script_tables import sessions
from aiwebengine.script_tables.types import ColumnValue, Filter, Operator

READ_ONLY = "25006"
FORBIDDEN = "42501"
SLEEPING = (
    "select count(*) from pg_stat_activity"
    " where wait_event = 'PgSleep' and datname = current_database()"
)


async def read(tables, viewer, table, *filters):
    return await tables.page(viewer, "notes", table, filters, None, None, 10)


async def test_reading_writes_nothing(tables, define, edith, engine, notes):
    await define(
        "create table own (id int primary key)",
        "create function writes() returns int language sql as"
        " 'insert into own select count(*) from own returning id'",
        "create view bad as select writes() as id",
    )

    with pytest.raises(SqlError) as caught:
        await read(tables, edith, "bad")

    assert caught.value.state == READ_ONLY
    assert (await read(tables, edith, "own")).rows == []


async def test_a_function_can_not_end_the_read_only_transaction(tables, define, edith):
    await define(
        "create table own (id int primary key)",
        "create function ends(command text) returns int language plpgsql as"
        " 'begin execute command; insert into own values (1); return 1; end'",
    )
    for command in (
        "set transaction read write",
        "set transaction_read_only = off",
        "commit",
        "rollback; begin",
    ):
        await define(f"create or replace view bad as select ends($${command}$$) as id")
        with pytest.raises(BadUserInput):
            await read(tables, edith, "bad")

    assert (await read(tables, edith, "own")).rows == []


async def test_a_view_that_sleeps_is_cancelled(tables, define, edith):
    await define(
        "create table own (id int primary key)",
        "create view slow as select 1 as id from pg_sleep(600)",
        "create function unlimited() returns int language plpgsql as $$ begin"
        " perform set_config('statement_timeout', '0', false); perform pg_sleep(600); return 1;"
        " end $$",
        "create view slower as select unlimited() as id",
    )

    for name in ("slow", "slower"):
        with pytest.raises(SqlError, match="took too long"):
            await read(tables, edith, name)

    assert (await read(tables, edith, "own")).rows == []


async def test_one_reader_at_a_time_leaves_the_connections_to_the_script(
    tables, define, edith, notes, monkeypatch
):
    await define("create table own (id int primary key)")
    monkeypatch.setattr(sessions, "WAIT_SECS", 0.1)

    async with tables._sessions.reading(notes.key):
        with pytest.raises(Unavailable, match="Somebody else"):
            await read(tables, edith, "own")
        await define("insert into own values (1)")

    assert len((await read(tables, edith, "own")).rows) == 1


async def test_a_reader_who_leaves_leaves_nothing_running(tables, define, edith, engine):
    await define("create view slow as select 1 as id from pg_sleep(600)")
    reading = asyncio.create_task(read(tables, edith, "slow"))
    async with asyncio.timeout(60):
        while not await engine.db.value(SLEEPING) and not reading.done():
            await asyncio.sleep(0.02)
        reading.cancel()
        with suppress(asyncio.CancelledError, SqlError):
            await reading
        while await engine.db.value(SLEEPING):
            await asyncio.sleep(0.02)

    assert [one.name for one in await tables.all(edith, "notes")] == ["slow"]


@pytest.mark.parametrize("deferred", ["", "deferrable initially deferred"])
async def test_a_slow_trigger_holds_no_connection_of_the_engine(
    tables, define, edith, engine, deferred
):
    await define(
        "create table own (id int primary key)",
        "create function sleeps() returns trigger language plpgsql as"
        " 'begin perform pg_sleep(600); return null; end'",
        f"create constraint trigger sleeps after insert on own {deferred}"
        " for each row execute function sleeps()",
    )
    inserting = asyncio.create_task(tables.insert(edith, "notes", "own", [ColumnValue("id", "1")]))
    async with asyncio.timeout(60):
        while not await engine.db.value(SLEEPING) and not inserting.done():
            await asyncio.sleep(0.02)

        while engine.db.pool_stats().in_use:
            assert not inserting.done()
            await asyncio.sleep(0.02)
        assert not inserting.done()
        with pytest.raises(SqlError, match="took too long"):
            await inserting

    assert (await read(tables, edith, "own")).rows == []


async def test_what_is_out_of_reach_for_the_script_is_out_of_reach_here(
    tables, define, edith, engine, emma
):
    other = await engine.services.scripts.create(emma, "other")
    await define("create table secrets (text text primary key)", script=other)
    await define(
        "create view stolen as select * from public.users",
        "create view passwords as select * from public.script_databases",
        "create function theirs() returns text language plpgsql as $$ begin"
        f" return (select text from script_{other.key.hex}.secrets); end $$",
        "create view neighbour as select theirs() as text",
    )

    for name in ("stolen", "passwords", "neighbour"):
        with pytest.raises(SqlError) as caught:
            await read(tables, edith, name)
        assert caught.value.state == FORBIDDEN
    for name in ("secrets", f"script_{other.key.hex}.secrets", f'{other.key.hex}"."secrets'):
        with pytest.raises(NotFound):
            await read(tables, edith, name)


async def test_functions_and_operators_of_the_script_change_no_query(tables, define, edith):
    """The script's schema is in the search path, after PostgreSQL's own."""
    await define(
        "create table own (id int primary key, name text)",
        "insert into own values (1, 'a')",
        "create table pg_class (relname text)",
        "create function lower(text) returns text language sql as 'select ''b'''",
        "create function \"left\"(text, int) returns text language sql as 'select ''b'''",
        "create domain text as int check (value < 0)",
    )

    page = await read(tables, edith, "own", Filter("name", Operator.CONTAINS, "A"))

    assert [row.cells for row in page.rows] == [["1", "a"]]
    assert {one.name for one in await tables.all(edith, "notes")} == {"own", "pg_class"}


async def test_a_result_that_is_too_large_is_refused(tables, define, edith):
    await define(
        "create domain long as text",
        "create table own (id int primary key, value long)",
        "create view many as select repeat('x', 5000000) || n as text"
        " from generate_series(1, 40) n",
    )

    page = await read(tables, edith, "many")

    assert [len(row.cells[0] or "") for row in page.rows] == [200] * 10


async def test_a_key_that_is_too_long_can_be_seen_and_not_used(tables, define, edith):
    await define(
        "create table long (id text primary key)",
        "insert into long select repeat('x', 100000) || n from generate_series(1, 12) n",
    )

    page = await read(tables, edith, "long")
    rest = await tables.page(edith, "notes", "long", [], None, page.next, 10)

    assert [row.key for row in page.rows] == [None] * 10
    assert len(rest.rows) == 2
