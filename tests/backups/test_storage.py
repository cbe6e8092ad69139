"""Archives in S3-compatible storage: a real server on loopback that speaks its protocol."""

import asyncio
import re
import socket
import threading
import urllib.request

import pytest
from moto.server import ThreadedMotoServer
from tests.conftest import adder, configured, free_port

from aiwebengine.app.engine import Engine
from aiwebengine.backups.remote import Remote
from aiwebengine.backups.runs import AnotherRuns
from aiwebengine.backups.storage import CopyFailed, StorageFailed
from aiwebengine.backups.types import BackupLocation, BackupRunKind, BackupRunState, BackupState
from aiwebengine.core.config import S3
from aiwebengine.core.errors import NotFound

BUCKET = "backups"


def storage(port, **changes):
    return S3(
        bucket=BUCKET,
        endpoint=f"http://127.0.0.1:{port}",
        access_key_id="key",
        secret_access_key="secret",
        **changes,
    )


@pytest.fixture(scope="module")
def s3():
    """The port of the storage."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    make = urllib.request.Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT")
    urllib.request.urlopen(make).close()
    yield port
    server.stop()


@pytest.fixture
async def engine(url, tmp_path, s3):
    config = configured(tmp_path)
    backup = config.backup.model_copy(update={"s3": storage(s3, prefix=f"{tmp_path.name}/")})
    engine = Engine(config.model_copy(update={"backup": backup}), url)
    await engine.prepare()
    yield engine
    await engine.db.disconnect()


async def test_a_new_archive_is_copied_and_the_list_says_where_it_lies(backups, root):
    made = await backups.create(root)

    assert made.locations == [BackupLocation.LOCAL, BackupLocation.S3]
    assert made.state is BackupState.COMPLETE


async def test_what_only_the_storage_has_is_listed_fetched_and_restored(
    backups, root, folder, engine, rows
):
    made = await backups.create(root)
    await adder(engine)("later")
    (folder / made.name).unlink()

    listed = (await backups.all(root))[0]
    done = await backups.restore(root, made.name, with_safety_backup=False, drop_old=True)

    assert (listed.state, listed.locations) == (BackupState.REMOTE, [BackupLocation.S3])
    assert listed.size_bytes == made.size_bytes
    assert done.backup_name == made.name
    assert rows("select count(*) from users") == [(0,)]
    assert (await backups.find(root, made.name)).locations == made.locations


async def test_a_drill_takes_the_storage_when_nothing_is_here(backups, root, folder):
    made = await backups.create(root)
    (folder / made.name).unlink()

    run = await backups.drill(root)

    assert (run.state, run.backup_name) == (BackupRunState.SUCCEEDED, made.name)


async def test_an_archive_larger_than_a_part_arrives_whole(backups, root, folder, engine):
    await engine.db.execute(
        "create table noise as select n, md5(random()::text) || md5(random()::text) as t"
        " from generate_series(1, 700000) n"
    )
    made = await backups.create(root)
    original = (folder / made.name).read_bytes()
    (folder / made.name).unlink()

    await backups.download(root, made.name)

    assert len(original) > 17 << 20
    assert (folder / made.name).read_bytes() == original


async def test_deleting_removes_every_copy(backups, root, folder):
    first = await backups.create(root)
    await backups.create(root)

    await backups.delete(root, first.name)

    assert first.name not in [one.name for one in await backups.all(root)]
    with pytest.raises(NotFound):
        await backups.download(root, first.name)


async def test_a_failed_copy_is_reported_and_the_archive_stays(backups, root, folder, events_of):
    backups._work._remote = Remote(storage(free_port()))

    with pytest.raises(CopyFailed, match=r"is complete, but could not be .*could not connect to"):
        await backups.create(root)

    (path,) = folder.iterdir()
    made = await backups.find(root, path.name)
    assert (made.state, made.locations[0]) == (BackupState.COMPLETE, BackupLocation.LOCAL)
    (run,) = await backups.runs(root, [BackupRunKind.CREATE], None, 1)
    assert run.state is BackupRunState.FAILED
    assert "S3" in run.problem
    assert await events_of() == ["backup.created"]


async def test_a_run_lasts_until_its_archive_is_copied(backups, root, engine, monkeypatch):
    may_go_on, upload = threading.Event(), Remote.upload

    def slow(self, path, progress):
        assert may_go_on.wait(30)
        upload(self, path, progress)

    monkeypatch.setattr(Remote, "upload", slow)

    made, _ = await backups.start_create(root)

    async with asyncio.timeout(30):
        while (await backups.find(root, made.name)).state is not BackupState.COMPLETE:
            await asyncio.sleep(0.05)
        (meanwhile,) = await backups.runs(root, [BackupRunKind.CREATE], None, 1)
        with pytest.raises(AnotherRuns):
            await backups.create(root)
        may_go_on.set()
        while (await newest_run(backups, root)).state is BackupRunState.RUNNING:
            await asyncio.sleep(0.05)
    assert meanwhile.state is BackupRunState.RUNNING
    assert (await newest_run(backups, root)).state is BackupRunState.SUCCEEDED
    assert BackupLocation.S3 in (await backups.find(root, made.name)).locations


async def newest_run(backups, root):
    return (await backups.runs(root, [BackupRunKind.CREATE], None, 1))[0]


async def test_a_storage_that_is_away_hides_nothing_of_what_is_here(backups, root, engine):
    made = await backups.create(root)
    port = free_port()
    backups._shelf._remote = Remote(storage(port))

    listed = await backups.all(root)
    trouble = await backups.remote_trouble(root)

    assert [one.name for one in listed] == [made.name]
    assert f"could not connect to 127.0.0.1:{port}: Connection refused." in trouble
    assert "secret" not in trouble


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_that_can_not_be_resolved_is_named_with_the_reason(scheme):
    config = storage(9000).model_copy(update={"endpoint": f"{scheme}://storage.invalid:9000"})

    with pytest.raises(StorageFailed) as listing:
        Remote(config).sizes()
    with pytest.raises(StorageFailed) as deletion:
        Remote(config).remove("aiwebengine-20260131-030000-3fa9c1.tar")

    for failed in (listing, deletion):
        message = failed.value.message
        # The resolver words the reason, which differs between systems.
        assert re.search(r"could not connect to storage\.invalid:9000: \w.{5,}\.$", message)
        assert "returned an error" not in message


def test_deleting_from_a_storage_that_refuses_connections_names_host_and_reason():
    port = free_port()

    with pytest.raises(StorageFailed, match=f"connect to 127.0.0.1:{port}: Connection refused"):
        Remote(storage(port)).remove("aiwebengine-20260131-030000-3fa9c1.tar")


def test_a_connection_that_is_closed_without_a_response_is_no_error_response():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=_close_next_connection, args=(server,))
        thread.start()

        with pytest.raises(StorageFailed, match=f"did not respond at 127.0.0.1:{port}: "):
            Remote(storage(port)).sizes()

        thread.join(30)


def _close_next_connection(server):
    server.settimeout(30)
    connection, _ = server.accept()
    connection.close()
