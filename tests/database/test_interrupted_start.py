"""The embedded server's first start is interrupted at any moment: the next start succeeds."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import psycopg
import pytest
from tests.conftest import wait_for
from tests.freezing import postgres_in

from aiwebengine.database import embedded, ownership
from aiwebengine.database.embedded import UNPRIVILEGED, EmbeddedFailed, embedded_postgres
from aiwebengine.database.ownership import ROLE, SUPERUSER
from aiwebengine.database.postmaster import processes_in

HOLD = """
import functools, pathlib, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from aiwebengine.database.embedded import embedded_postgres
said = functools.partial(print, flush=True)
with embedded_postgres(pathlib.Path(sys.argv[1]), report=said) as url:
    print("answers", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path):
    """Start a process that uses the server until its input ends, and prints what it waits for."""
    running = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


def kept(folder):
    """What a table of the database in this folder contains; the table is created first."""
    with embedded_postgres(folder) as url, psycopg.connect(url) as connection:
        connection.execute("create table if not exists kept as select 1 as one")
        return connection.execute("select one from kept").fetchall()


def children_of(process):
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize("victims", ["the engine", "all processes"])
@pytest.mark.parametrize("state", ["PG_VERSION", "global/pg_control", "base/5"])
def test_a_server_that_was_not_complete_is_made_again(tmp_path, hold, state, victims):
    holder = hold()
    wait_for_state(lambda: [*tmp_path.glob(f"postgres*/{state}")], holder)
    killed = children_of(holder) if victims == "all processes" else []
    holder.kill()
    for process in killed:
        if_it_runs(process.kill)
    holder.wait(60)

    assert kept(tmp_path) == [(1,)]

    assert kept(tmp_path) == [(1,)]
    assert not (tmp_path / "postgres.unfinished").exists()


def wait_for_state(state, process):
    """Look without pauses, because the state may last for milliseconds only."""
    while not state():
        assert process.poll() is None
        time.sleep(0.001)


def if_it_runs(signal_process):
    with suppress(psutil.NoSuchProcess):
        signal_process()


def test_what_an_interrupted_start_left_is_removed_with_its_processes(tmp_path):
    left = tmp_path / "postgres.unfinished"
    left.mkdir(parents=True)
    (left / "PG_VERSION").write_text("18\n")
    orphan = subprocess.Popen(["sleep", "600"], cwd=left)
    try:
        assert kept(tmp_path) == [(1,)]

        assert orphan.poll() is not None
        assert not left.exists()
    finally:
        orphan.kill()
        orphan.wait()


def test_a_server_without_its_first_databases_is_reported_and_kept(tmp_path):
    with embedded_postgres(tmp_path) as url:
        superuser = url.replace(f"//{ROLE}@", f"//{SUPERUSER}@")
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute("drop database postgres with (force)")

    with pytest.raises(EmbeddedFailed, match="is not complete") as caught:
        with embedded_postgres(tmp_path):
            pass

    assert "move the folder away and start again" in str(caught.value)
    assert (tmp_path / "postgres" / "PG_VERSION").exists()


@pytest.mark.parametrize("name", ["PG_VERSION", "base.tar"])
def test_an_incomplete_folder_of_unknown_origin_is_kept(tmp_path, name):
    data = tmp_path / "postgres"
    data.mkdir()
    (data / name).write_text("18\n")

    with (
        pytest.raises(EmbeddedFailed, match=r"[Mm]ove .* away") as caught,
        embedded_postgres(tmp_path),
    ):
        pass

    assert str(data) in str(caught.value)
    assert [path.name for path in data.iterdir()] == [name]


def test_a_pid_file_that_names_another_process_of_the_account_is_no_obstacle(tmp_path):
    with embedded_postgres(tmp_path):
        pass
    data = tmp_path / "postgres"
    account = {"user": UNPRIVILEGED} if os.geteuid() == 0 else {}
    victim = subprocess.Popen(["sleep", "600"], **account)
    try:
        stale = data / "postmaster.pid"
        # Of the lock of the socket PostgreSQL believes the PID, too.
        sockets = embedded._Server(tmp_path.resolve())._socket_folder()
        sockets.mkdir(mode=0o700, parents=True)
        for path in (stale, sockets / ".s.PGSQL.5432.lock"):
            path.write_text(f"{victim.pid}\n{data}\n1\n5432\n/nowhere\n\n0 0\n")
            os.chown(path, data.stat().st_uid, -1)

        assert kept(tmp_path) == [(1,)]

        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


@pytest.fixture
def survivor(tmp_path):
    """A process of a killed server that has not noticed it yet."""
    with embedded_postgres(tmp_path):
        server = postgres_in(tmp_path)
        left = server.children()
        survivor = next(one for one in left if "checkpointer" in " ".join(one.cmdline()))
        survivor.suspend()
        server.kill()
        # The test run, or process 1, has to remove it.
        server.wait(30)
        psutil.wait_procs([one for one in left if one != survivor], 30)
    yield survivor
    if_it_runs(survivor.resume)
    survivor.wait(30)


def test_a_start_waits_for_the_processes_of_a_killed_server_and_says_so(tmp_path, survivor):
    said = []

    def report(line):
        said.append(line)
        if_it_runs(survivor.resume)

    with embedded_postgres(tmp_path, report=report) as url, psycopg.connect(url) as connection:
        connection.execute("select 1")

    assert said[0] == "Waiting until the processes of a killed PostgreSQL have ended …"


def test_a_start_that_gives_up_names_the_processes_of_a_killed_server(
    tmp_path, survivor, monkeypatch
):
    monkeypatch.setattr(embedded, "KILLED_SECS", 0.2)

    with (
        pytest.raises(EmbeddedFailed, match=f"`kill -QUIT {survivor.pid}`"),
        embedded_postgres(tmp_path),
    ):
        pass


def test_a_start_says_that_another_process_has_the_lock(tmp_path, monkeypatch):
    said = []
    (tmp_path / "start.lock").write_text("1234")
    with (tmp_path / "start.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def report(line):
            said.append(line)
            fcntl.flock(lock, fcntl.LOCK_UN)

        with embedded_postgres(tmp_path, report=report):
            fcntl.flock(lock, fcntl.LOCK_UN)
        fcntl.flock(lock, fcntl.LOCK_EX)
        (tmp_path / "start.lock").write_text("1234")
        monkeypatch.setattr(embedded, "LOCK_TIMEOUT_SECS", 0.2)
        with pytest.raises(EmbeddedFailed, match="Process 1234 has"), embedded_postgres(tmp_path):
            pass

    assert said[0].startswith("Waiting for another process that starts or stops the PostgreSQL in")


def test_a_server_that_recovers_is_waited_for(tmp_path, monkeypatch):
    prepare, refusals = ownership.prepare, iter(["starting up", "in recovery mode"])

    def refused_first(address):
        for reason in refusals:
            monkeypatch.setattr(embedded, "START_TIMEOUT_SECS", -1)
            raise psycopg.OperationalError(f"FATAL:  the database system is {reason}")
        monkeypatch.setattr(embedded, "START_TIMEOUT_SECS", 120)
        prepare(address)

    monkeypatch.setattr(ownership, "prepare", refused_first)

    with embedded_postgres(tmp_path) as url, psycopg.connect(url) as connection:
        connection.execute("select 1")


def test_a_second_interruption_does_not_end_the_stop(tmp_path, hold):
    holder = hold()
    assert any(line == "answers\n" for line in holder.stdout)
    server = postgres_in(tmp_path)
    server.suspend()
    try:
        holder.send_signal(signal.SIGINT)
        wanted = "Waiting until PostgreSQL has stopped …\n"
        assert any(line == wanted for line in holder.stdout)
        holder.send_signal(signal.SIGINT)
        holder.send_signal(signal.SIGTERM)
    finally:
        server.resume()
    holder.wait(60)

    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def test_processes_are_found_by_their_folder(tmp_path):
    process = subprocess.Popen(["sleep", "600"], cwd=tmp_path)
    try:
        wait_for(lambda: [one.pid for one in processes_in(tmp_path)] == [process.pid])
    finally:
        process.kill()
        process.wait()
    assert processes_in(tmp_path) == []
