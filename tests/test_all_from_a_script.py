"""What the pages can do, the command line can; what it refuses, it refuses in plain words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from tests import commands
from tests.conftest import free_port

from aiwebengine.app.engine import Engine
from aiwebengine.core.config_loader import ConfigError, load_config
from aiwebengine.core.identity import operator

Run = Callable[..., str]


@pytest.fixture
def run(url: str, tmp_path: Path) -> Run:
    """Run a command on this test's database; what it prints, or its messages if it fails."""

    def run(*arguments: str, code: int = 0) -> str:
        environ = {**os.environ, "APP_REPOSITORY__DATABASE_URL": url, "COLUMNS": "200"}
        done = commands.run(*arguments, cwd=tmp_path, env=environ)
        assert done.returncode == code, done
        assert "Traceback" not in done.stderr
        return done.stderr if code else done.stdout

    return run


def test_a_suspended_user_is_reinstated_and_deleted_from_a_script(run: Run) -> None:
    run("users", "invite", "ada@example.com", "--role", "EDITOR")
    run("users", "suspend", "ada@example.com")

    suspended = json.loads(run("users", "list", "--status", "suspended", "--json"))
    reinstated = run("users", "reinstate", "ada@example.com")
    again = json.loads(run("users", "reinstate", "ada@example.com", "--json"))
    unsure = run("users", "delete", "ada@example.com", code=2)
    deleted = run("users", "delete", "ada@example.com", "--yes")

    assert suspended["total"] == 1
    assert reinstated == "ada@example.com is reinstated.\n"
    assert again["changed"] is False
    assert "--yes" in unsure
    assert deleted == "ada@example.com is deleted.\n"
    assert "no user" in run("users", "show", "ada@example.com", code=1)
    actions = run("audit", "export", "--action", "user_deleted", "--action", "USER_REINSTATED")
    assert len(actions.splitlines()) >= 2


def test_a_user_is_shown_with_roles_and_their_ends(run: Run) -> None:
    run("users", "invite", "ada@example.com", "--name", "Ada")
    run(
        "users",
        "grant",
        "ada@example.com",
        "eDiToR",
        "--expires",
        "2h",
        "--reason",
        "spring",
        "--confirm-unverified",
    )

    text = run("users", "show", "ADA@example.com")
    told = json.loads(run("users", "show", "ada@example.com", "--json"))

    assert "Role            Editor until 2" in text
    assert "spring" in text
    assert told["grants"][0]["role"] == "Editor"
    assert told["grants"][0]["expires_at"]


def test_users_of_a_provider_are_listed(run: Run) -> None:
    run("users", "invite", "ada@example.com")

    assert json.loads(run("users", "list", "--provider", "google", "--json"))["total"] == 0


async def test_sessions_are_listed_and_ended_from_a_script(engine: Engine, run: Run) -> None:
    users, maker = engine.services.users, operator("tests")
    for name in ("ada", "edith"):
        user = (await users.invite(maker, f"{name}@example.com", name, ())).user
        for _ in range(2):
            await engine.services.sessions.begin(maker, user.key, user.email, "link")

    everyone = json.loads(run("sessions", "list", "--json"))
    adas = json.loads(run("sessions", "list", "--user", "ada@example.com", "--json"))
    run("sessions", "revoke", adas[0]["id"])
    unknown = run("sessions", "revoke", str(uuid4()), code=1)
    ended = run("sessions", "revoke-all", "edith@example.com")
    left = json.loads(run("sessions", "list", "--json"))

    assert len(everyone) == 4
    assert {one["user"] for one in adas} == {"ada@example.com"}
    assert "There is no session" in unknown
    assert ended == "Revoked 2 sessions of edith@example.com.\n"
    assert [one["id"] for one in left] == [adas[1]["id"]]
    assert "SESSIONS_REVOKED" in run("audit", "export")


def test_a_backup_is_deleted_from_a_script(run: Run) -> None:
    first = json.loads(run("backup", "create", "--json"))["name"]
    only = run("backup", "delete", first, "--yes", code=1)
    second = json.loads(run("backup", "create", "--json"))["name"]

    run("backup", "delete", first, "--yes")

    assert "only good backup" in only
    assert [one["name"] for one in json.loads(run("backup", "list", "--json"))] == [second]


def test_psql_opens_the_configured_database(run: Run, url: str, tmp_path: Path) -> None:
    shown = run("db", "shell", "--print")
    secret = commands.run(
        *("db", "shell", "--print"),
        cwd=tmp_path,
        env={**os.environ, "APP_REPOSITORY__DATABASE_URL": f"{url}&password=hunter2"},
    )

    assert "psql --dbname" in shown
    assert "hunter2" not in secret.stdout + secret.stderr
    assert "aiwebengine" in run("db", "shell", "--", "-Atc", "select current_user")
    assert "column" in run("db", "shell", "--", "-c", "select nothing", code=1)


def test_where_to_listen_can_be_said_at_the_start(url: str, tmp_path: Path) -> None:
    port = free_port()
    with (tmp_path / "output").open("w") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "aiwebengine",
                "serve",
                "--host",
                "127.0.0.1",
                "--port",
                f"{port}",
            ],
            cwd=tmp_path,
            env={**os.environ, "APP_REPOSITORY__DATABASE_URL": url},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        subprocess.run(
            ["bash", "-c", f"until (exec 3<>/dev/tcp/127.0.0.1/{port}); do sleep 0.2; done"],
            timeout=60,
            check=True,
            capture_output=True,
        )
    finally:
        process.terminate()
        process.wait(60)
    assert f"http://localhost:{port}/" in (tmp_path / "output").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["users", "grant", "a@example.com", "Boss"], 2, "ROLE must be Editor or Administrator"),
        (["audit", "export", "--action", "ROLE_GRANTD"], 2, "Did you mean ROLE_GRANTED"),
        (["db", "vacuum", "user"], 1, "Did you mean user"),
        (["db", "vacuum", "--full"], 2, "run the command with --yes"),
        (["maintenance", "runs", "--task", "nothing"], 1, "There is no task 'nothing'. Tasks: "),
        (["maintenance", "review", "show"], 1, "There is no review yet."),
        (["maintenance", "review", "show", "--id", "7"], 1, "There is no review 7."),
        (["backup", "restore", "x.tar", "--yes"], 1, "There is no backup x.tar."),
        (["health", "--timeout", "0"], 2, "0.0 is not in the range"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_refusal_says_what_is_allowed(
    run: Run, arguments: list[str], code: int, said: str
) -> None:
    assert said in run(*arguments, code=code)


def test_nothing_to_migrate_is_said(run: Run) -> None:
    assert run("migrate", "up", "--dry-run") == "Nothing to do.\n"


def test_a_restore_that_is_declined_says_so_on_a_line_of_its_own(
    run: Run, url: str, tmp_path: Path
) -> None:
    name = json.loads(run("backup", "create", "--json"))["name"]

    done = commands.run(
        *("backup", "restore", name),
        cwd=tmp_path,
        env={**os.environ, "APP_REPOSITORY__DATABASE_URL": url},
        given="n\n",
    )

    assert done.returncode == 1
    assert "\nError: Expected 'restore'; found 'n'. Nothing was changed.\n" in done.stderr


ANSWERS: dict[str, tuple[int, str, bytes]] = {
    "/page/health": (200, "text/html", b"<html>Welcome</html>"),
    "/gone/health": (404, "text/plain", b"no"),
    "/well/health": (
        200,
        "application/json",
        b'{"status": "ok", "timestamp": "2026-01-01T00:00:00Z"}',
    ),
    "/odd/health": (200, "application/json", b"[]"),
    "/down/health": (
        503,
        "application/json",
        b'{"status": "fail", "checks": {"database": "away"}}',
    ),
}


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, kind, body = ANSWERS[self.path]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is to be printed."""


@pytest.fixture
def base() -> Iterator[str]:
    """A web server that is no engine, or is one, by its path."""
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("/well", 0, "ok 2026"),
        ("/well/", 0, "ok 2026"),
        ("/well/health", 0, "ok 2026"),
        ("/well/health/?a=b", 0, "ok 2026"),
        ("/page", 1, "200 OK and text/html. A proxy or another program may be responding"),
        ("/gone", 1, "404 Not Found"),
        ("/odd", 1, "is not the health page of an engine"),
        ("/down", 1, "fail database: away"),
    ],
)
def test_health_takes_any_spelling_of_the_address_and_says_why(
    base: str, tmp_path: Path, path: str, code: int, said: str
) -> None:
    done = commands.run("health", "--url", base + path, cwd=tmp_path, env=os.environ)

    assert done.returncode == code
    assert said in done.stdout


def test_health_says_that_nobody_listens(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    done = commands.run("health", "--url", address, cwd=tmp_path, env=os.environ)

    assert done.returncode == 1
    assert f"no connection to {address}/health: " in done.stdout


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LOGGING__RETENTION_DAYS", "thirty", "allowed: a whole number from 1 to 3650"),
        ("REPOSITORY__MAX_CONNECTIONS", "5000", "allowed: 2 to 1000"),
        ("AUTH__BOOTSTRAP_ADMINS", "me", 'a list such as ["you@example.com"]'),
        ("SERVER__REQUEST_TIMEOUT_SECS", "0", "more than 0, up to 3600"),
        ("REPOSITORY__DATABASE_URL", "mysql://hunter2", "found a secret (not shown)"),
    ],
)
def test_a_bad_setting_says_what_is_allowed(variable: str, value: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, {f"APP_{variable}": value})

    (problem,) = caught.value.problems
    assert said in problem
    assert "hunter2" not in problem


def test_a_variable_that_is_not_set_is_one_fault(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[server]\nbase_url = "${ENGINE_URL}"\n')

    with pytest.raises(ConfigError) as caught:
        load_config(file, {})
    with pytest.raises(ConfigError) as missing:
        load_config(tmp_path / "none.toml", {})

    assert caught.value.problems == [
        "server.base_url: the environment variable ENGINE_URL is not set"
    ]
    assert missing.value.problems == [f"{tmp_path / 'none.toml'}: the file does not exist"]
