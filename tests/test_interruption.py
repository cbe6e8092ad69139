"""The first signal ends a command, also one whose exception Python ignores; later ones do not."""

import signal
import socket
import subprocess
import sys
import threading

import pytest
from tests.freezing import postgres_in

from aiwebengine.core import slow_steps
from aiwebengine.core.slow_steps import slow_step
from aiwebengine.terminal.commands import print_step

IGNORED = """
import signal
from aiwebengine.terminal.interruption import Interruption

class Unlucky:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

interruption = Interruption()
interruption.install()
interruption.check()
Unlucky()
signal.raise_signal(signal.SIGTERM)
signal.raise_signal(signal.SIGINT)
try:
    interruption.check()
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_signal_during_a_finalizer_is_not_lost_and_later_ones_are_ignored():
    done = subprocess.run(
        [sys.executable, "-c", IGNORED],
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )

    assert done.stdout == "interrupted\n", done.stderr
    assert "Exception ignored in" in done.stderr


COMMAND = """
import sys
from aiwebengine.core.config import Config
from aiwebengine.terminal.commands import database_url
with database_url(Config(), creates=True):
    print("answers", flush=True)
    sys.stdin.read()
"""


def test_a_terminated_command_leaves_no_server(tmp_path):
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert command.stdout.readline() == "answers\n"
    server = postgres_in(tmp_path / "data")

    command.terminate()
    command.communicate(timeout=90)

    assert not server.is_running()
    assert not (tmp_path / "data" / "postgres" / "postmaster.pid").exists()


def test_a_slow_start_asks_systemd_for_time(tmp_path, monkeypatch, capsys):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        print_step("Waiting …")

        assert manager.recv(100) == b"EXTEND_TIMEOUT_USEC=60000000"
    print_step("Nobody listens")
    assert capsys.readouterr().err == "Waiting …\nNobody listens\n"


def test_a_slow_step_is_reported_once_and_then_with_its_time(monkeypatch):
    monkeypatch.setattr(slow_steps, "FIRST_REPORT_SECS", 0.01)
    monkeypatch.setattr(slow_steps, "REPORT_EVERY_SECS", 0.01)
    said, is_reported = [], threading.Event()

    def report(line):
        said.append(line)
        if len(said) == 3:
            is_reported.set()

    with slow_step(report, "Waiting"):
        assert is_reported.wait(60)

    assert said[0] == "Waiting …"
    assert all(line.startswith("Waiting: ") and line.endswith(" s so far …") for line in said[1:])


def test_a_fast_step_and_one_that_fails_report_nothing(monkeypatch):
    monkeypatch.setattr(slow_steps, "FIRST_REPORT_SECS", 60)
    said = []

    with slow_step(said.append, "Waiting"):
        pass
    with pytest.raises(KeyboardInterrupt), slow_step(said.append, "Waiting"):
        raise KeyboardInterrupt

    assert said == []
