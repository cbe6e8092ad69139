"""A test run that is killed leaves no process and no temporary file behind."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from tests.conftest import wait_for

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow

MARK = "AIWEBENGINE_KILLED_RUN"
TEST = """
import os, pathlib, time

async def test_that_is_killed(served, start):
    start()
    pathlib.Path(os.environ["SIGNAL_FILE"]).touch()
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_leaves_no_process_and_no_file(tmp_path, number):
    test, begun, output = (tmp_path / name for name in ("test_it.py", "begun", "output"))
    mark = uuid4().hex
    test.write_text(TEST)
    with tempfile.TemporaryDirectory() as folder, output.open("w") as log:
        # PostgreSQL, which does not run as root, puts its socket there.
        Path(folder).chmod(0o711)
        run = subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest"),
                *("-c", ROOT / "pyproject.toml", "--rootdir", ROOT),
                *(f"--basetemp={tmp_path / 'inner'}", test),
            ],
            cwd=ROOT,
            env={**os.environ, MARK: mark, "TMPDIR": folder, "SIGNAL_FILE": str(begun)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(lambda: begun.exists() or run.poll() is not None, 240)
            assert begun.exists(), output.read_text()
            names = {process.name() for process in running(mark)}
            assert any(name.startswith("postgres") for name in names)
        finally:
            run.send_signal(number)
            run.wait(60)

        wait_for(lambda: not running(mark), 120)

        assert os.listdir(folder) == []


def running(mark):
    """The processes whose environment has this mark."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
