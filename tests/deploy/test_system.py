"""The bare-metal install, into a folder, and what systemd says of its units."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.deploy.dockerfile import ROOT
from tests.deploy.system_calls import allowed, held_to, without_executable_memory

from aiwebengine.core.config import Config
from aiwebengine.core.config_loader import load_config

pytestmark = pytest.mark.deploy

PREFIX = "/opt/engine"
WORKSHOP = ("node_modules", "tests", "tools", "types", "package.json", "eslint.config.js")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `make install-system` makes."""
    folder = tmp_path_factory.mktemp("destination")
    told = [f"DESTDIR={folder}", f"PREFIX={PREFIX}", f"PYTHON={sys.executable}"]
    subprocess.run(["make", "install-system", *told], cwd=ROOT, check=True, capture_output=True)
    return folder


def units(installed):
    folder = installed / PREFIX[1:] / "lib/systemd/system"
    return folder / "aiwebengine.service", folder / "aiwebengine@.service"


def test_the_program_runs_from_where_it_is_installed(installed, tmp_path):
    program = installed / PREFIX[1:] / "bin" / "aiwebengine"
    # As on the machine that it is for, where DESTDIR was empty.
    moved = tmp_path / "aiwebengine"
    moved.write_text(program.read_text().replace(PREFIX, f"{installed}{PREFIX}"))
    moved.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    told = subprocess.run(
        [moved, "schema", "print"], cwd=tmp_path, env=environ, capture_output=True, text=True
    )

    assert told.stdout.strip() == (ROOT / "schema.graphql").read_text().strip()
    assert PREFIX in program.read_text()


def test_a_worked_tree_leaves_its_workshop_behind(installed):
    package = installed / PREFIX[1:] / "lib/aiwebengine/aiwebengine"
    pages = package / "_resources/frontend"

    assert (ROOT / "frontend/node_modules/preact").is_dir()
    assert (pages / "vendor/preact.js").is_file()
    assert (pages / "pages/index.html").is_file()
    assert not [name for name in WORKSHOP if (pages / name).exists()]
    migrations = {path.name for path in (package / "_resources/migrations").iterdir()}
    assert migrations == {path.name for path in (ROOT / "migrations").iterdir()}


def test_the_launcher_is_plain_shell():
    launcher = ROOT / "deploy/systemd/launcher.sh"

    told = subprocess.run(["shellcheck", "--shell=sh", launcher], capture_output=True, text=True)

    assert told.returncode == 0, told.stdout


def test_a_second_install_keeps_what_was_configured(installed):
    environment = installed / "etc/aiwebengine/environment"
    lines = (ROOT / "Makefile").read_text()

    assert environment.stat().st_mode & 0o777 == 0o600
    for name in ("config.toml", "environment"):
        assert f"[ -e $(DESTDIR)/etc/aiwebengine/{name} ] ||" in lines


def test_the_installed_configuration_can_be_read(installed):
    folder = installed / "etc/aiwebengine"
    pairs = re.findall(r"^([A-Z_]+)=(.*)$", (folder / "environment").read_text(), re.MULTILINE)

    config = load_config(folder / "config.toml", dict(pairs))

    assert config.server.host == "127.0.0.1"
    assert config.server.drain_secs == 5


def test_the_scripts_come_along_with_a_service_and_a_timer_each(installed):
    scripts = installed / "opt/aiwebengine/maintenance"
    folder = installed / PREFIX[1:] / "lib/systemd/system"

    assert {path.name for path in scripts.iterdir()} == {
        *(path.name for path in (ROOT / "maintenance").glob("*.sh")),
        "find-engine",
    }
    assert f"installed={PREFIX}/bin/aiwebengine" in (scripts / "find-engine").read_text()
    for script in scripts.glob("*.sh"):
        service = (folder / f"aiwebengine-{script.stem}.service").read_text()
        assert f"ExecStart=/opt/aiwebengine/maintenance/{script.name}" in service
        assert f"Environment=AIWEBENGINE={PREFIX}/bin/aiwebengine" in service
        assert (folder / f"aiwebengine-{script.stem}.timer").is_file()


def test_the_installed_scripts_run_the_installed_program_from_a_bare_environment(installed):
    scripts = installed / "opt/aiwebengine/maintenance"
    finder = scripts / "find-engine"
    text = finder.read_text()
    # As on the machine that it is for, where DESTDIR was empty.
    finder.write_text(text.replace(f"={PREFIX}", f"={installed}{PREFIX}"))
    program = installed / PREFIX[1:] / "bin" / "aiwebengine"
    launcher = program.read_text()
    program.write_text(launcher.replace(PREFIX, f"{installed}{PREFIX}"))
    try:
        done = subprocess.run(
            [scripts / "cleanup-logs.sh", "--help"],
            env={"PATH": "/usr/bin:/bin"},
            cwd="/",
            capture_output=True,
            text=True,
        )
    finally:
        finder.write_text(text)
        program.write_text(launcher)

    assert done.returncode == 0, done.stderr
    assert "logs prune" in done.stdout


def test_systemd_understands_the_units(installed, tmp_path):
    folder = installed / PREFIX[1:] / "lib/systemd/system"
    for unit in [*units(installed), *folder.glob("aiwebengine-*")]:
        # The program must exist where the unit says.
        copy = tmp_path / unit.name.replace("@", "@3000")
        text = unit.read_text().replace(PREFIX, f"{installed}{PREFIX}")
        copy.write_text(text.replace("=/opt/aiwebengine/", f"={installed}/opt/aiwebengine/"))

        told = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True)

        complaints = [line for line in told.stderr.splitlines() if "aiwebengine" in line]
        assert not complaints
        assert "@PREFIX@" not in unit.read_text()


def test_the_units_leave_the_engine_little_to_do_harm_with(installed):
    unit = units(installed)[0]

    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", unit], capture_output=True, text=True
    )

    level = float(re.search(r"exposure level for \S+: ([\d.]+)", told.stdout)[1])
    assert level < 1.5, told.stdout
    for line in ("PrivateUsers=true", "IPAddressDeny=multicast", "LimitNOFILE=65536"):
        assert line in unit.read_text().splitlines()


def test_a_stop_is_given_the_time_that_it_may_take():
    unit = Path(ROOT / "deploy/systemd/aiwebengine.service").read_text()
    longest = Config().server.shutdown_timeout_secs + 5 + 5

    assert int(re.search(r"TimeoutStopSec=(\d+)", unit)[1]) > longest


def answer_of_a_script(confined):
    """What a supervised script answers in a process that is confined like this."""
    done = subprocess.run(
        [sys.executable, Path(__file__).parent / "one_script.py"],
        preexec_fn=confined,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout


def test_scripts_run_with_the_system_calls_that_the_unit_allows():
    unit = Path(ROOT / "deploy/systemd/aiwebengine.service").read_text()
    calls = allowed(unit)
    # SQLite, which Deno brings along, gives its files away when it runs as root, as this test may.
    calls.add("fchown")

    assert answer_of_a_script(held_to(calls)) == "499999500000"
    assert answer_of_a_script(held_to(calls - {"setpriority"})) == ""
    assert not calls & {
        "mount",
        "ptrace",
        "bpf",
        "kexec_load",
        "init_module",
        "setrlimit",
        "chroot",
    }


def test_scripts_run_interpreted_where_memory_can_not_be_made_executable():
    assert answer_of_a_script(without_executable_memory) == "499999500000"


def test_the_units_leave_space_for_the_processes_of_scripts():
    unit = Path(ROOT / "deploy/systemd/aiwebengine.service").read_text()

    assert int(re.search(r"TasksMax=(\d+)", unit)[1]) > 10 * Config().scripts.max_processes
    assert "MemoryDenyWriteExecute=false" in unit.splitlines()
