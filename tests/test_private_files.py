"""What the engine writes is nobody else's to read, whatever umask it was started under."""

import os
import stat

import httpx2
import pytest
from tests.conftest import wait_for

from aiwebengine.alerts.monitor import LeaderLock
from aiwebengine.core.private_files import PRIVATE_FOLDER, make_folder, open_private


@pytest.fixture
def no_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def open_to_others(folder):
    """What others may read below a folder; PostgreSQL closes its own as a whole."""
    found = []
    for path in [folder, *folder.rglob("*")]:
        if "postgres" not in path.relative_to(folder).parts and mode(path) & 0o027:
            found.append(f"{path.relative_to(folder)} {mode(path):o}")
    return found


def test_an_engine_without_a_umask_opens_nothing_to_others(no_umask, start, tmp_path):
    data, logs = tmp_path / "data", tmp_path / "logs"
    # As an older version left them.
    for folder, name in ((data, "postgres.log"), (logs, ".aiwebengine.log.tidying")):
        folder.mkdir(mode=0o755)
        (folder / name).touch(0o644)

    _, base, _ = start()
    # So that there is something to log.
    httpx2.get(base)
    wait_for((logs / "aiwebengine.log").exists)
    wait_for(lambda: mode(logs / ".aiwebengine.log.tidying") == 0o600)

    assert open_to_others(data) + open_to_others(logs) == []
    assert (mode(data), mode(data / "postgres"), mode(logs)) == (0o700, 0o700, 0o750)
    assert mode(data / "postgres.log") == mode(data / "users.lock") == 0o600
    # A collector of logs may be of the group.
    assert mode(logs / "aiwebengine.log") == 0o640


def test_a_folder_that_holds_what_is_not_ours_keeps_its_rights(no_umask, tmp_path):
    shared, own = tmp_path / "log", tmp_path / "data"
    for folder in (shared, own):
        folder.mkdir(mode=0o755)
        (folder / "postgres.log").touch()
    (shared / "syslog").touch()

    make_folder(shared, PRIVATE_FOLDER, ours=("postgres",))
    make_folder(own, PRIVATE_FOLDER, ours=("postgres",))

    assert (mode(shared), mode(own)) == (0o755, 0o700)


def test_a_private_file_is_no_way_to_write_elsewhere(tmp_path):
    victim, link = tmp_path / "victim", tmp_path / "start.lock"
    victim.write_text("kept")
    link.symlink_to(victim)

    with pytest.raises(OSError, match="symbolic"):
        open_private(link)

    assert victim.read_text() == "kept"


def test_a_lock_is_held_once_and_leaves_no_file(tmp_path):
    path = tmp_path / "one.watch"
    one, other = LeaderLock(path), LeaderLock(path)

    assert (one.is_mine(), other.is_mine()) == (True, False)
    one.give_up()
    assert not path.exists()
    assert (other.is_mine(), one.is_mine()) == (True, False)
    other.give_up()

    assert list(tmp_path.iterdir()) == []
