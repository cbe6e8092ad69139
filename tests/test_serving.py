"""Starting and stopping, as a terminal or a service manager does it."""

import os
import re
import signal
import subprocess
import sys
import time

import httpx2
import pytest


@pytest.fixture
def start(tmp_path):
    """Start an engine with its own embedded database; its process and address."""
    running = []

    def start(**environ):
        output = tmp_path / f"output{len(running)}"
        log = output.open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", "aiwebengine", "serve"],
            cwd=tmp_path,
            env={**os.environ, "APP_SERVER__PORT": "0", **environ},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        running.append(process)
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            base = re.search(r"Home +(\S+)/", output.read_text())
            if base:
                return process, base[1], output
            time.sleep(0.1)
        raise AssertionError(f"the engine did not start:\n{output.read_text()}")

    yield start
    for process in running:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean_and_takes_the_database_along(start, tmp_path, number):
    process, base, output = start()
    assert httpx2.get(f"{base}/health").json()["status"] == "ok"

    process.send_signal(number)

    assert process.wait(30) == 0
    assert not (tmp_path / "data" / "postgres" / "postmaster.pid").exists()
    assert "Traceback" not in output.read_text()


def test_two_engines_share_one_database_and_the_first_may_go(start, tmp_path):
    one, other = start(), start()

    one[0].send_signal(signal.SIGTERM)
    one[0].wait(30)

    assert httpx2.get(f"{other[1]}/health").json()["status"] == "ok"
    assert "Traceback" not in other[2].read_text()


def test_a_port_that_is_taken_is_told(start, tmp_path):
    _, base, _ = start()

    done = subprocess.run(
        [sys.executable, "-m", "aiwebengine", "serve"],
        cwd=tmp_path,
        env={**os.environ, "APP_SERVER__PORT": base.rpartition(":")[2]},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "Address already in use" in done.stderr
    assert "APP_SERVER__PORT" in done.stderr
