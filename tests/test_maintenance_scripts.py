"""The scripts for cron and systemd: what they run, what they answer, and that the units fit."""

import asyncio
import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiwebengine.cli import main

FOLDER = Path(__file__).parent.parent / "maintenance"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
RUNS = {
    "health-check": ["health"],
    "backup-database": ["backup create", "backup prune"],
    "backup-system": ["backup create", "backup drill"],
    "cleanup-logs": ["logs prune"],
    "check-resources": ["maintenance status"],
}


@pytest.fixture
def run(tmp_path):
    """Run a script with a stand-in that only writes down what it is asked; those lines."""
    calls = tmp_path / "calls"

    def run(name, *arguments, code=0, **environ):
        calls.write_text("")
        stand_in = tmp_path / "bin" / "aiwebengine"
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text(f'#!/bin/sh\necho "$*" >> {calls}\nexit {code}\n')
        stand_in.chmod(0o755)
        done = subprocess.run(
            [FOLDER / f"{name}.sh", *arguments],
            env={"PATH": f"{stand_in.parent}:/usr/bin:/bin", **environ},
            cwd=tmp_path,
        )
        assert done.returncode == code
        return calls.read_text().splitlines()

    return run


def test_there_are_the_five_that_the_guide_names():
    assert {script.stem for script in SCRIPTS} == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_each_runs_its_commands_with_what_is_on_the_path(run, name):
    assert run(name) == RUNS[name]


@pytest.mark.parametrize("name", RUNS)
def test_each_hands_on_its_arguments_to_its_first_command(run, name):
    first, *rest = RUNS[name]

    assert run(name, "--json", "a b") == [f"{first} --json a b", *rest]


@pytest.mark.parametrize("name", RUNS)
def test_a_failure_is_passed_on_and_nothing_follows_it(run, name):
    assert run(name, code=1) == RUNS[name][:1]


@pytest.mark.parametrize("name", RUNS)
def test_another_program_may_be_named(run, tmp_path, name):
    other = tmp_path / "my engine"
    other.write_text(f'#!/bin/sh\necho "other $*" >> {tmp_path}/calls\n')
    other.chmod(0o755)

    called = run(name, AIWEBENGINE=str(other))

    assert called == [f"other {command}" for command in RUNS[name]]


@pytest.mark.parametrize("command", sorted({one for some in RUNS.values() for one in some}))
def test_each_command_is_one_of_ours(command):
    group, *rest = command.split()

    done = CliRunner().invoke(main, [group, *rest, "--help"])

    assert done.exit_code == 0
    assert "--json" in done.output


async def test_the_health_check_tells_a_running_engine_from_none(served):
    async def check(url):
        process = await asyncio.create_subprocess_exec(
            FOLDER / "health-check.sh",
            "--url",
            url,
            env={**os.environ, "AIWEBENGINE": str(Path(sys.executable).parent / "aiwebengine")},
            stdout=subprocess.PIPE,
        )
        told, _ = await process.communicate()
        return process.returncode, told.decode()

    well, ill = await check(served.base), await check("http://127.0.0.1:9")

    assert well[0] == 0
    assert well[1].startswith("ok ")
    assert ill[0] == 1
    assert ill[1].startswith("fail engine: no answer from http://127.0.0.1:9")


def unit(path):
    """A unit file as {section: {key: value}}."""
    # A setting such as SystemCallFilter may stand there twice: each line adds to it.
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read(path)
    return parser


@pytest.mark.parametrize("name", RUNS)
def test_each_has_a_service_and_a_timer(name):
    service = unit(FOLDER / "systemd" / f"aiwebengine-{name}.service")
    timer = unit(FOLDER / "systemd" / f"aiwebengine-{name}.timer")

    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["ExecStart"] == f"/opt/aiwebengine/maintenance/{name}.sh"
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert re.fullmatch(r"(Sun )?\*-\*-\* \d\d:\d\d:\d\d|\*:0/5", timer["Timer"]["OnCalendar"])
    if shutil.which("systemd-analyze"):
        subprocess.run(
            ["systemd-analyze", "calendar", timer["Timer"]["OnCalendar"]],
            check=True,
            capture_output=True,
        )


@pytest.mark.tools
@pytest.mark.parametrize(
    "path", sorted((FOLDER / "systemd").glob("*.service")), ids=lambda path: path.stem
)
def test_the_units_leave_the_scripts_little_to_do_harm_with(path):
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", path], capture_output=True, text=True
    )

    level = float(re.search(r"exposure level for \S+: ([\d.]+)", told.stdout)[1])
    assert level < 2.0, told.stdout


@pytest.mark.tools
def test_systemd_has_nothing_to_say_against_the_units(tmp_path):
    assert shutil.which("systemd-analyze"), "install Debian's package systemd"
    for path in (FOLDER / "systemd").iterdir():
        # Where they are installed there is nothing on this machine.
        text = path.read_text().replace("/opt/aiwebengine/maintenance", str(FOLDER))
        (tmp_path / path.name).write_text(text.replace("/opt/aiwebengine", str(tmp_path)))

    done = subprocess.run(
        ["systemd-analyze", "verify", *tmp_path.iterdir()], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.tools
def test_shellcheck_has_nothing_to_say_against_the_scripts():
    assert shutil.which("shellcheck"), "install Debian's package shellcheck"

    done = subprocess.run(["shellcheck", *SCRIPTS], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")


def test_each_is_as_short_as_a_person_wants_to_read():
    assert all(len(script.read_text().splitlines()) == 3 for script in SCRIPTS)
    assert all(os.access(script, os.X_OK) for script in SCRIPTS)
