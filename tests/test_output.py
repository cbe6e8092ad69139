"""Output that can't be encoded or written ends no command in a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests import commands

SHOWN = [
    ["users", "list"],
    ["users", "list", "--json"],
    ["users", "show", "ada@example.com"],
    ["tokens", "list"],
    ["sessions", "list"],
    ["maintenance", "status"],
    ["db", "tables"],
    ["audit", "export"],
    ["check-config"],
    ["schema", "print"],
    ["health", "--detail"],
    ["migrate", "status"],
    ["--help"],
]


@pytest.fixture
def environ(url: str, tmp_path: Path) -> dict[str, str]:
    """An instance with a name and a token that ASCII does not hold."""
    given = {**os.environ, "APP_REPOSITORY__DATABASE_URL": url}
    for arguments in (
        ["users", "invite", "ada@example.com", "--name", "Ädå 日本"],
        ["tokens", "create", "--user", "ada@example.com", "--name", "Täst"],
    ):
        assert commands.run(*arguments, cwd=tmp_path, env=given).returncode == 0
    return given


def shell(
    line: str, arguments: list[str], folder: Path, environ: dict[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as this line of the shell has it."""
    return subprocess.run(
        ["bash", "-c", line, "bash", sys.executable, "-m", "aiwebengine", *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        timeout=240,
    )


@pytest.mark.parametrize("arguments", SHOWN, ids=" ".join)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_a_terminal_can_t_show_is_escaped(
    environ: dict[str, str], tmp_path: Path, arguments: list[str], encoding: str
) -> None:
    done = shell('"$@"', arguments, tmp_path, {**environ, "PYTHONIOENCODING": encoding})

    assert b"Traceback" not in done.stderr
    assert done.returncode == 0 or arguments[0] == "health", done.stderr
    if encoding == "ascii" and arguments != ["audit", "export"]:
        assert done.stdout.isascii()
    if arguments == ["users", "list", "--json"]:
        assert json.loads(done.stdout.decode(encoding))["total"] == 1


@pytest.mark.parametrize("arguments", SHOWN, ids=" ".join)
@pytest.mark.parametrize("target", [">/dev/full", ">&-"])
def test_output_that_can_t_be_written_is_one_line(
    environ: dict[str, str], tmp_path: Path, arguments: list[str], target: str
) -> None:
    done = shell(f'"$@" {target}', arguments, tmp_path, environ)

    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("Error: Can't write to standard output: ")


def test_a_reader_that_leaves_is_no_news(environ: dict[str, str], tmp_path: Path) -> None:
    line = '"$@" | true; exit ${PIPESTATUS[0]}'
    done = shell(line, ["schema", "print"], tmp_path, environ)

    assert (done.returncode, done.stderr) == (1, b"")


def test_messages_that_nobody_reads_change_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    good = shell('"$@" 2>&-', ["users", "list"], tmp_path, environ)
    bad = shell('"$@" 2>/dev/full', ["users", "suspend", "x@example.com"], tmp_path, environ)

    assert good.returncode == 0
    assert b"ada@example.com" in good.stdout
    assert bad.returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [["backup", "create"], ["backup", "drill"], ["maintenance", "run", "analyze"]],
    ids=" ".join,
)
def test_cron_has_nothing_to_mail_when_all_went_well(
    environ: dict[str, str], tmp_path: Path, arguments: list[str]
) -> None:
    if arguments[1] == "drill":
        commands.run("backup", "create", cwd=tmp_path, env=environ)

    done = commands.run(*arguments, cwd=tmp_path, env=environ)

    assert (done.returncode, done.stderr) == (0, "")
