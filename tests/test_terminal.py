"""What others wrote can't steer a terminal, whichever command prints it."""

import json
import logging
import os
import unicodedata

import psycopg
import pytest
from tests import commands

from aiwebengine.core.config import Logging
from aiwebengine.logs.setup import configure_logging

# Clears the screen, sets its title, begins a line, turns the text around, hides a part of it.
EVIL = "A\x1b[2J\x1b]0;pwn\x07\x9b31m\nforged\u202elive\u200b[red]:smile:"
LOG_LINE = {
    "timestamp": "2026-01-31T12:00:00.000000Z",
    "level": "error",
    "event": EVIL,
    "logger": EVIL,
    "path": EVIL,
    "user": EVIL,
    "exception": f"Traceback:\n  {EVIL}\x85",
}


def hidden(text):
    """What a terminal would obey, or not show. Line breaks are ours."""
    return {one for one in text if unicodedata.category(one) in ("Cc", "Cf")} - {"\n"}


@pytest.fixture
def run(url, tmp_path):
    def run(*arguments, **environ):
        done = commands.run(
            *arguments,
            cwd=tmp_path,
            env={**os.environ, "APP_REPOSITORY__DATABASE_URL": url, "COLUMNS": "300", **environ},
        )
        assert "Traceback (most" not in done.stderr
        return done.stdout, done.stderr

    return run


@pytest.fixture
def spoiled(url, tmp_path, run):
    """An instance full of names, reasons and messages from before anybody checked them."""
    run("users", "invite", "ada@example.com", "--role", "administrator")
    run("users", "invite", "eve@example.com", "--role", "editor")
    run("tokens", "create", "--user", "eve@example.com", "--name", "nightly")
    run("maintenance", "review", "start", "--note", "spring")
    run("maintenance", "tick", "documentation", "--note", "done")
    told = {"evil": EVIL}
    with psycopg.connect(url) as connection:
        for table, columns in {
            "users": ("name",),
            "user_roles": ("reason", "granted_by"),
            "api_tokens": ("name", "last_used_address"),
            "access_reviews": ("note", "started_by"),
            "access_review_entries": ("name", "reason", "granted_by", "note"),
            "maintenance_ticks": ("note", "done_by"),
        }.items():
            for column in columns:
                connection.execute(f"update {table} set {column} = %(evil)s", told)
        connection.execute(
            "update access_review_entries set email = 'x' || %(evil)s || '@example.com'", told
        )
        connection.execute(
            """
            insert into alerts (name, instance, state, severity, title, detail, since)
            values ('x', %(evil)s, 'open', 'failing', %(evil)s, %(evil)s, now())
            """,
            told,
        )
        connection.execute(
            """
            insert into runs (kind, task, state, started_by, actor, instance, result, lines,
              ended_at)
            values ('task', 'analyze', 'failed', %(evil)s, %(evil)s, %(evil)s, %(evil)s,
              array[%(evil)s], now())
            """,
            told,
        )
        connection.execute(
            """
            insert into audit_events
              (action, actor_kind, actor_label, target_type, target_label, reason, after, door)
            values ('role.granted', 'user', %(evil)s, 'user', %(evil)s, %(evil)s, %(after)s, 'web')
            """,
            {**told, "after": json.dumps(told)},
        )
    (tmp_path / "logs").mkdir(exist_ok=True)
    (tmp_path / "logs" / "aiwebengine.log").write_text(
        json.dumps(LOG_LINE, ensure_ascii=False, separators=(",", ":")) + "\n"
    )


OWN_WORDS = ("connections", "tasks")
PRINTED = [
    ["users", "list"],
    ["users", "list", "--json"],
    ["tokens", "list"],
    ["tokens", "list", "--json"],
    ["audit", "export"],
    ["audit", "export", "--format", "csv"],
    ["alerts", "list"],
    ["alerts", "list", "--json"],
    ["maintenance", "status"],
    ["maintenance", "status", "--json"],
    ["maintenance", "tasks"],
    ["maintenance", "runs"],
    ["maintenance", "runs", "--json"],
    ["maintenance", "review", "list"],
    ["maintenance", "review", "list", "--json"],
    ["maintenance", "review", "show"],
    ["maintenance", "review", "show", "--json"],
    ["maintenance", "review", "export"],
    ["maintenance", "review", "export", "--format", "ndjson"],
    ["logs", "search", "forged"],
    ["logs", "search", "forged", "--json"],
    ["logs", "tail"],
    ["db", "connections"],
    ["users", "grant", EVIL, "editor"],
    ["backup", "verify", EVIL],
    ["maintenance", "run", EVIL],
    ["health", "--url", f"http://127.0.0.1:9/{EVIL}"],
]


async def test_no_command_lets_what_others_wrote_steer_the_terminal(run, spoiled):
    for arguments in PRINTED:
        out, err = run(*arguments)

        assert hidden(out) == hidden(err) == set(), arguments
        assert "forged" in out + err or arguments[1] in OWN_WORDS, arguments
        assert not any(line.startswith("forged") for line in f"{out}\n{err}".splitlines())


async def test_a_name_is_shown_as_it_is_and_not_as_markup(run, spoiled):
    out, _ = run("users", "list")
    listed, _ = run("users", "list", "--json")

    assert "\\nforged\\u202elive\\u200b[red]:smile:" in out
    # For scripts it is the same text.
    assert {user["name"] for user in json.loads(listed)["users"]} == {EVIL}


def test_no_line_of_the_console_steers_the_terminal(capfd):
    root, handlers, level = logging.getLogger(), *_kept()
    try:
        configure_logging(Logging(format="pretty", file=None))
        try:
            raise ValueError(EVIL)
        except ValueError:
            logging.getLogger("x").exception("bug %s", EVIL, extra={"path": EVIL, "user": EVIL})
        told = capfd.readouterr().err
    finally:
        root.handlers, root.level = handlers, level

    assert hidden(told) == set()
    assert "Traceback" in told
    assert not any(line.startswith("forged") for line in told.split("\n"))


def _kept():
    root = logging.getLogger()
    return root.handlers, root.level
