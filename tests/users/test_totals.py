"""Totals come from memory, and yet no change is missed: here, there, or during an outage."""

import asyncio
import contextlib
from functools import partial

import psycopg
import pytest
from tests.conftest import adder

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository
from aiwebengine.core.identity import Role, operator
from aiwebengine.demo.service import Demo
from aiwebengine.users.types import UserFilter, UserStatus

INVITED = UserFilter(status=UserStatus.INVITED)


@contextlib.asynccontextmanager
async def instance(url, tmp_path):
    """One of several engines on the same database, which hears what the others do."""
    engine = Engine(Config(repository=Repository(data_dir=tmp_path)), url)
    await engine.prepare()
    hearing = asyncio.create_task(engine.live.run())
    await until(lambda: engine.live.is_listening)
    try:
        yield engine
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        await engine.db.disconnect()


async def until(condition):
    async with asyncio.timeout(30):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def here(url, tmp_path):
    async with instance(url, tmp_path) as engine:
        yield engine


@pytest.fixture
async def there(url, tmp_path):
    async with instance(url, tmp_path) as engine:
        yield engine


async def totals(engine):
    """Everything that is kept, as an administrator sees it."""
    viewer, users = operator("tests"), engine.services.users
    stats = await engine.services.telemetry.users(viewer)
    return {
        "all": await users.count(viewer, UserFilter()),
        "invited": await users.count(viewer, INVITED),
        "roles": [(info.user_count, info.active_user_count) for info in await users.roles(viewer)],
        "stats": (stats.total, stats.invited, stats.suspended, stats.administrators),
        "trend": stats.trend[-1],
    }


async def test_asking_again_asks_the_database_nothing(here):
    await adder(here)("ada", Role.ADMINISTRATOR)
    statements = []
    here.db.observers.append(statements.append)

    async def asked():
        statements.clear()
        return await totals(here)

    before, again = await asked(), await asked()
    async with asyncio.timeout(10):
        # The announcement of her arrival comes when it comes, and drops what is kept.
        while statements:
            await asyncio.sleep(0.05)
            before, again = again, await asked()

    assert again == before


async def test_every_change_is_seen_at_once_here_and_soon_there(here, there):
    users, maker = here.services.users, operator("tests")
    ada = await adder(here)("ada", Role.ADMINISTRATOR)
    grace = (await users.invite(maker, "grace@example.com", "Grace", [])).user

    async def sign_in():
        await users.signed_in(grace.key)

    changes = [
        lambda: users.invite(maker, "new@example.com", "New", [Role.EDITOR]),
        lambda: users.grant_role(maker, grace.key, Role.ADMINISTRATOR),
        lambda: users.revoke_role(maker, grace.key, Role.ADMINISTRATOR),
        sign_in,
        lambda: users.suspend(maker, grace.key),
        lambda: users.reinstate(maker, grace.key),
        lambda: users.delete(maker, grace.key),
    ]
    for change in changes:
        before = await totals(here)
        await until(partial(tells, there, before))

        await change()

        after = await totals(here)
        assert after != before
        await until(partial(tells, there, after))
    assert await here.services.users.is_administrator(ada.id)


async def test_made_up_people_are_counted_by_engines_that_run(here, there):
    before = await totals(here)

    await Demo(there.db, there.services.audit).fill(20, lambda _: None)

    after = await totals(there)
    assert after["all"] == before["all"] + 20
    await until(partial(tells, here, after))


async def tells(engine, expected):
    return await totals(engine) == expected


async def test_the_same_caller_may_lose_the_right_to_see_what_is_kept(here, add_person):
    ada, alan = await add_person("ada", Role.ADMINISTRATOR), await add_person("alan")
    await here.services.users.count(ada, UserFilter())

    with pytest.raises(Exception, match="needs the role"):
        await here.services.users.count(alan, UserFilter())


async def test_a_sign_in_that_changes_no_total_leaves_them_kept(here):
    ada = await adder(here)("ada", Role.ADMINISTRATOR)
    await totals(here)
    misses = here.cache.misses

    await here.services.users.signed_in(ada.id)
    await here.services.sessions.begin(ada, ada.id, ada.label, "link")
    await totals(here)

    assert here.cache.misses == misses


async def test_totals_of_a_transaction_are_not_cached_after_its_rollback(here):
    viewer, users = operator("tests"), here.services.users

    with contextlib.suppress(ZeroDivisionError):
        async with here.db.transaction():
            await users.invite(viewer, "never@example.com", "Never", [])
            inside = await users.count(viewer, UserFilter())
            raise ZeroDivisionError

    assert (inside, await users.count(viewer, UserFilter())) == (1, 0)


async def test_without_an_ear_nothing_is_kept_and_it_grows_back(here, url):
    viewer, users = operator("tests"), here.services.users
    await users.count(viewer, UserFilter())

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'aiwebengine listener' and datname = current_database()"
        )
        await until(lambda: not here.live.is_listening)
        # Behind everybody's back, as another instance would while we are deaf.
        connection.execute("insert into users (email, name) values ('deaf@example.com', '')")
        deaf = await users.count(viewer, UserFilter())
    await until(lambda: here.live.is_listening)

    assert deaf == 1
    assert await users.count(viewer, UserFilter()) == 1
