"""A storage that refuses, hangs or lacks its bucket: what is said, and what still works."""

import asyncio
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from moto.server import ThreadedMotoServer
from tests.backups import storage as storages
from tests.backups.archives import rewritten
from tests.conftest import configured

from aiwebengine.app.engine import Engine
from aiwebengine.app.tasks import data_tasks
from aiwebengine.backups import catalog
from aiwebengine.backups.remote import Remote
from aiwebengine.backups.storage import CopyFailed, StorageFailed
from aiwebengine.backups.types import BackupLocation, BackupRunKind, BackupRunState, Progress
from aiwebengine.core.errors import NotFound
from aiwebengine.jobs.types import TaskFailed
from aiwebengine.maintenance.backup_evidence import backed_up
from aiwebengine.maintenance.types import MaintenanceState

DENIED = (403, "AccessDenied", "Access Denied")
LOCAL, S3 = BackupLocation.LOCAL, BackupLocation.S3


@pytest.fixture(scope="module")
def moto():
    """The port of a real storage."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    address = f"http://127.0.0.1:{port}/{storages.BUCKET}"
    urllib.request.urlopen(urllib.request.Request(address, method="PUT"), timeout=30).close()
    yield port
    server.stop()


@pytest.fixture
def storage(moto):
    with storages.serving(moto) as storage:
        yield storage


@pytest.fixture
async def engine(url, tmp_path, storage):
    config = configured(tmp_path)
    rules = {"keep_daily": 0, "keep_weekly": 0, "keep_monthly": 0}
    s3 = storages.configuration(storage.server_port, prefix=f"{tmp_path.name}/")
    backup = config.backup.model_copy(update={"s3": s3, **rules})
    engine = Engine(config.model_copy(update={"backup": backup}), url)
    await engine.prepare()
    yield engine
    await engine.db.disconnect()


@pytest.fixture
def old(folder, engine):
    """Puts old archives here and into the storage; their names, oldest first."""

    def put(made, count):
        names = []
        for days in range(count):
            at = datetime.now(UTC) - timedelta(days=900 - days)
            names.append(f"aiwebengine-{at:%Y%m%d-%H%M%S}-abcdef.tar")
            rewritten(folder / made.name, to=folder / names[-1])
            engine.services.backups._remote.upload(folder / names[-1], Progress())
        return names

    return put


async def test_uploads_and_downloads_are_runs_of_their_own_kind_that_end(
    backups, root, folder, engine
):
    made = await backups.create(root)
    before = await backed_up(backups, engine.services.jobs)()

    await backups.upload(root, made.name)
    (folder / made.name).unlink()
    await backups.download(root, made.name)

    runs = await backups.runs(root, list(BackupRunKind), None, 10)
    assert [(run.kind.value, run.state.value) for run in runs] == [
        ("download", "succeeded"),
        ("upload", "succeeded"),
        ("create", "succeeded"),
    ]
    assert all(run.ended_at is not None for run in runs)
    assert (await backed_up(backups, engine.services.jobs)()).done_at == before.done_at
    assert [one.name for one in await backups.all(root)] == [made.name]


@pytest.mark.parametrize(
    ("kind", "method"), [(BackupRunKind.UPLOAD, "PUT"), (BackupRunKind.DOWNLOAD, "GET")]
)
async def test_a_transfer_that_is_refused_is_no_backup_that_failed(
    backups, root, folder, storage, engine, kind, method
):
    made = await backups.create(root)
    storage.refusals = {"PUT": DENIED, "POST": DENIED, "GET": DENIED}
    if kind is BackupRunKind.DOWNLOAD:
        (folder / made.name).unlink()

    with pytest.raises(StorageFailed, match=r"returned an error: AccessDenied: Access Denied\.$"):
        await (backups.upload if kind is BackupRunKind.UPLOAD else backups.download)(
            root, made.name
        )

    (run,) = (await backups.runs(root, list(BackupRunKind), None, 1))[:1]
    assert (run.kind, run.state) == (kind, BackupRunState.FAILED)
    assert "AccessDenied" in run.problem
    assert (
        await backed_up(backups, engine.services.jobs)()
    ).state is not MaintenanceState.ATTENTION


@pytest.mark.parametrize(
    "refusal",
    [DENIED, (400, "InvalidRequest", "checksum"), (500, "InternalError", "x"), (404, "Odd", "x")],
)
async def test_a_copy_that_stays_is_not_recorded_as_deleted(
    backups, root, folder, storage, events_of, old, refusal
):
    made = await backups.create(root)
    names = old(made, 2)
    before = await events_of()
    storage.refusals = {"DELETE": refusal, "POST": refusal}

    first, second = await backups.prune(root), await backups.prune(root)

    events = await engine_events(backups)
    assert sorted(first.failed) == names, "one refusal must not end the round"
    assert refusal[1] in first.failed[names[0]]
    assert sorted(second.failed) == names
    assert not any((folder / name).exists() for name in names)
    assert [event["locations"] for event in events] == [["local"], ["local"]]
    assert (await events_of())[len(before) :] == ["backup.deleted"] * 2
    storage.refusals = {}
    third = await backups.prune(root)
    assert (third.failed, sorted(third.remote)) == ({}, names)
    assert [event["locations"] for event in await engine_events(backups)][2:] == [["s3"]] * 2
    assert [one.name for one in await backups.all(root)] == [made.name]


async def engine_events(backups):
    """What the audit events of deletions say was there before, oldest first."""
    rows = await backups._db.all(
        "select before from audit_events where action = 'backup.deleted' order by id"
    )
    return [row["before"] for row in rows]


async def test_a_file_that_can_not_be_deleted_is_not_recorded_as_deleted(
    backups, root, folder, events_of, monkeypatch
):
    first = await backups.create(root)
    await backups.create(root)
    before = await events_of()

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(backups._directory), "remove", refuse)
    with pytest.raises(StorageFailed, match=r"Permission denied.*Removed from: s3"):
        await backups.delete(root, first.name)

    assert (await events_of())[len(before) :] == ["backup.deleted"]
    assert await engine_events(backups) == [{"locations": ["s3"]}]
    assert (await backups.find(root, first.name)).locations == [LOCAL]


async def test_one_object_is_deleted_by_a_plain_delete(backups, root, storage):
    first = await backups.create(root)
    await backups.create(root)
    storage.asked.clear()

    await backups.delete(root, first.name)

    asked = [one for one in storage.asked if not one.startswith("GET")]
    assert len(asked) == 1
    assert asked[0].startswith("DELETE /backups/")
    assert f"{first.name}?" in asked[0]


async def test_a_storage_that_can_not_be_listed_may_hold_a_copy(backups, root, storage):
    first = await backups.create(root)
    await backups.create(root)
    storage.refusals = {"LIST": DENIED}

    await backups.delete(root, first.name)

    storage.refusals = {}
    assert first.name not in [one.name for one in await backups.all(root)]


async def test_a_key_that_may_not_list_is_named_and_the_copy_known(backups, root, storage):
    storage.refusals = {"LIST": DENIED}

    made = await backups.create(root)

    assert made.locations == [LOCAL, S3]
    assert "AccessDenied" in await backups.remote_trouble(root)


async def test_a_missing_bucket_and_a_missing_backup_are_different_errors(
    backups, root, moto, folder
):
    made = await backups.create(root)
    elsewhere = Remote(storages.configuration(moto, bucket="nobucket"))

    with pytest.raises(NotFound, match=r"no bucket 'nobucket'.*backup\.s3\.bucket"):
        elsewhere.download(made.name, backups._directory, Progress())
    with pytest.raises(NotFound, match="no bucket 'nobucket'"):
        elsewhere.remove(made.name)
    with pytest.raises(NotFound, match="no bucket 'nobucket'"):
        elsewhere.upload(folder / made.name, Progress())
    with pytest.raises(NotFound, match="no bucket 'nobucket'"):
        elsewhere.sizes()
    with pytest.raises(NotFound, match="There is no backup aiwebengine-2020"):
        backups._remote.download(
            "aiwebengine-20200101-000000-abcdef.tar", backups._directory, Progress()
        )


@pytest.mark.parametrize("verb", ["upload", "download", "verify", "delete", "restore"])
async def test_a_backup_that_may_lie_in_a_storage_nobody_can_list_names_the_reason(
    backups, root, storage, verb
):
    storage.refusals = {"LIST": (404, "NoSuchBucket", "x")}

    with pytest.raises(NotFound, match=r"on this machine.*no bucket 'backups'"):
        await getattr(backups, verb)(root, "aiwebengine-20200101-000000-abcdef.tar")


async def test_pruning_a_storage_that_can_not_be_listed_is_no_success(
    backups, root, folder, storage, old
):
    names = old(await backups.create(root), 2)
    storage.refusals = {"LIST": DENIED}

    done = await backups.prune(root)

    assert "AccessDenied" in done.failed["S3 storage"]
    assert sorted(done.local) == names, "what lies here is removed all the same"
    assert not any((folder / name).exists() for name in names)


async def test_a_backup_into_a_missing_bucket_says_that_the_archive_is_good(backups, root, moto):
    backups._work._remote = Remote(storages.configuration(moto, bucket="nobucket"))

    with pytest.raises(
        CopyFailed, match=r"is complete, but could not be copied.*no bucket 'nobucket'"
    ):
        await backups.create(root)


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("RequestTimeTooSkewed", "The difference is too large.", "RequestTimeTooSkewed: The d"),
        ("AccessDenied", "a &lt;b&gt; \u202e \x1b[2J", r"AccessDenied: a <b> \u202e \x1b[2J"),
        ("AccessDenied", "long " * 100_000, "returned an error"),
    ],
)
async def test_the_reason_of_a_refusal_comes_first_and_on_one_line(
    backups, root, storage, code, message, said
):
    storage.refusals = {"LIST": (403, code, message)}

    trouble = await backups.remote_trouble(root)

    assert said in trouble
    assert len(trouble) < 500
    assert "\x1b" not in trouble
    assert "http://" not in trouble


async def test_a_storage_that_hangs_holds_up_no_list_and_no_other_thread(
    backups, root, storage, monkeypatch
):
    made = await backups.create(root)
    monkeypatch.setattr(catalog, "_LIST_TIMEOUT_SECS", 0.2)
    storage.may_answer.clear()
    storage.asked.clear()

    async with asyncio.timeout(30):
        lists = await asyncio.gather(*(backups.all(root) for _ in range(40)))
        newest = await backups.newest()
        trouble = await backups.remote_trouble(root)

    assert {tuple(one.name for one in found) for found in lists} == {(made.name,)}
    assert newest.name == made.name
    assert "did not respond within" in trouble
    assert len(storage.asked) == 1, "each who asks must not wait in a thread of its own"


async def test_the_newest_backup_here_is_known_without_the_storage(backups, root, storage):
    made = await backups.create(root)
    storage.asked.clear()

    assert (await backups.newest()).name == made.name
    assert storage.asked == []


async def test_the_task_fails_when_something_could_not_be_removed(
    backups, root, engine, storage, old
):
    names = old(await backups.create(root), 2)
    storage.refusals = {"DELETE": DENIED}
    (prune,) = [
        task
        for task in data_tasks(engine.config, backups, engine.services.database_admin)
        if task.name == "prune-backups"
    ]

    with pytest.raises(TaskFailed, match=f"{names[0]}: .*AccessDenied.*{names[1]}"):
        await prune.run(lambda _: None)


@pytest.mark.parametrize("kind", ["file", "link to itself"])
async def test_a_backup_directory_that_can_not_be_read_is_named(
    backups, root, ask, ada, folder, kind
):
    if kind == "file":
        folder.write_text("x")
    else:
        folder.symlink_to(folder)

    with pytest.raises(StorageFailed, match=r"backup directory .* can't be read: .*backup\.dir"):
        await backups.all(root)
    shown = await ask(ada, "{ backups { nodes { name } } }")

    assert shown["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert "can't be read" in shown["errors"][0]["message"]


async def test_a_bucket_of_others_is_not_listed_to_its_end(backups, monkeypatch):
    monkeypatch.setattr("aiwebengine.backups.remote._MAX_OBJECTS", 1)
    archive = backups._directory.new_path("x")
    for number in range(3):
        path = archive.with_name(f"aiwebengine-20260101-00000{number}-abcdef.tar")
        path.write_bytes(b"x")
        backups._remote.upload(path, Progress())

    with pytest.raises(StorageFailed, match=r"more than 1 object.*backup\.s3\.prefix"):
        backups._remote.sizes()
