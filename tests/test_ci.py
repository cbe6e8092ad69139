"""`.ci/run`: every suite runs, output is whole, a failure is named, nothing is left running."""

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from tests.conftest import wait_for

SCRIPT = Path(__file__).parents[1] / ".ci" / "run"
FAKE_MAKE = """#!/bin/sh
echo "$1 begins"
[ "$1" != "$WAITS" ] || { echo $$ >"$PID_FILE"; exec sleep 600; }
echo "$1 ends"
[ "$1" != "$FAILS" ]
"""


@pytest.fixture
def begin(tmp_path):
    """Start the script with suites that only print."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in {"make": FAKE_MAKE, "apt-get": "#!/bin/sh\n"}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environ = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
        "PID_FILE": str(tmp_path / "pid"),
        "FAILS": "",
        "WAITS": "",
    }

    def begin(**choice):
        return subprocess.Popen(
            [SCRIPT],
            env={**environ, **choice},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return begin


def suites_of(output):
    return [line.split()[1].rstrip(":") for line in output.splitlines() if "exit status" in line]


def test_every_suite_runs_once_and_its_lines_stay_together(begin):
    run = begin()
    output, _ = run.communicate(timeout=60)

    suites = suites_of(output)
    assert run.returncode == 0, output
    assert len(suites) == len(set(suites))
    assert {
        *("install-all", "lint", "types", "test-untimed", "test-timed", "test-frontend"),
        *("test-tools", "test-browser", "test-guides", "test-deploy", "test-servers", "test-bench"),
    } == set(suites)
    for suite in suites:
        assert f"{suite} begins\n{suite} ends\nmake {suite}: " in output


def test_a_suite_that_fails_fails_the_run_after_the_others_and_is_named(begin):
    run = begin(FAILS="types")
    output, _ = run.communicate(timeout=60)

    assert run.returncode == 1
    assert output.splitlines()[-1] == "failed: types"
    assert "test-bench" in suites_of(output)


def test_a_run_that_is_ended_ends_its_suites(begin, tmp_path):
    run = begin(WAITS="test-untimed")
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    suite = int((tmp_path / "pid").read_text())

    run.send_signal(signal.SIGTERM)
    output, _ = run.communicate(timeout=60)

    assert run.returncode == 143
    assert "make test-untimed: not finished" in output
    wait_for(lambda: not psutil.pid_exists(suite))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("tmp.")]
