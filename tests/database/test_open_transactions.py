"""Transactions that several tasks use, one after the other."""

import asyncio

import asyncpg
import pytest

from aiwebengine.core.errors import Unavailable
from aiwebengine.database import Database

SLEEPS = (
    "select count(*) from pg_stat_activity"
    " where wait_event = 'PgSleep' and datname = current_database()"
)


@pytest.fixture
async def db(url):
    db = Database(url, max_connections=3, acquire_timeout=5, statement_timeout=5)
    await db.connect()
    await db.execute("create table things (name text primary key)")
    yield db
    await db.disconnect()


async def add(db, name):
    await db.execute("insert into things (name) values (:name)", name=name)


async def names(db):
    return [row["name"] for row in await db.all("select name from things order by name")]


async def test_tasks_share_it_and_others_see_it_after_the_commit(db):
    held = await db.open_transaction()

    async def enter(name):
        async with held.entered():
            await add(db, name)
            return await names(db)

    assert await asyncio.create_task(enter("a")) == ["a"]
    assert await asyncio.create_task(enter("b")) == ["a", "b"]
    assert await names(db) == []

    await held.commit()
    assert await names(db) == ["a", "b"]
    assert db.pool_stats().in_use == 0


async def test_a_rollback_undoes_everything_and_calls_nothing(db):
    called = []
    held = await db.open_transaction()
    async with held.entered():
        db.after_commit(lambda: called.append("commit"))
        db.afterwards(lambda: called.append("end"))
        await add(db, "a")

    await held.rollback()
    await held.rollback()
    await held.commit()

    assert await names(db) == []
    assert called == ["end"]
    assert not held.is_open
    assert db.pool_stats().in_use == 0
    with pytest.raises(RuntimeError):
        async with held.entered():
            pass


async def test_a_failed_block_leaves_the_rest(db):
    called = []
    held = await db.open_transaction()
    async with held.entered():
        await add(db, "a")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with held.entered():
            await add(db, "b")
            db.after_commit(lambda: called.append("b"))
            await add(db, "a")
    async with held.entered(), held.entered(), db.transaction():
        await add(db, "c")

    await held.commit()

    assert await names(db) == ["a", "c"]
    assert called == []


async def test_tasks_at_once_take_turns(db):
    held = await db.open_transaction()

    async def enter(number):
        async with held.entered():
            await add(db, f"{number}")
            await db.execute("select pg_sleep(0.01)")

    await asyncio.gather(*map(enter, range(10)))
    await held.commit()

    assert len(await names(db)) == 10


async def test_a_cancelled_task_leaves_it_usable(db):
    held = await db.open_transaction()

    async def sleep():
        async with held.entered():
            await db.execute("select pg_sleep(60)")

    task = asyncio.create_task(sleep())
    # PostgreSQL ignores a request to cancel that arrives before the statement.
    async with asyncio.timeout(60):
        while not await db.value(SLEEPS):
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with held.entered():
        await add(db, "a")
    await held.commit()

    assert await names(db) == ["a"]


async def test_a_lost_connection_is_unavailable_and_returns_to_the_pool(db):
    held = await db.open_transaction()
    async with held.entered():
        await add(db, "a")
        backend = await db.value("select pg_backend_pid()")
    await db.execute("select pg_terminate_backend(:backend)", backend=backend)

    with pytest.raises(Unavailable):
        async with held.entered():
            await add(db, "b")
    with pytest.raises(Unavailable):
        await held.commit()

    assert await names(db) == []
    assert db.pool_stats().in_use == 0
