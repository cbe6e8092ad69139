"""All runs are in one table: those of before the migration, and work that a task does."""

import asyncio

import psycopg
import pytest
from psycopg.rows import dict_row
from tests.conftest import locked, until

from aiwebengine.app.engine import Engine
from aiwebengine.backups.types import BackupRunKind, BackupRunState
from aiwebengine.core.config import Backup, Config, Repository
from aiwebengine.core.identity import engine as the_engine
from aiwebengine.core.identity import operator
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.database_admin.vacuum_types import VacuumState
from aiwebengine.jobs.types import RunState
from aiwebengine.migrations.service import Migrations

ROOT = operator("root")
OLD_RUNS = """
insert into task_runs (task, due_at, state, started_at, ended_at, started_by, instance, result,
  lines)
values ('analyze', '2026-01-02 03:40Z', 'succeeded', '2026-01-02 03:40Z', '2026-01-02 03:41Z',
  'schedule', 'here:1', 'Done.', '{analyze}');
insert into task_runs (task, state, started_by, instance, beat_at)
values ('drill', 'running', 'ada', 'there:2', now() - interval '1 hour');
insert into vacuum_runs (state, started_by, ended_at, tables, tables_done, current_table, message)
values ('failed', 'ada', now(), array['users', '"Odd Things"'], 1, '"Odd Things"', 'No room.');
insert into backup_runs (kind, state, backup_name, actor_label, ended_at, progress, step, details)
values ('verify', 'succeeded', 'a.tar', 'ada', now(), 1, 'Reading', '{"ok": true}');
insert into backup_runs (kind, transfer, backup_name, actor_label) values
  ('create', 'upload', 'b.tar', 'edith');
insert into backup_runs (kind, state, backup_name, actor_label, ended_at, problem)
values ('create', 'failed', 'c.tar', 'ada', now(), 'No room.');
"""
TABLES = ("task_runs", "vacuum_runs", "backup_runs")


def rows(url, query):
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()


def engine_on(url, folder):
    backup = Backup(directory=folder / "backups")
    return Engine(Config(repository=Repository(data_dir=folder), backup=backup), url)


@pytest.fixture
def before(url):
    """A database of before the migration, with runs."""
    migrations = Migrations(url, MIGRATIONS)
    ids = [one.id for one in migrations.status()]
    migrations.down(to=next(one for one in ids if one.startswith("0033")))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(OLD_RUNS)
    return url


async def test_runs_of_before_the_migration_are_shown_as_before(before, tmp_path):
    Migrations(before, MIGRATIONS).up()
    engine = engine_on(before, tmp_path)
    await engine.db.connect()
    services = engine.services

    drill, analyze = await services.jobs.page(ROOT, None, None, 10)
    vacuum = await services.database_admin.last_vacuum(ROOT)
    failed, upload, verify = await services.backups.runs(ROOT, list(BackupRunKind), None, 10)

    assert (analyze.number, analyze.task, analyze.state) == (1, "analyze", RunState.SUCCEEDED)
    assert (analyze.result, analyze.lines, analyze.due_at.minute) == ("Done.", ["analyze"], 40)
    assert (drill.number, drill.state, drill.instance) == (2, RunState.INTERRUPTED, "there:2")
    assert (vacuum.state, vacuum.tables_done, vacuum.message) == (VacuumState.FAILED, 1, "No room.")
    assert (vacuum.tables, vacuum.current_table) == (["users", '"Odd Things"'], '"Odd Things"')
    assert (verify.kind, verify.state) == (BackupRunKind.VERIFY, BackupRunState.SUCCEEDED)
    assert (verify.details, verify.progress, verify.step) == ({"ok": True}, 1, "Reading")
    assert (upload.kind, upload.state) == (BackupRunKind.UPLOAD, BackupRunState.FAILED)
    assert (failed.problem, failed.actor_label) == ("No room.", "ada")
    await engine.db.disconnect()


async def test_a_rollback_puts_all_runs_into_their_old_tables(before, tmp_path):
    migrations = Migrations(before, MIGRATIONS)
    old = {table: rows(before, f"select * from {table} order by id") for table in TABLES}
    migrations.up()
    engine = engine_on(before, tmp_path)
    await engine.prepare()
    await engine.services.database_admin.vacuum(ROOT, ["users"], lambda _: None)
    await engine.services.jobs.run_here(ROOT, "backup", lambda _: None)
    await engine.db.disconnect()

    for _ in range(2):
        migrations.down(to=next(one.id for one in migrations.status() if "0033" in one.id))
        for table in TABLES:
            found = rows(before, f"select * from {table} order by id")
            assert found[: len(old[table])] == old[table]
            assert len(found) == len(old[table]) + 1
            assert found[-1]["state"] == "succeeded"
        migrations.up()


@pytest.mark.parametrize("name", ["backup", "vacuum"])
async def test_a_task_and_its_work_are_one_record_with_two_views(engine, name):
    services = engine.services

    run = await services.jobs.run_here(ROOT, name, lambda _: None)

    number = await engine.db.value("select id from runs")
    if name == "vacuum":
        work = await services.database_admin.last_vacuum(ROOT)
        assert (work.state, work.tables_done) == (VacuumState.SUCCEEDED, len(work.tables))
    else:
        (work,) = await services.backups.runs(ROOT, list(BackupRunKind), None, 10)
        assert (work.kind, work.state) == (BackupRunKind.CREATE, BackupRunState.SUCCEEDED)
        assert (work.actor_label, work.progress) == (the_engine().label, 1)
        assert work.backup_name in run.result
    assert await engine.db.value("select count(*) from runs") == 1
    assert (work.id, run.number) == (run.id, number)
    assert (run.state, run.started_by) == (RunState.SUCCEEDED, ROOT.label)


async def test_vacuum_in_a_stopped_task_was_stopped(engine, ada, url):
    services = engine.services
    async with locked(url, "users", "share update exclusive") as waiting:
        run = await services.jobs.start(ada, "vacuum")
        await until(waiting)
        await services.jobs.stop(ada, run.number)
        async with asyncio.timeout(60):
            while (stopped := await services.jobs.newest("vacuum")).state is RunState.RUNNING:
                await asyncio.sleep(0.05)

    work = await services.database_admin.last_vacuum(ROOT)
    assert (stopped.state, stopped.result) == (RunState.STOPPED, "It was stopped.")
    assert (work.state, work.message) == (VacuumState.FAILED, "It was stopped.")


async def test_forgetting_a_task_s_run_keeps_the_record_of_its_backup(engine):
    services = engine.services
    for _ in range(2):
        await services.jobs.run_here(ROOT, "backup", lambda _: None)
    await engine.db.execute("update runs set ended_at = now() - interval '1 year'")

    done = await services.jobs.run_here(ROOT, "forget-runs", lambda _: None)

    assert done.result.startswith("1 run older")
    assert len(await services.jobs.page(ROOT, "backup", None, 10)) == 1
    assert len(await services.backups.runs(ROOT, list(BackupRunKind), None, 10)) == 2


async def test_a_backup_before_the_migration_is_recorded(before, tmp_path):
    engine = engine_on(before, tmp_path)
    await engine.db.connect()
    made = await engine.services.backups.create(ROOT)
    Migrations(before, MIGRATIONS).up()

    newest, *_ = await engine.services.backups.runs(ROOT, [BackupRunKind.CREATE], None, 10)

    assert (newest.backup_name, newest.state) == (made.name, BackupRunState.SUCCEEDED)
    assert newest.details["size_bytes"] == made.size_bytes
    query = "select target_label from audit_events where action = 'backup.created'"
    assert [event["target_label"] for event in rows(before, query)] == [made.name]
    await engine.db.disconnect()
