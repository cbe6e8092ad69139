"""The command line, as a shell script uses it."""

import json
import os
import pwd
import re
import subprocess
import sys

import psycopg
import pytest
from click.testing import CliRunner
from tests import commands

from aiwebengine.cli.main import COMMAND_PACKAGES, main
from aiwebengine.core.resources import MIGRATIONS


def commands_of(group, path=()):
    """Every command, however deep."""
    for name, command in getattr(group, "commands", {}).items():
        yield [*path, name]
        yield from commands_of(command, (*path, name))


COMMANDS = list(commands_of(main))


@pytest.fixture
def run(url, tmp_path):
    """Run a command on this test's database."""

    def run(*arguments, code=0, told=False, **environ):
        done = commands.run(
            *arguments,
            cwd=tmp_path,
            env={**os.environ, "APP_REPOSITORY__DATABASE_URL": url, "COLUMNS": "200", **environ},
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 or told else done.stderr

    return run


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command):
    done = CliRunner().invoke(main, [*command, "--help"])

    assert done.exit_code == 0
    assert done.output.startswith("Usage: ")
    assert len(done.output.splitlines()) > 3


@pytest.mark.parametrize("name", COMMAND_PACKAGES)
def test_a_package_is_loaded_when_its_command_is_used(name):
    done = subprocess.run(
        [sys.executable, "-m", "aiwebengine", name, "--help"], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: aiwebengine {name} ")


def test_users_and_roles_from_a_script(run):
    run("demo", "--users", "30")
    before = json.loads(run("users", "list", "--json", "--limit", "100"))
    plain = next(user for user in before["users"] if user["roles"] == ["Authenticated"])["email"]

    granted = run("users", "grant", plain.upper(), "editor", "--expires", "2h", "--reason", "test")
    twice = json.loads(run("users", "grant", plain, "Editor", "--expires", "2h", "--json"))
    table = run("users", "list", "--search", plain)
    revoked = json.loads(run("users", "revoke", plain, "Editor", "--json"))
    run("users", "suspend", plain, "--reason", "test")

    assert before["total"] == 30
    assert granted == f"{plain} is now Editor.\n"
    assert twice["user"]["roles"] == ["Authenticated", "Editor"]
    assert re.search(rf"{re.escape(plain)} .* Editor +active", table)
    assert revoked["changed"]
    assert "is suspended. Reinstate" in run("users", "sign-in-link", plain, code=1)


def test_an_invitation_from_a_script(run):
    told = run("users", "invite", "ada@example.com", "--name", "Ada", "--role", "editor")
    again = run("users", "invite", "ADA@example.com", code=1)
    listed = json.loads(run("users", "list", "--json"))["users"]

    assert told == "ada@example.com is invited.\n"
    assert "already a user" in again
    assert [(user["email"], user["name"], user["status"], user["roles"]) for user in listed] == [
        ("ada@example.com", "Ada", "invited", ["Authenticated", "Editor"])
    ]


def test_tokens_from_a_script(run):
    run("demo", "--users", "5")
    email = json.loads(run("users", "list", "--json"))["users"][0]["email"]

    secret = run("tokens", "create", "--user", email, "--name", "nightly", "--expires", "30d")
    listed = json.loads(run("tokens", "list", "--json"))
    run("tokens", "revoke", listed[0]["id"])

    assert re.fullmatch(r"awe_[0-9A-Za-z]{42}\n", secret)
    assert (listed[0]["name"], listed[0]["user"]) == ("nightly", email)
    assert json.loads(run("tokens", "list", "--json")) == []


def test_the_last_administrator_is_safe_from_scripts_too(run):
    run("demo", "--users", "5")
    people = json.loads(run("users", "list", "--role", "administrator", "--json"))["users"]
    for user in people[1:]:
        run("users", "revoke", user["email"], "Administrator")

    told = run("users", "revoke", people[0]["email"], "Administrator", code=1)

    assert "last" in told.lower()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["users", "grant", "nobody@example.com", "Editor"], 1, "no user"),
        (
            ["users", "grant", "nobody@example.com", "Boss"],
            2,
            "ROLE must be Editor or Adm",
        ),
        (
            ["users", "grant", "nobody@example.com", "Authenticated"],
            2,
            "ROLE must be Editor or Administrator",
        ),
        (["users", "list", "--limit", "0"], 2, "0 is not in the range"),
        (["users", "grant", "a@b", "Editor", "--expires", "soon"], 2, "not a duration"),
        (["tokens", "revoke", "x"], 2, "not a valid UUID"),
        (["nothing"], 2, "No such command"),
        (["health", "--url", "http://127.0.0.1:9"], 1, ""),
    ],
)
def test_what_is_wrong_is_one_clear_line(run, arguments, code, told):
    assert told in run(*arguments, code=code)


def test_health_from_a_script(run, tmp_path):
    (tmp_path / "backups").write_text("in the way")

    told = json.loads(run("health", "--detail", "--json", code=1, told=True))
    table = run("health", "--detail", code=1, told=True)
    (tmp_path / "config.toml").write_text("[server]\nport = 0.5\n")
    without = run("health", "--url", "http://127.0.0.1:9", code=1, told=True)

    states = {one["name"]: one["state"] for one in told}
    assert (states["database"], states["writable.backups"]) == ("OK", "FAILING")
    assert "event_loop" not in states
    assert re.search(r"FAILING +Backup directory", table)
    assert "server.port" in run("health", code=2)
    assert without.startswith("fail engine: no connection to http://127.0.0.1:9")


def test_a_look_from_here_works_without_the_database(run):
    url = "postgresql://nobody:hunter2@127.0.0.1:9/none"

    told = run("health", "--detail", code=1, told=True, APP_REPOSITORY__DATABASE_URL=url)

    assert re.search(r"FAILING +Database", told)
    assert re.search(r"UNKNOWN +Migrations", told)
    assert "hunter2" not in told


def test_alerts_from_a_script(run):
    nowhere = {"APP_ALERTS__WEBHOOK_URL": "http://127.0.0.1:9/secret-path"}

    without = run("alerts", "test", code=1)
    failed = run("alerts", "test", code=1, told=True, **nowhere)
    as_json = json.loads(run("alerts", "test", "--json", code=1, told=True, **nowhere))

    assert "alerts.webhook_url" in without
    assert failed.startswith("WEBHOOK to 127.0.0.1: 127.0.0.1: ")
    assert "secret-path" not in failed
    assert (as_json[0]["channel"], as_json[0]["delivered"]) == ("WEBHOOK", False)
    assert "alert.test_sent" not in run("alerts", "list")
    assert json.loads(run("alerts", "list", "--json")) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["users", "list", "--search", "x" * 300], 1, "search"),
        (
            ["users", "grant", "a@example.com", "Editor", "--expires", "99999999999d"],
            2,
            "out of range",
        ),
        (["logs", "search", "--since", "9999999999999d"], 2, "out of range"),
        (["logs", "prune", "--older-than", "99999999999w"], 2, "out of range"),
        (["audit", "export", "--since", "99999999999d"], 2, "out of range"),
        (["audit", "export", "--output", "nowhere/trail.csv"], 1, "No such file or directory"),
    ],
)
def test_an_impossible_request_is_reported_in_one_line(run, arguments, code, said):
    assert said in run(*arguments, code=code)


def test_made_up_users_are_counted(run):
    assert run("demo", "--users", "5") == "Added 5 demo users. The database now has 5 demo users.\n"
    assert run("demo", "--users", "3") == "Added 0 demo users. The database now has 5 demo users.\n"


def test_made_up_users_stay_out_of_a_real_database(run, url):
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("insert into users (email, name) values ('real@example.com', 'Real')")
        connection.execute(
            "insert into identities (provider, subject, user_id)"
            " select 'google', '1', id from users"
        )

    assert "This database has 1 real user," in run("demo", "--users", "5", code=1)


def test_who_is_invited_is_real_and_an_administrator_of_a_link_alone_is_not(run, url):
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "with admin as (insert into users (email) values ('admin@localhost') returning id)"
            " insert into user_roles (user_id, role, granted_by)"
            " select id, 'Administrator', 'system' from admin"
        )
    run("demo", "--users", "5")
    run("users", "invite", "ada@example.com", "--role", "administrator")

    assert "This database has 1 real user," in run("demo", "--users", "9", code=1)


def test_a_missing_database_is_reported(run):
    url = "postgresql://nobody:hunter2@127.0.0.1:9/none"

    told = run("users", "list", code=1, APP_REPOSITORY__DATABASE_URL=url)

    assert "does not answer" in told
    assert "hunter2" not in told


def test_migrations_from_a_script(run):
    status = json.loads(run("migrate", "status", "--json"))

    assert all(migration["applied_at"] for migration in status)
    newest = status[-1]["id"]
    planned = run("migrate", "down", "--dry-run")
    assert newest in planned
    assert (MIGRATIONS / f"{newest}.rollback.sql").read_text().strip() in planned
    assert not re.search(r" pending\b", run("migrate", "status").lower())
    assert newest in run("migrate", "down")
    assert "pending" in run("migrate", "status").lower()
    assert newest in run("migrate", "up")


def test_the_database_from_a_script(run):
    run("demo", "--users", "30")

    size = json.loads(run("db", "size", "--json"))
    tables = json.loads(run("db", "tables", "--json", "--limit", "200"))
    connections = json.loads(run("db", "connections", "--json"))
    slow = json.loads(run("db", "slow-queries", "--json"))
    vacuumed = json.loads(run("db", "vacuum", "users", "sessions", "--json"))

    assert min(size["size_bytes"], size["growth"][-1]["size_bytes"]) > 1_000_000
    assert "users" in {table["name"] for table in tables}
    assert connections["maximum"] == 200
    assert any(group["application"] == "aiwebengine" for group in connections["groups"])
    assert slow["source"] == "OWN"
    assert (vacuumed["state"], vacuumed["tables"]) == ("SUCCEEDED", ["users", "sessions"])
    assert re.search(r"^users +30 ", run("db", "tables"), re.MULTILINE)
    assert "users_pkey" in run("db", "indexes", "--limit", "200")
    assert run("db", "locks", "--json") == run("db", "transactions", "--json") == "[]\n"
    assert "PostgreSQL" in run("db", "size")
    assert "of 200 in use" in run("db", "connections")
    assert "pg_stat_statements" in run("db", "slow-queries")
    assert re.search(r"Vacuumed \d+ of \d+ tables", run("db", "vacuum", "--no-analyze"))
    assert "'nothing'. Allowed:" in run("db", "vacuum", "nothing", code=1)
    assert "run the command with --yes" in run("db", "vacuum", "--full", "users", code=2)
    run("db", "vacuum", "--full", "--yes", "users")


def test_the_schema_is_printed(run):
    assert "type Query {" in run("schema", "print")


def test_the_trail_from_a_script(run, url, tmp_path):
    run("demo", "--users", "30")
    people = json.loads(run("users", "list", "--json"))["users"]
    email = next(user["email"] for user in people if user["roles"] == ["Authenticated"])
    run("users", "grant", email, "Editor", "--reason", "newsletter")

    exported = run("audit", "export", "--action", "role_granted", "--since", "1h", "--user", email)
    run("audit", "export", "--format", "csv", "--output", "trail.csv")
    whole = json.loads(run("audit", "verify", "--json"))
    kept = run("audit", "verify", "--head", whole["head"])
    with psycopg.connect(url) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update audit_events set reason = 'x' where reason = 'newsletter'")
    spoilt = run("audit", "verify", code=1, told=True)

    event = json.loads(exported)
    assert (event["target_label"], event["reason"]) == (email, "newsletter")
    assert (tmp_path / "trail.csv").read_text().count("ROLE_GRANTED") >= 1
    assert [path.name for path in tmp_path.glob("trail.csv*")] == ["trail.csv"]
    assert whole["ok"]
    assert whole["head"] in kept
    assert f"tampered with at event {event['id']}" in spoilt
    assert "head: found 'x'" in run("audit", "verify", "--head", "x", code=1)
    assert "'soon' is not a time" in run("audit", "export", "--since", "soon", code=2)


def test_a_command_is_recorded_under_the_account_that_ran_it(url, tmp_path):
    names = {"LOGNAME", "USER", "LNAME", "USERNAME"}
    without = {name: value for name, value in os.environ.items() if name not in names}
    env = {**without, "APP_REPOSITORY__DATABASE_URL": url}

    done = commands.run("users", "invite", "ada@example.com", cwd=tmp_path, env=env)

    assert done.returncode == 0, done.stderr
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select distinct actor_label from audit_events where target_label = 'ada@example.com'"
        ).fetchall()
    account = pwd.getpwuid(os.getuid()).pw_name
    assert rows == [(f"{account} (command line)",)]


def test_maintenance_from_a_script(run, url):
    fresh = json.loads(run("maintenance", "status", "--json"))
    with psycopg.connect(url) as connection:
        connection.execute("update maintenance_board set began_at = now() - interval '1 year'")
    late = run("maintenance", "status", code=1, told=True)
    ticked = json.loads(run("maintenance", "tick", "documentation", "--note", "read", "--json"))
    done = run("maintenance", "run", "analyze")
    runs = json.loads(run("maintenance", "runs", "--task", "analyze", "--json"))
    tasks = json.loads(run("maintenance", "tasks", "--json"))

    assert fresh["overdue"] == 0
    assert "documentation" in late
    assert (ticked["state"], ticked["note"]) == ("OK", "read")
    assert done == "succeeded: The planner's statistics are up to date.\n"
    assert [one["state"] for one in runs] == ["SUCCEEDED"]
    assert "has ended" in run("maintenance", "stop", runs[0]["id"])
    assert "analyze" in [task["name"] for task in tasks if task["last_run"]]
    assert "decided by evidence" in run("maintenance", "tick", "disk", code=1)
    assert "There is no task 'nothing'" in run("maintenance", "run", "nothing", code=1)


def test_secrets_from_a_script(run):
    before = json.loads(run("secrets", "list", "--json"))
    run("secrets", "rotate", "--all")
    after = json.loads(run("secrets", "list", "--json"))

    assert {(key["purpose"], key["number"]) for key in before} >= {("cursors", 1)}
    assert {("cursors", 2), ("settings", 2)} <= {(key["purpose"], key["number"]) for key in after}
    assert "secret" not in " ".join(after[0])
    assert "Give either a PURPOSE or --all" in run("secrets", "rotate", code=2)
    assert "'sessions' is not one of" in run("secrets", "rotate", "sessions", code=2)
