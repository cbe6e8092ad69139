"""docs/new-machine.md is followed line by line, from a system backup of a machine that is lost."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from tests.conftest import free_port
from tests.docs.blocks import ROOT, blocks
from tests.docs.reader import Reader
from tests.upgrades.running import until_healthy

PAGE = "docs/new-machine.md"
BARE = {"PATH": "/usr/bin:/bin"}


def clone(folder):
    """A clone on which `make install` ran."""
    folder.mkdir()
    for name in ("maintenance", "docs", "pyproject.toml", "config.production.toml", "Caddyfile"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def command(folder, *words):
    return subprocess.run(
        [folder / ".venv/bin/aiwebengine", *words],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("APP_")},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def serving(folder):
    """The engine of a clone, as its configuration says."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    with (folder / "output").open("w") as output:
        return subprocess.Popen(
            [folder / ".venv/bin/aiwebengine", "serve"],
            cwd=folder,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def stop(engine):
    engine.terminate()
    engine.wait(60)


@pytest.mark.guides
@pytest.mark.parametrize("passphrase", [None, "correct horse battery"])
def test_everything_comes_back_on_a_new_machine(tmp_path, passphrase):
    lost, port = clone(tmp_path / "lost"), free_port()
    (lost / "config.toml").write_text(
        f'[server]\nport = {port}\n[auth]\nbootstrap_admins = ["ada@example.com"]\n'
    )
    (lost / ".env").write_text("DOMAIN=engine.example.com\n")
    (lost / "secrets").mkdir()
    if passphrase:
        (lost / "secrets" / "backup-passphrase").write_text(f"{passphrase}\n")
    (lost / "maintenance" / "my-own.sh").write_text("#!/bin/sh\n")
    engine = serving(lost)
    try:
        until_healthy(f"http://localhost:{port}")
        command(lost, "users", "invite", "ada@example.com", "--role", "Editor")
        kept = tmp_path / "kept"
        done = subprocess.run(
            [lost / "maintenance/backup-system.sh"],
            env={**BARE, "BACKUP_DIR": str(kept), "CADDY_DATA": "/nonexistent"},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
    finally:
        stop(engine)
    shutil.rmtree(lost, ignore_errors=True)
    (backup,) = kept.iterdir()
    new = clone(tmp_path / "new")
    if passphrase:
        (new / "passphrase.txt").write_text(passphrase)
    reader = Reader(new, f"localhost:{port}")
    reader.environ = {n: v for n, v in reader.environ.items() if not n.startswith("APP_")}
    steps = [block for block in blocks(PAGE) if block.is_run]

    for block in steps[:-1]:
        code = block.code.replace("/opt/aiwebengine", str(new)).replace("make install", ":")
        reader.shell(code.replace("/mnt/backups/20261129-030000", str(backup)))
    engine = serving(new)
    try:
        until_healthy(f"http://localhost:{port}")
        reader.shell(steps[-1].code)
        found = json.loads(command(new, "users", "list", "--json"))
    finally:
        stop(engine)

    assert len(steps) == 4
    assert [user["email"] for user in found["users"]] == ["ada@example.com"]
    assert "port" in (new / "config.toml").read_text()
    assert (new / ".env").read_text() == "DOMAIN=engine.example.com\n"
    assert (new / "maintenance" / "my-own.sh").exists()
    assert (new / "logs" / "aiwebengine.log").exists()
