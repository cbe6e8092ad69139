"""The interface to PostgreSQL: no leaks, outages become Unavailable, parameters are checked."""

import asyncio
import contextvars

import asyncpg
import pytest

from aiwebengine.core.errors import BadUserInput, Unavailable
from aiwebengine.database import Database


@pytest.fixture
async def db(url):
    db = Database(url, max_connections=2, acquire_timeout=1, statement_timeout=1)
    await db.connect()
    await db.execute("create table things (name text primary key)")
    await db.execute(
        "create table parts (thing text references things deferrable initially deferred)"
    )
    yield db
    await db.disconnect()


async def all_are_back(db):
    await asyncio.sleep(0.05)
    return db.pool_stats().in_use == 0


async def test_children_of_a_transaction_s_task_share_it(db):
    async with db.transaction():
        await db.execute("insert into things (name) values ('a')")
        seen = await asyncio.gather(*(db.value("select count(*) from things") for _ in range(1)))

    assert seen == [1]


async def test_an_error_inside_takes_everything_back(db):
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            await db.execute("insert into things (name) values ('a')")
            raise ZeroDivisionError

    assert await db.value("select count(*) from things") == 0
    assert await all_are_back(db)


async def test_copied_rows_belong_to_the_transaction(db):
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            await db.execute("lock table things in access exclusive mode")
            await db.copy("things", ["name"], [("a",), ("b",)])
            raise ZeroDivisionError

    assert await db.value("select count(*) from things") == 0


async def test_a_nested_transaction_is_a_savepoint(db):
    async with db.transaction():
        await db.execute("insert into things (name) values ('kept')")
        with pytest.raises(asyncpg.UniqueViolationError):
            async with db.transaction():
                await db.execute("insert into things (name) values ('kept')")

    assert await db.value("select name from things") == "kept"


async def test_a_commit_that_fails_gives_its_connection_back(db):
    for _ in range(5):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with db.transaction():
                await db.execute("insert into parts (thing) values ('missing')")

    assert await all_are_back(db)
    assert await db.value("select count(*) from parts") == 0


async def test_a_cancelled_task_gives_its_connection_back(db):
    async def hold():
        async with db.transaction():
            await db.value("select pg_sleep(30)")

    for _ in range(5):
        task = asyncio.create_task(hold())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert await all_are_back(db)


async def test_a_task_that_outlives_the_transaction_does_not_use_its_connection(db):
    go = asyncio.Event()

    async def later():
        await go.wait()
        return await db.value("select count(*) from things")

    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            await db.execute("insert into things (name) values ('a')")
            task = asyncio.create_task(later())
            await asyncio.sleep(0)
            raise ZeroDivisionError
    go.set()

    assert await task == 0


async def test_a_forgotten_parameter_is_an_error_not_a_null(db):
    with pytest.raises(TypeError, match="name"):
        await db.all("select * from things where name = :name")
    with pytest.raises(TypeError, match="nme"):
        await db.all("select * from things where name = :name", name="a", nme="b")


async def test_colons_in_texts_comments_and_casts_are_no_parameters(db):
    row = await db.one("select ':a' as a, 'b'::text as b, :c as c -- :d\n", c="c")

    assert tuple(row) == (":a", "b", "c")


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "\udfff b"])
async def test_text_that_can_t_be_stored_is_bad_input(db, text):
    with pytest.raises(BadUserInput, match="name"):
        await db.all("select * from things where name = :name", name=text)


async def test_waiting_for_a_statement_ends(db):
    with pytest.raises(Unavailable):
        await db.value("select pg_sleep(30)")

    assert await all_are_back(db)


async def test_waiting_for_a_connection_ends(url):
    narrow = Database(url, max_connections=1, acquire_timeout=0.2)
    await narrow.connect()
    try:
        async with narrow.transaction():
            # A context of its own, or it would share the transaction.
            other = asyncio.create_task(narrow.value("select 1"), context=contextvars.Context())
            with pytest.raises(Unavailable):
                await other
        assert await narrow.value("select 1") == 1
    finally:
        await narrow.disconnect()


async def test_a_table_that_changed_under_a_prepared_statement_is_read_again(db):
    await db.execute("insert into things (name) values ('a')")
    await db.all("select * from things")

    await db.execute("alter table things add column size integer")

    assert dict(await db.one("select * from things")) == {"name": "a", "size": None}


async def test_connections_that_the_server_closed_are_replaced(db, server, url):
    name = url.rpartition("/")[2].partition("?")[0]
    await db.value("select 1")

    server.run(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        f" where application_name = 'aiwebengine' and datname = '{name}'"
    )
    await asyncio.sleep(0.1)

    assert await db.value("select 2") == 2


async def test_a_database_that_takes_no_connections_is_an_outage(db, server, url):
    name = url.split("?")[0].rpartition("/")[2]
    server.run(f"alter database {name} allow_connections false")
    server.run(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")

    with pytest.raises(Unavailable):
        await db.value("select 1")
    with pytest.raises(Unavailable):
        await db.value("select 1")


async def test_each_statement_is_observed_with_its_time_and_without_values(engine):
    ran = []
    engine.db.observers.append(ran.append)

    await engine.db.value("select pg_sleep(:secs)", secs=0.05)
    with pytest.raises(asyncpg.UndefinedTableError):
        await engine.db.value("select 1 from nowhere")

    slow, wrong = ran
    assert (slow.sql, slow.failed, wrong.failed) == ("select pg_sleep(:secs)", False, True)
    assert slow.took_secs >= 0.05
