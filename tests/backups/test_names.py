"""Names, links and contents of a directory or a bucket are input: one odd one breaks nothing."""

import asyncio
import logging
import os
import tarfile
import threading
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import orjson
import pytest
from tests.backups.archives import rewritten

from aiwebengine.backups import archive, create, names, sibling_databases
from aiwebengine.backups.cluster_store import name_of
from aiwebengine.backups.manifest import Damaged, parse
from aiwebengine.backups.retention import superfluous
from aiwebengine.backups.types import BackupRunState, BackupState
from aiwebengine.core.config import Backup
from aiwebengine.core.errors import NotFound
from aiwebengine.core.identity import Role

ODD = [
    "aiwebengine-99999999-999999-abcdef.tar",
    "aiwebengine-20260231-000000-abcdef.tar",
    "aiwebengine-00000101-000000-abcdef.tar",
    "aiwebengine-٢٠٢٦٠١٠١-000000-abcdef.tar",
    "aiwebengine-\x1b[2J.tar",
]


@pytest.mark.parametrize("name", ODD)
def test_a_name_without_a_real_date_is_none(name):
    assert names.parsed(name) is None


async def test_an_odd_file_name_is_ignored_logged_once_and_breaks_no_operation(
    backups, root, ask, ada, folder, caplog
):
    await backups.create(root)
    for name in ODD:
        (folder / name).write_bytes(b"x")
        (folder / f".{name}.part").write_bytes(b"x")
    (folder / os.fsdecode(b".aiwebengine-\xff.part")).write_bytes(b"x")

    with caplog.at_level(logging.WARNING):
        listed = await ask(ada, "{ backups { nodes { name } } }")
        made = await backups.create(root)
        pruned = await backups.prune(root)
        drilled = await backups.drill(root)
        await backups.verify(root, made.name)

    assert len(listed["data"]["backups"]["nodes"]) == 1
    assert drilled.state is BackupRunState.SUCCEEDED
    assert pruned.local == []
    assert [record.msg for record in caplog.records].count("backup.ignored") == len(ODD)
    assert "aiwebengine-\\x1b[2J.tar" in backups.ignored(root)
    for name in ODD:
        with pytest.raises(NotFound):
            await backups.verify(root, name)


@pytest.mark.parametrize("kind", ["link", "broken link", "folder", "pipe"])
async def test_only_a_regular_file_is_an_archive(
    backups, root, folder, tmp_path, kind, served, add_served_person
):
    made = await backups.create(root)
    secret = tmp_path / "secret"
    secret.write_text("for nobody's eyes")
    name = "aiwebengine-20261126-010101-abcdef.tar"
    served_folder = served.engine.config.backup.directory
    path = served_folder / name
    if kind == "link":
        path.symlink_to(secret)
    elif kind == "broken link":
        path.symlink_to("nowhere")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    headers = {"Authorization": f"Bearer {await served.token(ada)}"}

    async with asyncio.timeout(60):
        listed = await backups.all(root)
        for verb in (backups.verify, backups.delete, backups.restore):
            with pytest.raises(NotFound):
                await verb(root, name)
        async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
            got = await client.get(f"/api/engine/admin/backups/{name}")
        await backups.create(root)
        await backups.prune(root)

    assert [one.name for one in listed] == [made.name]
    assert got.status_code == 404
    assert "nobody" not in got.text
    assert secret.read_text() == "for nobody's eyes"
    assert path.name in {entry.name for entry in served_folder.iterdir()}


async def test_a_link_in_the_place_of_an_unfinished_archive_is_not_written_through(
    backups, root, folder, tmp_path
):
    await backups.create(root)
    target = tmp_path / "target"
    target.write_text("kept")
    link = folder / ".aiwebengine-20261126-010101-abcdef.tar.part"
    link.symlink_to(target)

    await backups.create(root)

    assert target.read_text() == "kept"
    assert link.name not in {entry.name for entry in folder.iterdir()}


def test_a_link_among_the_logs_is_not_taken_along(tmp_path):
    log = tmp_path / "aiwebengine.log"
    log.write_text("a line")
    (tmp_path / "secret").write_text("for nobody's eyes")
    (tmp_path / "aiwebengine.log.1").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "aiwebengine.log.2")

    assert create._newest_logs(log) == [log]


@pytest.mark.timed
def test_an_archive_of_countless_members_is_refused_after_the_first_few(tmp_path):
    path = tmp_path / "aiwebengine-20261126-010101-abcdef.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for number in range(1_000):
            tar.addfile(tarfile.TarInfo(f"m{number}"))
    with open(path, "rb") as file:
        block = file.read(tarfile.BLOCKSIZE)
    with open(path, "wb") as file:
        for _ in range(600):
            file.write(block * 1_000)
    threads = threading.active_count()
    reads = []

    class Counting:
        def __init__(self, file):
            self._file = file

        def __getattr__(self, name):
            return getattr(self._file, name)

        def read(self, size):
            reads.append(size)
            return self._file.read(size)

    with path.open("rb") as file, pytest.raises(Damaged, match="more than 256 files"):
        archive._members(Counting(file), path.name)

    assert len(reads) <= archive.MAX_MEMBERS + 1
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.XHDTYPE, b"L", b"S"]
)
def test_a_member_that_is_no_plain_file_is_refused(tmp_path, kind):
    path = tmp_path / "aiwebengine-20261126-010101-abcdef.tar"
    info = tarfile.TarInfo("manifest.json")
    info.type, info.size = kind, 1 << 40
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))

    with pytest.raises(Damaged):
        archive.read(path)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a//b", "a/./b", "x\x1b[2J", "x" * 101])
def test_a_member_with_a_bad_name_is_refused(name):
    manifest = {**GOOD, "parts": [{"name": name, "size": 1, "sha256": "0" * 64}]}

    with pytest.raises(Damaged):
        parse(orjson.dumps(manifest), "it")


GOOD = {
    "name": "aiwebengine-20261126-010101-abcdef.tar",
    "created_at": "2026-11-26T01:01:01+00:00",
    "program_version": "0.2.0",
    "database_version": "18.1",
    "dump_version": "pg_dump (PostgreSQL) 18.1",
    "database_bytes": 1,
    "migrations": ["0001.create-users"],
    "tables": {"users": 1},
    "audit_event_id": None,
    "audit_head": None,
    "parts": [],
    "note": None,
    "format": 1,
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("created_at", "2026-11-26"),
        ("created_at", 5),
        ("created_at", "99999-01-01"),
        ("created_at", "9999-12-31T23:59:59-12:00"),
        ("created_at", "0001-01-01T00:00:00+12:00"),
        ("program_version", "\x1b]0;owned\x07"),
        ("program_version", ["0.2.0"]),
        ("name", "x" * 501),
        ("database_bytes", -1),
        ("database_bytes", 1 << 63),
        ("database_bytes", 1.5),
        ("database_bytes", True),
        ("tables", []),
        ("tables", {"users": "many"}),
        ("tables", {"users": -1}),
        ("migrations", "0001"),
        ("migrations", ["0001; drop table users"]),
        ("audit_event_id", "1"),
        ("audit_head", 1),
        ("parts", {"a": 1}),
        ("parts", [{"name": "a", "size": 1}]),
        ("parts", [{"name": "a", "size": 1, "sha256": "short"}]),
        ("format", "1"),
        ("format", 2),
        ("note", 5),
    ],
)
def test_a_manifest_with_a_value_of_another_kind_is_damage_and_no_fault(key, value):
    parse(orjson.dumps(GOOD), "it")

    with pytest.raises(Damaged):
        parse(orjson.dumps({**GOOD, key: value}), "it")


async def test_a_manifest_of_the_future_and_of_huge_numbers_breaks_no_list(
    backups, root, ask, ada, folder
):
    made = await backups.create(root)

    def odd(manifest):
        return replace(
            manifest,
            created_at=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
            database_bytes=1,
            tables={**manifest.tables, "huge": (1 << 63) - 1},
            audit_event_id=(1 << 63) - 1,
        )

    forged = folder / "aiwebengine-99991231-235959-abcdef.tar"
    rewritten(folder / made.name, to=forged, change=odd, is_signed=False)

    listed = await ask(
        ada,
        "{ backups { nodes { name createdAt auditEventId signature rowCounts { rows } } } }",
    )
    second = await backups.create(root)
    await backups.prune(root)

    assert "errors" not in listed
    assert listed["data"]["backups"]["nodes"][0]["signature"] == "UNSIGNED"
    assert (await backups.newest()).name == second.name
    assert (await backups.find(root, made.name)).state is BackupState.COMPLETE


def test_a_name_of_the_future_keeps_no_other_from_being_kept():
    now = datetime(2026, 6, 15, 12, tzinfo=UTC)
    forged = [f"aiwebengine-9999123{day}-000000-abcdef.tar" for day in (0, 1)]
    mine = "aiwebengine-20250101-000000-abcdef.tar"
    rules = Backup(retention_days=1, keep_daily=1, keep_weekly=0, keep_monthly=0)

    assert mine not in superfluous([*forged, mine], [*forged, mine], rules, now)


async def test_a_database_that_is_named_like_a_kept_one_is_left_alone(
    backups, root, server, url, databases
):
    name = f"{name_of(url)}_before_99999999999999999999"
    server.run(f"create database {name}")
    try:
        done = await backups.prune(root)
    finally:
        server.run(f"drop database {name}")

    assert done.databases == []
    assert sibling_databases.kept_since(name) is None


async def test_a_backup_of_a_wrong_clock_is_never_the_newest(backups, root, folder):
    made = await backups.create(root)
    ahead = folder / "aiwebengine-20991231-235959-abcdef.tar"
    later = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)
    rewritten(folder / made.name, to=ahead, change=lambda told: replace(told, created_at=later))

    both = await backups.newest()
    (folder / made.name).unlink()
    alone = await backups.newest()

    assert (both.name, alone.name) == (made.name, ahead.name)
