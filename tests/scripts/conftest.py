"""A clone with the scripts in it, and programs that only write down what they are asked."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "maintenance"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
NAME = "aiwebengine-20260131-030000-3fa9c1.tar"
RUNS = {
    "health-check": ["health"],
    "backup-database": ["backup create", "backup prune"],
    "backup-system": [
        "backup create --json",
        "check-config --json",
        f"backup verify {NAME}",
        f"backup drill --name {NAME}",
        "--version",
    ],
    "cleanup-logs": ["logs prune"],
    "check-resources": ["maintenance status"],
}
COMMANDS = [
    "health", "backup create", "backup prune", "backup verify", "backup drill", "logs prune",
    "maintenance status",
]  # fmt: skip
# Writes down what it is asked, and answers as the engine does.
STAND_IN = """#!/bin/sh
echo "$*" >> '{calls}'
pwd > '{calls}.folder'
case "$*" in
"backup create --json"*) echo '{{"name": "{name}", "problem": null}}' ;;
"check-config --json") printf '%s\\n' '{{' '"backup": {{' '"directory": "{archives}"' '}}' '}}' ;;
esac
exit {code}
"""


@pytest.fixture
def checkout(tmp_path):
    """A clone with the files that the scripts use, an archive and some logs."""
    folder = tmp_path / "clone"
    shutil.copytree(FOLDER, folder / "maintenance")
    for name in ("pyproject.toml", ".env", "config.toml", "Caddyfile", "docker-compose.yml"):
        (folder / name).write_text(f"{name} of this clone")
    for name in ("logs/aiwebengine.log", f"archives/{NAME}", "secrets/key"):
        (folder / name).parent.mkdir()
        (folder / name).write_text(f"{name} of this clone")
    return folder


@pytest.fixture
def stand_in(tmp_path, checkout):
    """Put a program there that only writes down what it is asked."""

    def stand_in(place, code=0):
        place.parent.mkdir(parents=True, exist_ok=True)
        values = {"calls": tmp_path / "calls", "name": NAME, "code": code}
        place.write_text(STAND_IN.format(archives=checkout / "archives", **values))
        place.chmod(0o755)
        return place

    return stand_in


@pytest.fixture
def run(tmp_path, checkout):
    """Run a script from an empty folder with cron's bare environment; what it asked for."""
    calls, elsewhere = tmp_path / "calls", tmp_path / "elsewhere"
    elsewhere.mkdir()

    def run(name, *arguments, code=0, path="/usr/bin:/bin", **environ):
        calls.write_text("")
        done = subprocess.run(
            [checkout / "maintenance" / f"{name}.sh", *arguments],
            env={"PATH": path, "HOME": str(elsewhere), "CADDY_DATA": "/nonexistent", **environ},
            cwd=elsewhere,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done.stderr
        return calls.read_text().splitlines()

    return run


@pytest.fixture
def docker(stand_in, tmp_path, checkout):
    """A `docker` whose containers are this machine: it runs the command of `compose exec`."""
    stand_in(tmp_path / "container" / "aiwebengine")
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(
        f"""#!/bin/sh
pwd > '{tmp_path}/docker.folder'
case "$*" in
"compose exec -T caddy tar"*) shift 4; cd '{tmp_path}/volume' && exec tar -cf - . ;;
"compose exec -T aiwebengine "*) shift 4; PATH='{tmp_path}/container':$PATH exec "$@" ;;
*) echo "unexpected: $*" >&2; exit 64 ;;
esac
"""
    )
    program.chmod(0o755)
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume" / "certificate").write_text("of Caddy")
    return f"{program.parent}:/usr/bin:/bin"
