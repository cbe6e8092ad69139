"""The embedded server: shared, restarted, killed, and never lost."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import psycopg
import pytest

from aiwebengine.database.embedded import EmbeddedFailed, embedded_postgres, running_postgres

# A process that runs the tests in the background may have had Ctrl-C ignored.
HOLD = """
import pathlib, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from aiwebengine.database.embedded import embedded_postgres
with embedded_postgres(pathlib.Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path):
    """Start a process that uses the server until its input ends."""
    running = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


def postmaster(folder):
    return psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))


def is_running(folder):
    return (folder / "postgres" / "postmaster.pid").exists()


def run(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement)


def test_two_processes_share_one_server_and_the_last_one_stops_it(tmp_path, hold):
    one, other = hold(), hold()
    urls = {one.stdout.readline(), other.stdout.readline()}
    assert len(urls) == 1

    one.stdin.close()
    one.wait(30)
    still = is_running(tmp_path)
    other.stdin.close()
    other.wait(30)

    assert still
    assert not is_running(tmp_path)


def test_data_outlive_a_killed_user_a_killed_server_and_a_restart(tmp_path, hold):
    holder = hold()
    url = holder.stdout.readline().strip()
    run(url, "create table kept as select 1 as one")
    holder.kill()
    holder.wait()
    server = postmaster(tmp_path)
    children = server.children()
    server.kill()
    psutil.wait_procs([server, *children], timeout=20)
    assert is_running(tmp_path)  # A stale pid file is what a crash leaves.

    with embedded_postgres(tmp_path) as again, psycopg.connect(again) as connection:
        found = connection.execute("select one from kept").fetchone()

    assert found == (1,)
    assert not is_running(tmp_path)


def test_a_pid_file_that_names_somebody_else_harms_nobody(tmp_path):
    with embedded_postgres(tmp_path):
        pass
    victim = subprocess.Popen(["sleep", "60"])
    try:
        stale = tmp_path / "postgres" / "postmaster.pid"
        stale.write_text(f"{victim.pid}\n{tmp_path}/postgres\n1\n5432\n/nowhere\n\n0 0\n")
        os.chown(stale, (tmp_path / "postgres").stat().st_uid, -1)

        with embedded_postgres(tmp_path) as url:
            run(url, "select 1")

        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


@pytest.mark.parametrize("text", ["", "nonsense", "99999999\n"])
def test_a_torn_pid_file_is_no_obstacle(tmp_path, text):
    with embedded_postgres(tmp_path):
        pass
    stale = tmp_path / "postgres" / "postmaster.pid"
    stale.write_text(text)
    os.chown(stale, (tmp_path / "postgres").stat().st_uid, -1)

    with embedded_postgres(tmp_path) as url:
        run(url, "select 1")


def test_a_long_path_is_no_obstacle(tmp_path):
    deep = tmp_path.joinpath(*["a-folder-with-a-rather-long-name"] * 4)

    with embedded_postgres(deep) as url:
        run(url, "select 1")


def test_a_process_with_another_temporary_folder_finds_the_server(tmp_path, monkeypatch):
    # So long that the socket is in the temporary folder on every machine.
    folder = tmp_path / ("long" * 30)
    with embedded_postgres(folder) as url:
        with monkeypatch.context() as patch:
            patch.setattr(tempfile, "tempdir", str(tmp_path / "another"))

            assert running_postgres(folder) == url
            with embedded_postgres(folder) as joined:
                assert joined == url
                run(joined, "select 1")
        assert is_running(folder)


def test_an_unusable_directory_is_reported(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(EmbeddedFailed, match=r"repository\.data_dir: .*: Not a directory"):
        with embedded_postgres(tmp_path / "file" / "data"):
            pass


def test_a_clean_stop_leaves_no_folder_for_the_socket(tmp_path):
    with embedded_postgres(tmp_path) as url:
        folder = Path(parse_qs(urlsplit(url).query)["host"][0])
        assert folder.is_dir()

    assert not folder.exists()


def test_a_killed_server_leaves_no_folder_for_the_socket_either(tmp_path):
    with embedded_postgres(tmp_path) as url:
        folder = Path(parse_qs(urlsplit(url).query)["host"][0])
        server = psutil.Process(int((tmp_path / "postgres/postmaster.pid").read_text().split()[0]))
        children = server.children()
        server.kill()
        server.wait(30)
        psutil.wait_procs(children, 30)

    assert not folder.exists()


def test_an_engine_is_loaded_while_its_server_starts(tmp_path):
    calls = []
    for _ in range(2):
        with embedded_postgres(tmp_path, meanwhile=lambda: calls.append("loaded")) as url:
            calls.append("answers")
            with embedded_postgres(tmp_path, meanwhile=lambda: calls.append("loaded")) as same:
                assert same == url

    assert calls == ["loaded", "answers", "loaded"] * 2


def test_a_start_that_is_interrupted_leaves_no_server(tmp_path):
    def interrupted():
        raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        embedded_postgres(tmp_path, meanwhile=interrupted),
    ):
        pass

    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def test_nobody_else_on_the_machine_can_reach_the_socket(tmp_path):
    with embedded_postgres(tmp_path) as url:
        folder = re.search(r"host=(\S+)", url)[1]
        mode = os.stat(folder).st_mode & 0o777

    assert mode == 0o700


def test_ctrl_c_for_the_engine_leaves_the_database_time_to_write(tmp_path, hold):
    holder = hold()
    holder.stdout.readline()
    holder.send_signal(signal.SIGINT)
    holder.wait(30)

    time.sleep(0.1)

    assert "shut down" in (tmp_path / "postgres.log").read_text()
