"""The backup of a whole system: what it holds, and how it fails."""

import io
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from tests.scripts.conftest import NAME, SCRIPTS


def backed_up(checkout):
    """The folder of the only system backup, and what its archives hold."""
    (made,) = (checkout / "backups" / "system").iterdir()
    assert made.stat().st_mode & 0o777 == 0o700
    held = {}
    for path in made.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path
        if ".tar" in path.name and path.suffix in (".tar", ".gz") and path.name != NAME:
            with tarfile.open(path) as archive:
                held[path.name] = {one.name.removeprefix("./") for one in archive if one.isfile()}
    return made, held


def test_a_system_backup_is_all_that_the_guide_lists(run, docker, checkout):
    (checkout / "secrets" / "old-log").write_text("")
    run("backup-system", path=docker)

    made, held = backed_up(checkout)

    assert (made / NAME).read_bytes() == (checkout / "archives" / NAME).read_bytes()
    configured = {".env", "config.toml", "Caddyfile", "docker-compose.yml", "secrets/key"}
    assert configured <= held["configuration.tar"]
    assert held["caddy-data.tar"] == {"certificate"}
    assert held["logs.tar.gz"] == {"logs/aiwebengine.log"}
    assert {f"maintenance/{script.name}" for script in SCRIPTS} <= held["scripts.tar.gz"]
    assert subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=made).returncode == 0
    assert not list((checkout / "backups" / "system").glob("unfinished*"))


def test_a_passphrase_encrypts_what_is_secret_and_is_not_taken_along(run, docker, checkout):
    passphrase = "correct horse battery"
    (checkout / "secrets" / "backup-passphrase").write_text(f"{passphrase}\n")
    # The real program: it is what encrypts.
    real = Path(sys.executable).parent / "aiwebengine"
    other = checkout.parent / "container" / "aiwebengine"
    text = other.read_text()
    other.write_text(text.replace("case ", f'[ "$2" != seal ] || exec "{real}" "$@"\ncase ', 1))

    run("backup-system", path=docker)

    made, held = backed_up(checkout)
    assert held.keys() == {"logs.tar.gz", "scripts.tar.gz"}
    for name in ("configuration.tar.sealed", "caddy-data.tar.sealed"):
        assert b"of this clone" not in (made / name).read_bytes()
        opened = subprocess.run(
            [real, "backup", "unseal"],
            input=f"{passphrase}\n".encode() + (made / name).read_bytes(),
            capture_output=True,
            check=True,
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(opened)) as archive:
            names = archive.getnames()
        assert "secrets/backup-passphrase" not in names
        assert ".env" in names or "./certificate" in names
    wrong = subprocess.run(
        [real, "backup", "unseal"],
        input=b"another passphrase\n" + (made / "configuration.tar.sealed").read_bytes(),
        capture_output=True,
    )
    assert (wrong.returncode, wrong.stdout) == (1, b"")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--note", "weekly", "--help"]])
def test_help_prints_the_usage_and_does_nothing(run, stand_in, checkout, arguments):
    stand_in(checkout / ".venv/bin/aiwebengine")
    before = sorted(checkout.rglob("*"))

    called = run("backup-system", *arguments)

    assert called == []
    assert sorted(checkout.rglob("*")) == before


def test_help_needs_no_engine(checkout):
    done = _script(checkout, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: backup-system.sh")
    for name in ("--note", "--passphrase-file", "BACKUP_DIR", "KEEP_DAYS"):
        assert name in done.stdout


@pytest.mark.parametrize(
    "arguments", [["--hepl"], ["weekly"], ["--note", "weekly", "--all"], ["--note=x", "-x"]]
)
def test_an_unknown_argument_exits_with_status_2_before_anything_is_done(
    run, stand_in, checkout, arguments
):
    stand_in(checkout / ".venv/bin/aiwebengine")

    called = run("backup-system", *arguments, code=2)

    assert called == []
    assert not (checkout / "backups").exists()
    assert arguments[-1] in _script(checkout, *arguments).stderr


def test_options_of_the_database_backup_are_passed_on(run, stand_in, checkout):
    stand_in(checkout / ".venv/bin/aiwebengine")

    called = run("backup-system", "--note", "--help", "--include-secrets")

    assert called[0] == "backup create --json --note --help --include-secrets"


def _script(checkout, *arguments):
    return subprocess.run(
        [checkout / "maintenance/backup-system.sh", *arguments],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_system_backup_that_fails_leaves_nothing_that_looks_like_one(run, stand_in, checkout):
    stand_in(checkout / ".venv/bin/aiwebengine")
    (checkout / "archives" / NAME).unlink()

    run("backup-system", code=1)

    assert list((checkout / "backups" / "system").iterdir()) == []


def test_old_system_backups_are_removed_and_nothing_else(run, stand_in, checkout):
    stand_in(checkout / ".venv/bin/aiwebengine")
    folder = checkout / "backups" / "system"
    long_ago = time.time() - 61 * 86_400
    for name in ("20250101-030000", "20250108-030000", "my own"):
        (folder / name).mkdir(parents=True)
        os.utime(folder / name, (long_ago if name != "20250108-030000" else time.time(),) * 2)

    run("backup-system")

    left = {path.name for path in folder.iterdir()}
    assert "20250101-030000" not in left
    assert {"20250108-030000", "my own"} < left
