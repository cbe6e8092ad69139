"""Outside the engine's folder a command says so: it makes no database, and answers from none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4

import click
import psycopg
import pytest
from tests import commands
from tests.conftest import Server
from tests.freezing import frozen, postgres_in

from aiwebengine.cli.main import main
from aiwebengine.database.embedded import embedded_postgres
from aiwebengine.users.cli import GrantableRole

MAKES_A_DATABASE = {("serve",), ("demo",)}
# They print what they know without a database.
NEEDS_NONE = {
    ("backup", "seal"),
    ("backup", "unseal"),
    ("check-config",),
    ("logs", "prune"),
    ("logs", "search"),
    ("logs", "tail"),
    ("schema", "print"),
    ("scripts", "new"),
}
# What is said when one of several options is needed.
CHOICE = {
    ("maintenance", "review", "decide"): ["--keep-rest"],
    ("scripts", "secrets", "set"): ["--no-host"],
    ("secrets", "rotate"): ["--all"],
}


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of each command, also of those that are loaded when they are asked for."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))
        else:
            yield (*path, name)


def found(path: tuple[str, ...]) -> click.Command:
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        inner = command.get_command(click.Context(command), name)
        assert inner is not None
        command = inner
    return command


def needed(command: click.Command, file: Path) -> list[str]:
    """Values for everything that this command can't do without."""
    given = []
    for parameter in command.params:
        if "--yes" in parameter.opts:
            # Nobody can be asked.
            given.append("--yes")
        if not parameter.required:
            continue
        value = _value(parameter.type, file)
        if isinstance(parameter, click.Argument):
            given.append(value)
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            given.append(parameter.opts[0])
        else:
            given += [parameter.opts[0], value]
    return given


def _value(kind: click.ParamType, file: Path) -> str:
    if isinstance(kind, click.Choice):
        return str(kind.choices[0])
    if isinstance(kind, GrantableRole):
        return "Editor"
    if isinstance(kind, click.Path):
        return str(file)
    if isinstance(kind, click.types.UUIDParameterType):
        return str(uuid4())
    return "1" if isinstance(kind, click.types.IntParamType) else "ada@example.com"


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    return {**kept, "AIWEBENGINE_BACKUP_PASSPHRASE": "a passphrase of some length", **more}


@pytest.mark.parametrize("path", sorted({*every_command(main)} - MAKES_A_DATABASE), ids=" ".join)
def test_no_command_makes_a_database_in_an_empty_folder(
    tmp_path: Path, path: tuple[str, ...]
) -> None:
    folder, file = tmp_path / "empty", tmp_path / "file"
    folder.mkdir()
    file.write_text("x" * 20)
    arguments = [*path, *needed(found(path), file), *CHOICE.get(path, ())]

    # The port that nobody can listen at: no engine of this machine answers instead.
    done = commands.run(
        *arguments, cwd=folder, env=environment(APP_SERVER__BASE_URL="http://[::1]:1")
    )

    assert list(folder.iterdir()) == [], arguments
    assert "Traceback" not in done.stderr
    if path == ("health",):
        assert done.returncode == 1
    elif path not in NEEDS_NONE:
        assert done.returncode == 1, (arguments, done)
        said = f"Error: There is no database in {folder / 'data'}. Are you in the engine's folder?"
        assert done.stderr.startswith(said), arguments
        assert "--config" in done.stderr
        assert "APP_REPOSITORY__DATA_DIR" in done.stderr


def run(folder: Path, *arguments: str, code: int, **environ: str) -> CompletedProcess[str]:
    """Run a command to its end, which has to come: nothing that hangs may hold it for a minute."""
    done = subprocess.run(
        [sys.executable, "-m", "aiwebengine", *arguments],
        cwd=folder,
        env=environment(**environ),
        capture_output=True,
        text=True,
        timeout=45,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    return done


def test_a_look_at_everything_in_an_empty_folder_makes_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "health", "--detail", "--json", code=1)

    states = {check["name"]: check["state"] for check in json.loads(done.stdout)}
    assert list(tmp_path.iterdir()) == []
    assert done.stderr.startswith(f"Error: There is no database in {tmp_path / 'data'}.")
    assert states["database"] == "FAILING"


def test_a_look_at_everything_starts_no_server(tmp_path: Path) -> None:
    with embedded_postgres(tmp_path / "data"):
        pass

    done = run(tmp_path, "health", "--detail", code=1)

    assert "is not running: `aiwebengine serve` starts it." in done.stderr
    assert not (tmp_path / "data" / "postgres" / "postmaster.pid").exists()


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """A database that nobody has used, as one with a wrong name is."""
    name = f"empty_{uuid4().hex[:12]}"
    server.run(f"create database {name}")
    yield server.database(name)
    server.run(f"drop database {name} with (force)")


@pytest.mark.parametrize(
    "arguments",
    [["users", "list"], ["backup", "create"], ["maintenance", "status"], ["audit", "verify"]],
    ids=" ".join,
)
def test_an_empty_database_of_a_server_is_not_made_the_engines(
    empty: str, tmp_path: Path, arguments: list[str]
) -> None:
    given = environment(APP_REPOSITORY__DATABASE_URL=empty)
    done = commands.run(*arguments, cwd=tmp_path, env=given)

    with psycopg.connect(empty) as connection:
        tables = connection.execute("select 1 from pg_class where relname = 'users'").fetchall()
    assert done.returncode == 1
    assert "is empty: no engine has used it" in done.stderr
    assert tables == []


def test_migrations_can_be_applied_to_an_empty_database_of_a_server(
    empty: str, tmp_path: Path
) -> None:
    given = environment(APP_REPOSITORY__DATABASE_URL=empty)
    applied = commands.run("migrate", "up", cwd=tmp_path, env=given)
    listed = commands.run("users", "list", cwd=tmp_path, env=given)

    assert (applied.returncode, listed.returncode) == (0, 0), (applied, listed)


def test_a_backup_is_restored_into_a_folder_without_a_database(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    run(old, "demo", "--users", "3", code=0)
    name = json.loads(run(old, "backup", "create", "--json", code=0).stdout)["name"]
    (new / "data").mkdir(parents=True, mode=0o700)
    (old / "backups").rename(new / "backups")
    key = old / "data" / "backup-signing.key"
    key.rename(new / "data" / key.name)

    seen = run(new, "backup", "list", code=0)
    wrong = run(new, "backup", "restore", "no-such.tar", "--yes", code=1)
    is_there_after_wrong = (new / "data" / "postgres").exists()
    run(new, "backup", "restore", name, "--yes", code=0)
    listed = json.loads(run(new, "users", "list", "--json", code=0).stdout)

    assert name in seen.stdout
    assert len(seen.stderr.splitlines()) == 1
    assert seen.stderr.startswith("There is no database in ")
    assert "There is no backup no-such.tar" in wrong.stderr
    assert not is_there_after_wrong
    assert listed["total"] == 3


@pytest.fixture
def frozen_url(tmp_path: Path) -> Iterator[str]:
    """The address of an embedded server in tmp_path/data that neither answers nor ends."""
    with embedded_postgres(tmp_path / "data") as url:
        with frozen(postgres_in(tmp_path / "data")):
            yield url


@pytest.mark.parametrize("is_embedded", [True, False])
def test_a_frozen_database_ends_a_command_with_a_line(
    frozen_url: str, tmp_path: Path, is_embedded: bool
) -> None:
    environ = {} if is_embedded else {"APP_REPOSITORY__DATABASE_URL": frozen_url}

    listed = run(tmp_path, "users", "list", code=1, **environ)
    looked = run(tmp_path, "health", "--detail", "--json", code=1, **environ)

    assert listed.stderr.startswith("Error: The ")
    assert "did not respond within" in listed.stderr
    assert len(listed.stderr.splitlines()) == 1
    found = {check["name"]: check for check in json.loads(looked.stdout)}
    assert found["database"]["state"] == "FAILING"
