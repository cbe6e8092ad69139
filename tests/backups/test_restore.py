"""Restoring backups: completely or not at all, while the engine keeps running."""

import asyncio
import os
import tarfile

import httpx2
import orjson
import psycopg
import pytest
from tests.backups.archives import rewritten
from tests.conftest import adder, configured, free_port, serving

from aiwebengine.app.engine import Engine
from aiwebengine.backups import archive, cluster_store, restore
from aiwebengine.backups.types import BackupRunKind, BackupRunState, BackupState
from aiwebengine.core.errors import BadUserInput, NotFound, ReauthenticationRequired
from aiwebengine.core.identity import Origin, Role, anonymous
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.migrations.service import Migrations

EMAILS = "select email from users order by email"


def spoilt(path, name, at=0.5):
    """One byte of a part is another one."""
    with tarfile.open(path) as tar:
        member = tar.getmember(name)
    with open(path, "r+b") as file:
        file.seek(member.offset_data + int(member.size * at))
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 0xFF]))


async def test_a_restore_brings_back_the_data_and_is_in_the_restored_trail(
    backups, root, ada, engine, rows, databases
):
    made = await backups.create(ada)
    await adder(engine)("later")

    done = await backups.restore(ada, made.name)

    assert rows(EMAILS) == [("ada@example.com",)]
    action, actor, label, after = rows(
        "select action, actor_label, target_label, after from audit_events order by id"
    )[-1]
    assert (action, actor, label) == ("backup.restored", "ada@example.com", made.name)
    assert after["safety_backup"] == done.safety_backup
    assert after["events_left_behind"] == done.events_left_behind > 0
    run = (await backups.runs(ada, [BackupRunKind.RESTORE], None, 1))[0]
    assert (run.state, run.backup_name) == (BackupRunState.SUCCEEDED, made.name)
    assert len(databases()) == 2
    assert databases()[1].startswith("it_before_")
    assert (await backups.find(root, done.safety_backup)).state is BackupState.COMPLETE


async def test_the_safety_backup_undoes_a_restore(backups, root, ada, engine, rows):
    made = await backups.create(root)
    await adder(engine)("later")

    first = await backups.restore(root, made.name)
    await backups.restore(root, first.safety_backup, drop_old=True)

    assert rows(EMAILS) == [("ada@example.com",), ("later@example.com",)]


async def test_what_was_proved_since_the_backup_stays_proved(backups, root):
    made = await backups.create(root)
    await backups.verify(root, made.name)
    await backups.drill(root)

    await backups.restore(root, made.name)

    kinds = [run.kind for run in await backups.runs(root, list(BackupRunKind), None, 10)]
    assert kinds == [
        BackupRunKind.RESTORE,
        BackupRunKind.DRILL,
        BackupRunKind.VERIFY,
        BackupRunKind.CREATE,
    ]
    assert (await backups.find(root, made.name)).verified_at is not None


async def test_audit_numbers_are_not_given_twice_and_the_chain_holds(backups, root, ada, engine):
    made = await backups.create(root)
    await adder(engine)("later")
    highest = await engine.db.value("select max(id) from audit_events")

    await backups.restore(root, made.name)

    assert await engine.db.value("select max(id) from audit_events") > highest
    await engine.services.chain.seal()
    assert (await engine.services.chain.verify(root)).problem is None


async def test_engines_that_run_serve_again_by_themselves(url, tmp_path, root):
    engines = [Engine(configured(tmp_path).at_port(free_port()), url) for _ in range(2)]
    for engine in engines:
        await engine.prepare()
    async with serving(engines[0]) as one, serving(engines[1]) as other:
        ada = await adder(engines[0])("ada", Role.ADMINISTRATOR)
        token = {"Authorization": f"Bearer {await one.token(ada)}"}
        backups = engines[0].services.backups
        made = await backups.create(root)
        seen, goes_on = [], True

        async def ask(served):
            async with httpx2.AsyncClient(base_url=served.base, timeout=30) as client:
                while goes_on:
                    answer = await client.post(
                        "/graphql", json={"query": "{ users { totalCount } }"}, headers=token
                    )
                    seen.append((answer.status_code, answer.json().get("data")))

        clients = [asyncio.create_task(ask(served)) for served in (one, other) for _ in range(2)]
        await asyncio.sleep(0.2)
        for _ in range(3):
            await backups.restore(root, made.name, with_safety_backup=False, drop_old=True)
        before = len(seen)
        async with asyncio.timeout(20):
            while [status for status, _ in seen[before:]].count(200) < 40:
                await asyncio.sleep(0.05)
        goes_on = False
        await asyncio.gather(*clients)
        async with httpx2.AsyncClient() as client:
            health = [
                (await client.get(f"{served.base}/health")).status_code for served in (one, other)
            ]

    wrong = [
        answer
        for answer in seen
        if answer != (200, {"users": {"totalCount": 1}}) and answer[0] != 503
    ]
    assert wrong == []
    assert health == [200, 200]


@pytest.mark.parametrize("at", [0.01, 0.5, 0.99])
async def test_a_damaged_dump_changes_nothing(
    backups, root, ada, engine, folder, rows, databases, events_of, at
):
    made = await backups.create(root)
    await adder(engine)("later")
    spoilt(folder / made.name, "database.dump", at)
    before = await events_of()

    with pytest.raises((archive.Damaged, restore.Conflict)):
        await backups.restore(root, made.name, with_safety_backup=False)

    assert rows(EMAILS) == [("ada@example.com",), ("later@example.com",)]
    assert databases() == ["it"]
    assert await events_of() == before
    run = (await backups.runs(root, [BackupRunKind.RESTORE], None, 1))[0]
    assert run.state is BackupRunState.FAILED
    assert run.problem


@pytest.mark.parametrize("left", [0, 100, 512, 20_000])
async def test_a_cut_off_archive_is_seen_and_never_restored(backups, root, folder, rows, left):
    made = await backups.create(root)
    os.truncate(folder / made.name, left)

    assert (await backups.all(root))[0].state is BackupState.DAMAGED
    assert await backups.newest() is None
    with pytest.raises(archive.Damaged):
        await backups.restore(root, made.name, with_safety_backup=False)


async def test_too_few_rows_are_noticed_before_anything_is_changed(
    backups, root, ada, folder, databases
):
    made = await backups.create(root)

    def one_more(manifest):
        manifest.tables["users"] += 1
        return manifest

    rewritten(folder / made.name, one_more)
    with pytest.raises(archive.Damaged, match="users has 1 rows; expected 2"):
        await backups.restore(root, made.name, with_safety_backup=False)

    assert databases() == ["it"]


async def test_a_newer_backup_is_refused_in_clear_words(backups, root, folder, databases):
    made = await backups.create(root)

    def newer(manifest):
        manifest.migrations.append("9999-from-the-future")
        return manifest

    rewritten(folder / made.name, newer)
    with pytest.raises(restore.TooNew, match="9999-from-the-future"):
        await backups.restore(root, made.name)

    assert databases() == ["it"]


async def test_an_older_backup_is_brought_up_to_date(url, server, tmp_path, root, template):
    """Taken before the newest migration was applied."""
    engine = Engine(configured(tmp_path), url)
    await engine.prepare()
    newest = Migrations(url, MIGRATIONS).status()[-1].id
    made = await engine.services.backups.create(root)
    path = engine.config.backup.directory / made.name
    old = f"old_{made.name[-10:-4]}"
    server.run(f"create database {old} template {template}")
    Migrations(server.database(old), MIGRATIONS).down()
    other = Engine(engine.config, server.database(old))
    await other.db.connect()
    older = await other.services.backups.create(root)
    await other.db.disconnect()
    assert newest not in archive.read_manifest(path.with_name(older.name)).migrations

    await engine.services.backups.restore(root, older.name)

    status = Migrations(url, MIGRATIONS).status()
    await engine.db.disconnect()
    assert [one for one in status if one.applied_at is None or not one.is_intact] == []


async def test_who_was_signed_out_since_does_not_come_in_again(backups, engine, root, ada, rows):
    services = engine.services
    ended = await services.sessions.begin(anonymous(Origin("web")), ada.id, ada.label, "link")
    lasting = await services.sessions.begin(anonymous(Origin("web")), ada.id, ada.label, "link")
    revoked = await services.tokens.create(ada, None, "revoked")
    kept = await services.tokens.create(ada, None, "kept")
    made = await backups.create(root)
    await engine.db.execute("delete from sessions where id = :id", id=ended.session.key)
    await services.tokens.revoke(ada, revoked.token.key)

    await backups.restore(root, made.name)

    callers, web = services.callers, Origin("web")
    assert not (await callers.by_session(ended.secret, web)).is_signed_in
    assert (await callers.by_session(lasting.secret, web)).is_signed_in
    assert (await callers.by_token(kept.secret, web)).is_signed_in
    assert rows("select name from api_tokens where revoked_at is null") == [("kept",)]


async def test_into_another_database_only_when_it_is_empty(backups, root, ada, server):
    made = await backups.create(root)
    target = f"into_{made.name[-10:-4]}"
    server.run(f"create database {target}")
    url = server.database(target)

    await backups.restore_into(root, made.name, url)
    with pytest.raises(restore.NotEmpty):
        await backups.restore_into(root, made.name, url)

    with psycopg.connect(url) as connection:
        assert connection.execute(EMAILS).fetchall() == [("ada@example.com",)]
        newest = connection.execute("select action from audit_events order by id desc").fetchone()
    assert newest == ("backup.restored",)


async def test_a_lost_database_comes_back_from_the_files(backups, root, ada, server, url, engine):
    made = await backups.create(root)
    name = cluster_store.name_of(url)
    server.run(f"drop database {name} with (force)")

    listed = await backups.all(root)
    checked = await backups.verify(root, made.name)
    done = await backups.restore(root, made.name)

    assert [one.name for one in listed] == [made.name]
    assert checked.state is BackupState.COMPLETE
    assert (done.safety_backup, done.kept_database) == (None, None)
    with psycopg.connect(url) as connection:
        assert connection.execute(EMAILS).fetchall() == [("ada@example.com",)]


async def test_a_browser_must_have_signed_in_recently_and_name_it(backups, engine, ada, databases):
    session = await engine.services.sessions.begin(
        anonymous(Origin("web")), ada.id, ada.label, "link"
    )
    made = await backups.create(ada)
    fresh = await engine.services.callers.by_session(session.secret, Origin("web"))
    await engine.db.execute("update sessions set created_at = now() - interval '1 hour'")
    late = await engine.services.callers.by_session(session.secret, Origin("web"))

    with pytest.raises(ReauthenticationRequired):
        await backups.start_restore(late, made.name, made.name)
    with pytest.raises(BadUserInput):
        await backups.start_restore(fresh, made.name, "something else")
    with pytest.raises(NotFound):
        await backups.start_restore(fresh, "x", "x")

    assert databases() == ["it"]


async def test_settings_of_the_database_survive(backups, root, server, url, rows):
    name = cluster_store.name_of(url)
    server.run(f"alter database {name} set work_mem to '7MB'")
    made = await backups.create(root)

    await backups.restore(root, made.name, with_safety_backup=False, drop_old=True)

    assert rows("show work_mem") == [("7MB",)]


async def test_leftovers_of_killed_runs_are_dropped_by_the_next(
    backups, root, server, url, databases
):
    made = await backups.create(root)
    name = cluster_store.name_of(url)
    server.run(f"create database {name}_restore_0123abcd")
    server.run(f"create database {name}_drill_0123abcd")

    await backups.restore(root, made.name, with_safety_backup=False, drop_old=True)

    assert databases() == ["it"]


def test_a_manifest_of_an_unknown_format_is_refused(tmp_path):
    path = tmp_path / "aiwebengine-20260101-000000-abcdef.tar"
    writer = archive.Writer(path)
    writer.add("manifest.json", [orjson.dumps({"parts": [], "created_at": "x"})])
    writer._file.write(bytes(1024))
    writer.name()
    writer.close()

    with pytest.raises(archive.Damaged, match="its manifest is invalid"):
        archive.read_manifest(path)
