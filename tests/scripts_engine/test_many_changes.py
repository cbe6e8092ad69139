"""Many changes of scripts whose authors let them take long: nobody else waits for them."""

import asyncio

import psycopg
import pytest
from tests.conftest import configured

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Repository
from aiwebengine.core.errors import Conflict, Forbidden, Unavailable
from aiwebengine.core.identity import Role
from aiwebengine.database import turns
from aiwebengine.database.turns import Places
from aiwebengine.script_calls.invocation import SharedTransaction
from aiwebengine.script_database.activation import DatabaseStep
from aiwebengine.scripts import access
from aiwebengine.scripts.access import MOST_WAITING
from aiwebengine.scripts.activation import ActivationStep
from aiwebengine.scripts.files import tree_of

CONNECTIONS = 9
MANY = 100


@pytest.fixture
async def engine(url, tmp_path, monkeypatch):
    """An engine with few connections, which waits for as long as a test takes."""
    monkeypatch.setattr(access, "WAIT_SECS", 300.0)
    monkeypatch.setattr(turns, "PLACES_SECS", 300.0)
    repository = Repository(
        max_connections=CONNECTIONS, data_dir=tmp_path, statement_timeout_secs=300
    )
    engine = Engine(configured(tmp_path).model_copy(update={"repository": repository}), url)
    await engine.prepare()
    yield engine
    await engine.runtimes.stop()
    await engine.db.disconnect()


@pytest.fixture
async def two_scripts(engine, edith):
    """The script `slow`, and another one."""
    for slug in ("slow", "other"):
        await engine.services.scripts.create(edith, slug)


@pytest.fixture
async def deploying(url, two_scripts):
    """The lock that a deployment of `slow` holds while its migrations run."""
    connection = await psycopg.AsyncConnection.connect(url)
    async with connection:
        await connection.execute("select from scripts where slug = 'slow' for no key update")
        yield connection


def changes(engine, edith):
    """One change of `slow` of each kind after the other, repeatedly."""
    services = engine.services
    kinds = [
        lambda n: services.scripts.set_limits(edith, "slow", {"call_timeout_secs": 1 + n % 5}),
        lambda n: services.script_secrets.set(edith, "slow", f"S{n}", "secret", ["a.example"]),
        lambda n: services.fetch_hosts.set(edith, "slow", [f"a{n}.example"]),
    ]
    return [asyncio.create_task(kinds[n % len(kinds)](n)) for n in range(MANY)]


async def test_changes_that_wait_for_a_deployment_hold_no_connections(engine, edith, deploying):
    changing = changes(engine, edith)
    refused = MANY - MOST_WAITING - 1
    await _until(lambda: sum(one.done() for one in changing) >= refused)

    # Everybody else is served meanwhile.
    await _until(lambda: engine.db.pool_stats().in_use == 1)
    await engine.services.scripts.set_limits(edith, "other", {"call_timeout_secs": 2})
    assert await engine.db.value("select 1") == 1
    early = [one.exception() for one in changing if one.done()]
    assert len(early) == refused
    assert all(isinstance(one, Conflict) for one in early)
    assert "being deployed or changed by others" in early[0].message

    await deploying.rollback()
    ends = await asyncio.gather(*changing, return_exceptions=True)
    assert [one for one in ends if isinstance(one, Exception)] == early


async def test_who_may_not_change_a_script_takes_nobodys_place(
    engine, edith, add_person, deploying
):
    emma = await add_person("emma", Role.EDITOR)
    waiting = asyncio.create_task(engine.services.fetch_hosts.set(edith, "slow", ["a.example"]))
    await _until(lambda: engine.db.turns.is_taken(("script", "slow")))

    with pytest.raises(Forbidden):
        await engine.services.scripts.set_limits(emma, "slow", {"call_timeout_secs": 2})

    assert not waiting.done()
    await deploying.rollback()
    await waiting


async def test_who_waits_for_a_turn_too_long_is_refused(engine, edith, deploying, monkeypatch):
    monkeypatch.setattr(access, "WAIT_SECS", 0.1)
    first = asyncio.create_task(engine.services.fetch_hosts.set(edith, "slow", ["a.example"]))
    await _until(lambda: engine.db.turns.is_taken(("script", "slow")))

    with pytest.raises(Conflict, match="being deployed"):
        await engine.services.fetch_hosts.set(edith, "slow", ["b.example"])

    await deploying.rollback()
    assert await first == ["a.example"]


def serving(path):
    """Files with one route."""
    source = f'export const routes = {{ "GET /{path}": () => new Response("") }};'
    return tree_of({"main.js": source.encode()})


class Slow(ActivationStep):
    """Migrations that take as long as their author likes."""

    def __init__(self):
        self.begun, self.end = asyncio.Event(), asyncio.Event()

    async def prepare(self, activation):
        if activation.slug == "slow":
            self.begun.set()
            await self.end.wait()


async def test_a_slow_migration_holds_up_no_other_deployment(engine, scripts, edith, two_scripts):
    assert DatabaseStep.prepare is not ActivationStep.prepare
    slow = Slow()
    scripts.steps.append(slow)
    deploying = asyncio.create_task(scripts.put(edith, "slow", serving("slow")))
    await _until(lambda: slow.begun.is_set() or deploying.done())
    assert not deploying.done()

    assert (await scripts.put(edith, "other", serving("other"))).changed

    assert not deploying.done()
    slow.end.set()
    assert (await deploying).changed


async def test_transactions_of_authors_leave_connections_to_others(engine):
    shared = [SharedTransaction(engine.db) for _ in range(CONNECTIONS)]

    async def write(one):
        async with one.entered():
            await engine.db.value("select 1")

    writing = [asyncio.create_task(write(one)) for one in shared]
    places = CONNECTIONS // 3
    await _until(lambda: sum(one.done() for one in writing) == places)
    assert engine.db.pool_stats().in_use == places
    assert await engine.db.value("select 1") == 1

    # Each that ends makes room for the next one, however it ends.
    for end in ("commit", "rollback", "reset") * 3:
        done = next(n for n, one in enumerate(writing) if one.done())
        await getattr(shared[done], end)()
        await shared[done].rollback()
        del shared[done], writing[done]
        await _until(lambda: sum(one.done() for one in writing) == min(places, len(writing)))

    assert engine.db.pool_stats().in_use == 0


async def test_who_waits_for_a_place_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(turns, "PLACES_SECS", 0.1)
    places = Places(3, "All places are taken.")

    async with places.taken():
        with pytest.raises(Unavailable, match="All places"):
            async with places.taken():
                pass
    async with places.taken():
        pass


async def _until(condition):
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.02)
