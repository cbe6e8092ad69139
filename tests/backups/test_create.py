"""Taking backups: whole, consistent, one at a time, never half."""

import asyncio
import json
import resource
import subprocess
import tarfile
import tracemalloc
from pathlib import Path

import psutil
import psycopg
import pytest
from tests.backups.replay import roles_by_table, roles_by_trail

from aiwebengine.audit.types import AuditFilter
from aiwebengine.backups import cluster_store, create, programs
from aiwebengine.backups.archive import Writer
from aiwebengine.backups.runs import AnotherRuns
from aiwebengine.backups.sealed import WrongPassphrase, opened
from aiwebengine.backups.storage import NoSpace, StorageFailed
from aiwebengine.backups.types import BackupRunKind, BackupRunState, BackupState
from aiwebengine.core.errors import Forbidden, Unavailable
from aiwebengine.core.identity import Role
from aiwebengine.database.embedded import programs as embedded_programs
from aiwebengine.jobs import store


def content(path, name):
    with tarfile.open(path) as tar:
        return tar.extractfile(name).read()


async def test_an_archive_is_a_plain_tar_with_everything_in_it(
    backups, root, folder, engine, ada, tmp_path
):
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "aiwebengine.log").write_text("a line\n")
    engine.config.__dict__["logging"] = engine.config.logging.model_copy(
        update={"file": logs / "aiwebengine.log"}
    )
    told = []

    made = await backups.create(root, told.append, why="before the move")

    path = folder / made.name
    manifest = json.loads(content(path, "manifest.json"))
    assert made.state is BackupState.COMPLETE
    assert manifest["tables"]["users"] == 1
    assert manifest["note"] == "before the move"
    assert manifest["audit_event_id"] > 0
    assert content(path, "logs/aiwebengine.log") == b"a line\n"
    assert json.loads(content(path, "configuration.json"))["backup"]["retention_days"] == 30
    assert path.stat().st_mode & 0o077 == 0
    assert any("users" in line for line in told)
    assert [entry.name for entry in folder.iterdir()] == [made.name]


async def test_a_backup_is_in_the_audit_trail_and_its_run_has_ended(backups, ada, events_of):
    made = await backups.create(ada)

    run = (await backups.runs(ada, [BackupRunKind.CREATE], None, 10))[0]
    assert (run.state, run.backup_name, run.progress) == (
        BackupRunState.SUCCEEDED,
        made.name,
        1.0,
    )
    assert (await events_of())[-1] == "backup.created"


async def test_a_backup_under_load_is_explained_by_its_trail_exactly(
    backups, engine, root, add_person, server
):
    """4 clients change roles meanwhile; what is restored is what the restored trail says."""
    admins = [await add_person(f"admin{n}", Role.ADMINISTRATOR) for n in range(4)]
    people = [await add_person(f"person{n}") for n in range(8)]
    changes, goes_on = [0], True

    async def change(number):
        users, mine = engine.services.users, people[2 * number : 2 * number + 2]
        while goes_on:
            for person in mine:
                await users.grant_role(admins[number], person.id, Role.EDITOR)
                await users.revoke_role(admins[number], person.id, Role.EDITOR)
                changes[0] += 2

    clients = [asyncio.create_task(change(number)) for number in range(4)]
    names = []
    for _ in range(5):
        before = changes[0]
        names.append((await backups.create(root)).name)
        assert changes[0] > before, "nothing changed during the backup"
    goes_on = False
    await asyncio.gather(*clients)

    for number, name in enumerate(names):
        target = f"load_{number}_{name[-10:-4]}"
        server.run(f"create database {target}")
        await backups.restore_into(root, name, server.database(target))
        with psycopg.connect(server.database(target)) as connection:
            assert roles_by_trail(connection) == roles_by_table(connection)
            assert roles_by_table(connection)
            whole = connection.execute("select count(*) from audit_events").fetchone()[0]
        server.run(f"drop database {target}")
        assert whole > 12


async def test_two_at_once_are_one_backup_and_one_clear_refusal(backups, root, ada, folder):
    first = asyncio.create_task(backups.create(root))
    await asyncio.sleep(0)
    results = await asyncio.gather(first, backups.create(root), return_exceptions=True)

    refused = [one for one in results if isinstance(one, AnotherRuns)]
    assert len(refused) == 1
    assert refused[0].code == "CONFLICT"
    assert len(list(folder.iterdir())) == 1


async def test_the_next_run_need_not_wait_for_the_connection_of_the_last(
    backups, root, monkeypatch
):
    """As on a busy machine, where a backend notices late that its client is gone."""
    closed = psycopg.Connection.close
    kept = []

    def close_late(self):
        if "backup" in self.info.get_parameters().get("application_name", ""):
            kept.append(self)
        else:
            closed(self)

    monkeypatch.setattr(psycopg.Connection, "close", close_late)
    try:
        await backups.create(root)
        await backups.create(root)
    finally:
        for connection in kept:
            closed(connection)


async def test_who_may_not_makes_nothing(backups, edith, folder, events_of):
    before = await events_of()

    with pytest.raises(Forbidden):
        await backups.create(edith)

    assert not folder.exists()
    assert await events_of() == before


async def test_a_full_disk_is_reported_and_leaves_no_file(backups, root, folder, events_of, url):
    with psycopg.connect(url) as connection:
        connection.execute(
            "create table noise as select md5(random()::text) from generate_series(1, 20000)"
        )
    before = await events_of()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StorageFailed) as refused:
            await backups.create(root)
        left = [child.name() for child in psutil.Process().children()]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert "File too large" in refused.value.message
    assert "pg_dump" not in left
    assert list(folder.iterdir()) == []
    assert await events_of() == before
    run = (await backups.runs(root, [BackupRunKind.CREATE], None, 1))[0]
    assert (run.state, run.problem) == (BackupRunState.FAILED, refused.value.message)
    shown = await backups.all(root)
    assert [one.state for one in shown] == [BackupState.FAILED]
    assert await backups.newest() is None


async def test_too_little_space_is_reported_before_anything_is_written(
    backups, root, folder, monkeypatch
):
    monkeypatch.setattr("aiwebengine.backups.storage._RESERVE", 1 << 60)

    with pytest.raises(NoSpace):
        await backups.create(root)

    assert list(folder.iterdir()) == []


async def test_a_server_that_goes_while_a_run_begins_is_unavailable(
    backups, root, monkeypatch, rows
):
    next_number = store.next_number

    async def and_the_server_goes(db):
        number = await next_number(db)
        rows(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = 'aiwebengine backup'"
        )
        return number

    monkeypatch.setattr(store, "next_number", and_the_server_goes)

    with pytest.raises(Unavailable, match="does not answer"):
        await backups.create(root)


async def test_a_run_whose_process_is_gone_counts_as_failed(backups, root, engine):
    await engine.db.execute(
        "insert into runs (kind, subject, started_by, actor, instance, is_locked)"
        " values ('backup.create', 'aiwebengine-20260101-000000-abcdef.tar', 'somebody',"
        " 'somebody', '', true)"
    )

    run = (await backups.runs(root, [BackupRunKind.CREATE], None, 1))[0]

    assert run.state is BackupRunState.FAILED
    assert "process" in run.problem
    assert (await backups.all(root))[0].state is BackupState.FAILED


async def test_an_unfinished_run_is_shown_as_running_with_its_progress(backups, ada):
    backup, run = await backups.start_create(ada)

    assert (backup.state, run.state) == (BackupState.RUNNING, BackupRunState.RUNNING)
    async with asyncio.timeout(30):
        while (await backups.all(ada))[0].state is BackupState.RUNNING:
            await asyncio.sleep(0.05)
    assert (await backups.find(ada, backup.name)).state is BackupState.COMPLETE
    await backups.stop()


async def test_a_stop_ends_what_runs_in_the_background(backups, ada, folder):
    await backups.start_create(ada)

    await backups.stop()

    run = (await backups.runs(ada, [BackupRunKind.CREATE], None, 1))[0]
    assert (run.state, run.problem) == (BackupRunState.FAILED, "It was stopped.")
    assert not folder.exists() or list(folder.iterdir()) == []


async def test_what_a_killed_run_left_is_cleared_away_but_not_what_lives(backups, root, folder):
    folder.mkdir()
    dead = folder / ".aiwebengine-20260101-000000-abcdef.tar.part"
    dead.write_bytes(b"half")
    living = Writer(folder / "aiwebengine-20260101-000000-123456.tar")
    try:
        await backups.create(root)

        assert not dead.exists()
        assert (folder / ".aiwebengine-20260101-000000-123456.tar.part").exists()
    finally:
        living.close()


async def test_an_archive_that_lacked_only_its_name_gets_it_from_the_next_run(
    backups, root, folder, monkeypatch
):
    """Killed after the audit event was recorded and before the file was renamed."""
    with monkeypatch.context() as patch:
        patch.setattr("aiwebengine.backups.archive.Writer.name", lambda _: None)
        patch.setattr("aiwebengine.backups.archive.Writer.close", lambda self: self._file.close())
        patch.setattr(
            "aiwebengine.backups.catalog.BackupCatalog.find", lambda *_, **__: asyncio.sleep(0)
        )
        await backups.create(root)
    assert [one.name[:1] for one in folder.iterdir()] == ["."]

    await backups.create(root)

    assert len(await backups.all(root)) == 2
    assert {one.state for one in await backups.all(root)} == {BackupState.COMPLETE}


def test_the_password_is_neither_an_argument_nor_in_the_environment(url):
    secret = "pass\\wo:rd"
    with programs._environment("postgresql://u:pass%5Cwo%3Ard@localhost/x") as (environ, files):
        assert not any(secret in value or "pass%5C" in value for value in environ.values())
        assert Path(environ["PGPASSFILE"]).read_text() == "*:*:*:*:pass\\\\wo\\:rd\n"
        assert len(files) == 1


def test_an_old_program_is_refused_with_what_to_install(monkeypatch, tmp_path):
    old = tmp_path / "pg_dump"
    old.write_text('#!/bin/sh\necho "pg_dump (PostgreSQL) 14.1"\n')
    old.chmod(0o755)
    monkeypatch.setattr(programs, "_candidates", lambda *_: [old])

    with pytest.raises(programs.NoProgram) as refused:
        programs.find("pg_dump", 18, False)

    assert "is version 14" in refused.value.message
    assert "postgresql-client-18" in refused.value.message


def test_the_engines_own_programs_are_not_used_where_tls_is(monkeypatch):
    plain = [str(path) for path in programs._candidates("pg_dump", False)]
    encrypted = [str(path) for path in programs._candidates("pg_dump", True)]

    assert plain[0] == str(embedded_programs() / "pg_dump")
    assert plain[0] not in encrypted


async def test_an_error_of_pg_dump_is_reported_with_its_message(
    backups, root, engine, folder, monkeypatch
):
    monkeypatch.setattr(create, "_dump_arguments", lambda *_, **__: ["--format=nonsense"])

    with pytest.raises(programs.ProgramFailed) as refused:
        await backups.create(root)

    assert "invalid output format" in refused.value.message
    assert list(folder.iterdir()) == []


async def test_secrets_are_in_it_only_when_asked_and_only_encrypted(
    backups, root, folder, tmp_path, monkeypatch
):
    (tmp_path / "config.toml").write_text('[security]\napi_key = "very-secret-key"\n')
    monkeypatch.setenv("APP_AUTH__X", "other-secret")
    secrets = create.Secrets("correct horse battery", (tmp_path / "config.toml",))

    plain = await backups.create(root)
    made = await backups.create(root, secrets=secrets)

    assert (plain.has_secrets, made.has_secrets) == (False, True)
    assert b"very-secret" not in (folder / made.name).read_bytes()
    assert b"other-secret" not in (folder / made.name).read_bytes()
    sealed = content(folder / made.name, "secrets/config.toml.sealed")
    assert b"very-secret-key" in b"".join(opened("correct horse battery", [sealed]))
    with pytest.raises(WrongPassphrase):
        b"".join(opened("correct horse batterx", [sealed]))


async def test_memory_stays_flat(backups, root, url):
    with psycopg.connect(url) as connection:
        connection.execute(
            "create table noise as select n, md5(random()::text) || md5(random()::text) as t"
            " from generate_series(1, 400000) n"
        )
    tracemalloc.start()
    try:
        made = await backups.create(root)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert made.size_bytes > 15_000_000
    assert peak < 8_000_000


def test_row_counts_name_every_table(url):
    with cluster_store.connection(url) as connection:
        tables = cluster_store.tables(connection)

    assert {"users", "audit_events", "audit_chain", "runs"} <= set(tables)


async def test_the_dump_can_be_taken_out_with_tar_and_read_by_pg_restore(
    backups, root, folder, tmp_path
):
    made = await backups.create(root)

    def run(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    run("tar", "-xf", folder / made.name, "-C", tmp_path)
    listed = run(embedded_programs() / "pg_restore", "--list", tmp_path / "database.dump")

    assert "TABLE DATA public users" in listed


async def test_a_filter_of_the_trail_knows_backups(backups, engine, ada):
    made = await backups.create(ada)

    found = await engine.services.audit.page(ada, AuditFilter(search=made.name), None, 5)

    assert [event.target_label for event in found] == [made.name]
