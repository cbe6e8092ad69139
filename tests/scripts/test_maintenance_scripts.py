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
from tests.scripts.conftest import COMMANDS, FOLDER, ROOT, RUNS, SCRIPTS

from aiwebengine.cli.main import main


def test_there_are_the_five_that_the_guide_names():
    assert {script.stem for script in SCRIPTS} == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_each_finds_the_program_of_its_own_clone_and_works_there(run, stand_in, checkout, name):
    stand_in(checkout / ".venv/bin/aiwebengine")

    assert sorted(run(name)) == sorted(RUNS[name])
    assert Path((checkout.parent / "calls.folder").read_text().strip()) == checkout


@pytest.mark.parametrize("name", RUNS)
def test_each_is_found_by_a_link_elsewhere(run, stand_in, checkout, tmp_path, name):
    stand_in(checkout / ".venv/bin/aiwebengine")
    (tmp_path / "other").symlink_to(checkout / "maintenance")
    script = tmp_path / "other" / f"{name}.sh"

    done = subprocess.run([script], cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", RUNS)
def test_without_one_each_runs_what_is_on_the_path(run, stand_in, tmp_path, name):
    program = stand_in(tmp_path / "bin" / "aiwebengine")

    called = run(name, path=f"{program.parent}:/usr/bin:/bin")

    assert sorted(called) == sorted(RUNS[name])


def test_where_there_is_no_program_it_says_what_to_do(checkout):
    (checkout / ".env").unlink()

    done = subprocess.run(
        [checkout / "maintenance/health-check.sh"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 127
    assert done.stderr == (
        "aiwebengine was not found: run `make install`, or set AIWEBENGINE to the program.\n"
    )


@pytest.mark.parametrize("name", RUNS)
def test_each_hands_on_its_arguments_to_its_first_command(run, stand_in, checkout, name):
    stand_in(checkout / ".venv/bin/aiwebengine")
    first, *rest = RUNS[name]

    called = run(name, "--note", "a b")

    assert called[0] == f"{first} --note a b"
    assert sorted(called[1:]) == sorted(rest)


@pytest.mark.parametrize("name", RUNS)
def test_a_failure_is_passed_on_and_nothing_follows_it(run, stand_in, checkout, name):
    stand_in(checkout / ".venv/bin/aiwebengine", code=1)

    assert run(name, code=1) == RUNS[name][:1]


@pytest.mark.parametrize("name", RUNS)
def test_another_program_may_be_named(run, stand_in, tmp_path, name):
    other = stand_in(tmp_path / "my engine")

    assert sorted(run(name, AIWEBENGINE=str(other))) == sorted(RUNS[name])


@pytest.mark.parametrize(
    "told", [{}, {"AIWEBENGINE": "docker compose exec -T aiwebengine aiwebengine"}]
)
@pytest.mark.parametrize("name", RUNS)
def test_with_docker_the_engine_is_the_one_in_its_container(
    run, docker, tmp_path, checkout, name, told
):
    assert sorted(run(name, path=docker, **told)) == sorted(RUNS[name])
    assert Path((tmp_path / "docker.folder").read_text().strip()) == checkout


def crontab_lines():
    """The crontab lines of the guide and of our page, without their times."""
    page = (ROOT / "docs" / "maintenance-scripts.md").read_text()
    return re.findall(r"^[*/\d]+ [*\d]+ [*\d]+ [*\d]+ [*\d]+ (.+)$", page, re.MULTILINE)


def test_the_crontab_lines_run_as_they_stand_from_cron_s_bare_environment(
    run, stand_in, checkout, tmp_path
):
    stand_in(checkout / ".venv/bin/aiwebengine")
    guide = [f"/opt/aiwebengine/maintenance/{name}.sh" for name in RUNS]
    lines = crontab_lines()

    assert [line for line in guide if line not in " ".join(lines).split()] == []
    for line in lines:
        done = subprocess.run(
            ["/bin/sh", "-c", line.replace("/opt/aiwebengine", str(checkout))],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LOGNAME": "root"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, (line, done.stderr)
    asked = set((tmp_path / "calls").read_text().splitlines())
    assert {"health", "backup prune", "logs prune", "maintenance status"} <= asked


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_one_of_ours(command):
    group, *rest = command.split()

    done = CliRunner().invoke(main, [group, *rest, "--help"])

    assert done.exit_code == 0
    assert "--json" in done.output


async def test_the_health_check_distinguishes_a_running_engine_from_none(served):
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
    assert ill[1].startswith("fail engine: no connection to http://127.0.0.1:9")


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
        (tmp_path / path.name).write_text(text)

    done = subprocess.run(
        ["systemd-analyze", "verify", *tmp_path.iterdir()], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.tools
def test_shellcheck_has_nothing_to_say_against_the_scripts():
    assert shutil.which("shellcheck"), "install Debian's package shellcheck"

    done = subprocess.run(
        ["shellcheck", *SCRIPTS, FOLDER / "find-engine"], capture_output=True, text=True
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_each_can_be_run_and_all_but_the_system_backup_are_short():
    assert all(os.access(script, os.X_OK) for script in SCRIPTS)
    lines = {script.stem: len(script.read_text().splitlines()) for script in SCRIPTS}
    assert lines.pop("backup-system") < 150
    assert set(lines.values()) == {5}


def test_the_units_and_the_service_read_one_environment_file():
    engine = unit(ROOT / "deploy/systemd/aiwebengine.service")["Service"]
    assert engine["EnvironmentFile"] == "-/etc/aiwebengine/environment"
    for name in RUNS:
        text = (FOLDER / "systemd" / f"aiwebengine-{name}.service").read_text()
        assert re.findall(r"^EnvironmentFile=(.*)$", text, re.M) == [engine["EnvironmentFile"]]
        assert "/etc/default" not in text
        # What the service is given outside of that file, a script needs as well.
        given = (ROOT / "deploy/systemd/aiwebengine.service").read_text()
        for line in re.findall(r"^Environment=APP_(?!LOGGING__FORMAT).*$", given, re.M):
            assert line in text
