"""An access review at the command line: by flags, from a file, at a terminal."""

import csv
import json
import os
import pty
import re
import subprocess
import sys

import pytest
from tests import commands

from aiwebengine.core.identity import Role, operator


@pytest.fixture
def environ(url):
    return {**os.environ, "APP_REPOSITORY__DATABASE_URL": url, "COLUMNS": "200"}


@pytest.fixture
def review(environ, tmp_path):
    """Run `maintenance review …`; exit code, what it prints, what it says of itself."""

    def review(*arguments, given=None):
        done = commands.run(
            "maintenance", "review", *arguments, cwd=tmp_path, env=environ, given=given
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr

    return review


@pytest.fixture
async def people(engine, add_person):
    """Ada and Grace are administrators, Edith and Ed editors."""
    users = engine.services.users
    people = {
        "ada": await add_person("ada", Role.ADMINISTRATOR),
        "grace": await add_person("grace", Role.ADMINISTRATOR),
        "edith": await add_person("edith", Role.EDITOR),
        "ed": await add_person("ed", Role.EDITOR),
    }
    await users.grant_role(people["ada"], people["grace"].id, Role.EDITOR, reason="writes scripts")
    await engine.services.tokens.create(operator("tests"), people["ed"].id, "nightly")
    return people


async def roles_of(engine, viewer):
    (user,) = await engine.services.users.many([viewer.id])
    return [role.value for role in user.roles[1:]]


def test_the_review_shows_all_that_the_page_shows(people, review):
    code, none, problem = review("show")
    review("start", "--note", "Q4")
    _, table, _ = review("show")
    _, text, _ = review("show", "--json")

    assert (code, none) == (1, "")
    assert "maintenance review start" in problem
    assert "writes scripts" in table
    assert "5 of 5 undecided" in table
    shown = json.loads(text)
    entry = next(one for one in shown["entries"] if one["reason"])
    assert (shown["note"], shown["open"]) == ("Q4", 5)
    assert (entry["email"], entry["role"], entry["granted_by"]) == (
        "grace@example.com",
        "EDITOR",
        "ada@example.com",
    )
    assert {"granted_at", "expires_at", "last_seen_at", "token_last_used_at"} <= entry.keys()
    assert sum(one["api_tokens"] for one in shown["entries"]) == 1


async def test_flags_keep_and_revoke_in_one_pass(people, review, engine, events_of):
    review("start")
    before = await events_of()

    arguments = ("--revoke", "GRACE@example.com:editor", "--revoke", "ed@example.com")
    code, text, problem = review(
        "decide", *arguments, "--keep-rest", "--note", "left the team", "--json"
    )

    assert (code, problem) == (0, "")
    told = json.loads(text)
    assert (told["open"], told["kept"], told["revoked"]) == (0, 3, 2)
    assert told["finished_at"]
    assert await roles_of(engine, people["grace"]) == ["Administrator"]
    assert await roles_of(engine, people["ed"]) == []
    assert await roles_of(engine, people["edith"]) == ["Editor"]
    assert (await events_of())[len(before) :] == ["role.revoked"] * 2 + ["access.reviewed"]
    assert review("list")[1].count("finished") <= 1
    assert "No review is open" in review("decide", "--keep-rest")[2]


@pytest.mark.parametrize("kind", ["csv", "ndjson", "json"])
async def test_an_export_can_be_filled_in_and_submitted(people, review, engine, tmp_path, kind):
    review("start")
    file = tmp_path / "review.txt"
    review("export", "--format", "csv" if kind == "csv" else "ndjson", "--output", str(file))
    if kind == "csv":
        rows = list(csv.DictReader(file.read_text().splitlines()))
    else:
        rows = [json.loads(line) for line in file.read_text().splitlines()]
    for row in rows:
        if row["email"] != "edith@example.com":
            row["decision"] = "revoke" if row["email"] == "ed@example.com" else "KEEP"
    with file.open("w") as out:
        if kind == "csv":
            writer = csv.DictWriter(out, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        else:
            out.write(json.dumps(rows) if kind == "json" else "\n".join(map(json.dumps, rows)))

    code, _, problem = review("decide", "--from", str(file))
    again, text, _ = review("decide", "--from", "-", "--json", given=file.read_text())

    assert (code, again, problem) == (0, 0, "")
    told = json.loads(text)
    assert (told["kept"], told["revoked"], told["open"]) == (3, 1, 1)
    assert await roles_of(engine, people["ed"]) == []
    assert [path.name for path in tmp_path.glob("review*")] == ["review.txt"]


async def test_a_refused_revocation_ends_with_one_and_the_others_count(people, review, engine):
    review("start")

    code, text, _ = review("decide", "--revoke", "ada@example.com", "--revoke", "grace@example.com")

    assert code == 1
    assert "last active administrator" in text
    held = await roles_of(engine, people["ada"]) + await roles_of(engine, people["grace"])
    assert held == ["Administrator"]
    assert "--keep, --revoke, --keep-rest or --from" in review("decide")[2]
    assert review("decide", "--note", "x", "--from", "-", given="[]")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        (["--keep", "nobody@example.com"], None, "'nobody@example.com' is not in this review"),
        (["--revoke", "edith@example.com:Administrator"], None, "is not in this review"),
        (["--keep", "ed@example.com", "--revoke", "ed@example.com"], None, "has two decisions"),
        (
            ["--from", "-"],
            '[{"email": "ed@example.com", "role": "Editor", "decision": "perhaps"},'
            ' {"email": "ed@example.com", "role": "Boss", "decision": "KEEP"},'
            ' {"email": "x@example.com", "role": "EDITOR", "decision": "KEEP"}]',
            r"row 1: decision: found 'perhaps'; allowed: KEEP, REVOKE\.\n  "
            r"row 2: role: found 'Boss'; allowed: Editor, Administrator\.\n  "
            r"row 3: 'x@example.com' as Editor is not in this review",
        ),
        (["--from", "-"], "[oops", "neither CSV nor JSON"),
        (["--from", "-"], "[1]", "row 1: found '1'; allowed: an object"),
    ],
)
async def test_an_invalid_file_is_reported_and_changes_nothing(
    people, review, events_of, arguments, given, told
):
    review("start")
    before = await events_of()

    code, _, problem = review("decide", *arguments, given=given)

    assert code == 1
    assert re.search(told, problem), problem
    assert await events_of() == before


@pytest.mark.parametrize("is_sure", [True, False])
def test_a_terminal_asks_about_each_role(people, review, environ, tmp_path, is_sure):
    review("start")
    answers = ["x", "k", "keep fine", "s", "r left the team", "q", "y" if is_sure else "n"]

    here, there = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "aiwebengine", "maintenance", "review", "decide"],
        cwd=tmp_path,
        env=environ,
        stdin=there,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.close(there)
    os.write(here, "".join(f"{answer}\n" for answer in answers).encode())
    text, _ = process.communicate(timeout=60)
    os.close(here)

    assert process.returncode == 0, text
    assert "5 roles to decide" in text
    assert "1 of 5: " in text
    assert "Unknown answer 'x'. Allowed: [k]eep" in text
    assert "Keep 2, revoke 1." in text
    shown = json.loads(review("show", "--json")[1])
    decided = [(one["outcome"], one["note"]) for one in shown["entries"] if one["outcome"]]
    if is_sure:
        assert decided == [("KEPT", None), ("KEPT", "fine"), ("REVOKED", "left the team")]
    else:
        assert decided == []
        assert "No decisions were made" in text
