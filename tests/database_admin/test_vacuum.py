"""Vacuum: its effect, one at a time, its progress, and the death of its process."""

import asyncio
import os

import psycopg
import pytest
from tests import commands
from tests.conftest import free_port, locked, until

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository
from aiwebengine.core.errors import BadUserInput, Forbidden
from aiwebengine.core.identity import Scope, operator
from aiwebengine.database_admin.service import VacuumFailed, VacuumUnderWay
from aiwebengine.database_admin.vacuum_types import VacuumOptions, VacuumState

ROOT = operator("root")
PATIENCE_SECS = 60


@pytest.fixture
def care(engine):
    return engine.services.database_admin


@pytest.fixture
async def things(engine, server):
    """A table with as many dead rows as live ones."""
    await engine.db.execute(
        'create table "Odd Things" (id bigint primary key, name text)'
        " with (autovacuum_enabled = off)"
    )
    await engine.db.execute('insert into "Odd Things" select n, n from generate_series(1, 20000) n')
    async with engine.db.transaction():
        await engine.db.execute('delete from "Odd Things" where id % 2 = 0')
        deletion = await engine.db.value("select (txid_current() % (1::bigint << 32))::text")
        if server.major >= 15:
            await engine.db.execute("select pg_stat_force_next_flush()")
    # Before 15 a process of the server's collects what was done.
    dead = "select n_dead_tup from pg_stat_user_tables where relname = 'Odd Things'"
    async with asyncio.timeout(PATIENCE_SECS):
        while await engine.db.value(dead) != 10_000:
            await asyncio.sleep(0.05)
    # Vacuum keeps what an older statement may still see, such as one of autovacuum's.
    older = """
        select count(*) from pg_stat_activity
        where pid <> pg_backend_pid() and age(backend_xmin) >= age(:deletion::text::xid)
    """
    async with asyncio.timeout(PATIENCE_SECS):
        while await engine.db.value(older, deletion=deletion):
            await asyncio.sleep(0.05)
    return '"Odd Things"'


async def table(care, name):
    return next(one for one in await care.tables(ROOT, 200) if one.name == name)


async def ended(care):
    """The newest run, once it has ended."""
    async with asyncio.timeout(PATIENCE_SECS):
        while (run := await care.last_vacuum(ROOT)).state is VacuumState.RUNNING:
            await asyncio.sleep(0.05)
    return run


async def test_dead_rows_are_gone_and_statistics_are_new(care, things, events_of):
    before = await table(care, things)
    lines = []

    run = await care.vacuum(ROOT, [things], lines.append)

    after = await table(care, things)
    assert (before.dead_rows, after.dead_rows) == (10_000, 0)
    assert after.estimated_rows == 10_000
    assert after.last_vacuum_at is not None
    assert after.last_analyze_at is not None
    assert (run.state, run.tables_done, run.message) == (VacuumState.SUCCEEDED, 1, None)
    assert lines[0].startswith('"Odd Things": done in ')
    assert await events_of() == ["database.vacuum_run"]


async def test_without_names_it_is_every_table(care, things, engine):
    run = await care.vacuum(ROOT, None, lambda _: None, VacuumOptions(analyze=False))

    assert {things, "users", "audit_events"} < set(run.tables)
    assert run.tables[0] == things
    assert run.tables_done == len(run.tables)
    assert (await table(care, "users")).last_analyze_at is None
    event = await engine.db.one("select * from audit_events order by id desc limit 1")
    assert event["target_label"] == "all tables"
    assert event["after"]["analyze"] is False


async def test_a_full_vacuum_frees_the_space(care, things):
    before = await table(care, things)

    await care.vacuum(ROOT, [things], lambda _: None, VacuumOptions(full=True))

    assert (await table(care, things)).size_bytes < before.size_bytes


@pytest.mark.parametrize(
    "names",
    [["nothing"], ["users; drop table users"], ["pg_class"], ["Odd Things"], []],
)
async def test_what_is_not_a_table_of_ours_is_refused(care, things, events_of, names):
    with pytest.raises(BadUserInput, match="tables: found"):
        await care.vacuum(ROOT, names, lambda _: None)

    assert await care.last_vacuum(ROOT) is None
    assert await events_of() == []


async def test_who_may_not_starts_nothing(care, edith, ada, events_of):
    before = await events_of()
    narrow = ada.__class__(**{**ada.__dict__, "scopes": frozenset([Scope.READ])})

    for viewer in (edith, narrow):
        with pytest.raises(Forbidden):
            await care.start_vacuum(viewer, None, VacuumOptions())

    assert await care.last_vacuum(ROOT) is None
    assert await events_of() == before


async def test_a_mutation_starts_it_and_the_query_follows_it(care, things, ask, ada):
    answer = await ask(
        ada,
        "mutation ($tables: [String!]) { vacuumDatabase(input: {tables: $tables}) "
        "{ run { id state startedBy tables } } }",
        tables=[things],
    )
    await ended(care)
    told = await ask(ada, "{ database { lastVacuum { id state tablesDone percent endedAt } } }")

    run = answer["data"]["vacuumDatabase"]["run"]
    assert run == {
        "id": run["id"],
        "state": "RUNNING",
        "startedBy": "ada@example.com",
        "tables": [things],
    }
    last = told["data"]["database"]["lastVacuum"]
    assert (last["id"], last["state"], last["tablesDone"]) == (run["id"], "SUCCEEDED", 1)
    assert last["endedAt"] is not None


async def test_while_one_runs_another_is_refused_on_every_instance(
    care, things, url, engine, events_of, tmp_path
):
    other = Engine(Config(repository=Repository(data_dir=tmp_path)).at_port(free_port()), url)
    await other.prepare()
    async with engine.db.transaction():
        # Vacuum waits for this lock, so it is certainly under way.
        await engine.db.execute(f"lock table {things} in share update exclusive mode")
        starting = asyncio.create_task(_in_its_own_context(other, things))
        await starting
        with pytest.raises(VacuumUnderWay, match=r"root \(command line\) started it"):
            await care.start_vacuum(ROOT, None, VacuumOptions())
        seen = await care.last_vacuum(ROOT)
    run = await ended(care)
    await other.services.database_admin.stop()
    await other.db.disconnect()

    assert seen.state is VacuumState.RUNNING
    assert run.state is VacuumState.SUCCEEDED
    assert await events_of() == ["database.vacuum_run"]


async def _in_its_own_context(engine, name):
    await engine.services.database_admin.start_vacuum(ROOT, [name], VacuumOptions())


async def test_many_at_once_start_one(care, things, engine):
    done = await asyncio.gather(
        *(care.vacuum(ROOT, [things], lambda _: None) for _ in range(8)), return_exceptions=True
    )

    refused = [one for one in done if isinstance(one, VacuumUnderWay)]
    ran = await engine.db.value("select count(*) from runs where kind = 'vacuum'")
    assert len(refused) + ran == 8
    assert (
        await engine.db.value(
            "select count(*) from runs where kind = 'vacuum' and state <> 'succeeded'"
        )
        == 0
    )


async def test_a_stop_of_the_engine_ends_it_and_says_so(care, things, engine, url):
    async with locked(url, things, "share update exclusive") as waiting:
        await care.start_vacuum(ROOT, [things], VacuumOptions())
        await until(waiting)
        async with asyncio.timeout(PATIENCE_SECS):
            await care.stop()

        run = await care.last_vacuum(ROOT)
    assert (run.state, run.message) == (VacuumState.FAILED, "It was stopped.")
    assert (await care.vacuum(ROOT, [things], lambda _: None)).state is VacuumState.SUCCEEDED


async def test_a_run_whose_process_was_killed_does_not_block_the_next(care, things, engine):
    await care.vacuum(ROOT, [things], lambda _: None)
    await engine.db.execute(
        "update runs set state = 'running', outcome = null, ended_at = null,"
        " beat_at = now() - interval '31 seconds'"
    )

    last = await care.last_vacuum(ROOT)
    again = await care.vacuum(ROOT, [things], lambda _: None)

    assert last.state is VacuumState.INTERRUPTED
    assert again.state is VacuumState.SUCCEEDED


async def test_an_error_of_the_database_ends_it_with_its_words(care, things, engine, url):
    await engine.db.execute("create table late (id bigint)")

    def drop_meanwhile(done, *_):
        if done == 0:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("drop table if exists late")

    with pytest.raises(VacuumFailed, match='late: relation "late" does not exist'):
        await care.vacuum(ROOT, [things, "late"], lambda _: None, watcher=drop_meanwhile)

    last = await care.last_vacuum(ROOT)
    assert (last.state, last.tables_done, last.current_table) == (VacuumState.FAILED, 1, "late")
    assert 'relation "late" does not exist' in last.message


async def test_progress_is_shown_while_it_runs(care, engine, things, server):
    await engine.db.execute(
        f"insert into {things} select n, n from generate_series(20001, 120000) n"
    )
    await engine.db.execute(f"delete from {things} where id % 3 = 0")
    # Slow, as vacuum is on a busy disk.
    await asyncio.to_thread(server.run, "alter system set vacuum_cost_delay = 20")
    await asyncio.to_thread(server.run, "alter system set vacuum_cost_limit = 50")
    await asyncio.to_thread(server.run, "select pg_reload_conf()")
    heard, seen = [], []

    def watcher(done, total, name, now):
        heard.append((done, total, name))

    run = asyncio.create_task(care.vacuum(ROOT, [things], lambda _: None, watcher=watcher))
    try:
        while not run.done():
            seen += [(one.table, one.is_automatic) for one in await care.vacuums(ROOT)]
            last = await care.last_vacuum(ROOT)
            if last and last.phase:
                seen.append(("phase", last.phase))
            await asyncio.sleep(0.05)
        await run
    finally:
        await asyncio.to_thread(server.run, "alter system reset vacuum_cost_delay")
        await asyncio.to_thread(server.run, "alter system reset vacuum_cost_limit")
        await asyncio.to_thread(server.run, "select pg_reload_conf()")

    assert (things, False) in seen
    assert ("phase", "scanning heap") in seen
    assert set(heard) == {(0, 1, things)}


async def test_old_runs_are_forgotten(care, engine):
    for _ in range(103):
        await care.vacuum(ROOT, ["settings"], lambda _: None)

    assert await engine.db.value("select count(*) from runs where kind = 'vacuum'") == 100


def test_a_vacuum_that_nobody_looks_at_reports_its_end_only(url, tmp_path):
    environment = {**os.environ, "APP_REPOSITORY__DATABASE_URL": url}

    done = commands.run("db", "vacuum", "users", cwd=tmp_path, env=environment)

    assert (done.returncode, done.stdout, done.stderr) == (0, "Vacuumed 1 of 1 table.\n", "")
