"""From the version before to this one and back, by the steps of docs/updates.md."""

import json
import re
import subprocess

import pytest
from tests.upgrades.machine import PAGE, Machine, steps
from tests.upgrades.previous_version import INVITE, ROOT, origin, rows

from aiwebengine import __version__

PEOPLE = "{ users(first: 200) { totalCount nodes { email roles status } } }"
# Tables with data of users; the other tables describe the engine.
OURS = ["users", "identities", "user_roles", "sessions"]


@pytest.fixture
def machine(old_database, tmp_path):
    machine = Machine(old_database, tmp_path)
    machine.start()
    yield machine
    machine.stop()


@pytest.fixture
def token(machine):
    told = ("--user", "admin@localhost", "--name", "tests")
    return machine.installed.command(machine.url, "tokens", "create", *told)


def people(machine, token, port="3000"):
    """All users, their roles and states, as the engine at this port reports them."""
    told = machine.installed.ask(machine.base(port), token, PEOPLE)["users"]
    return {one["email"]: (tuple(one["roles"]), one["status"]) for one in told["nodes"]}


def invite(machine, token, name, port="3000"):
    address = {"email": f"{name}@example.com"}
    machine.installed.ask(machine.base(port), token, INVITE, input=address)


def test_versions_are_found_in_a_fresh_clone_by_the_command_of_the_page(tmp_path):
    subprocess.run(["git", "clone", "--quiet", "--no-tags", ROOT, tmp_path / "clone"], check=True)
    (command,) = re.findall(r"^git log --format=.*__init__\.py$", PAGE.read_text(), re.M)

    found = subprocess.run(
        command, shell=True, cwd=tmp_path / "clone", capture_output=True, text=True, check=True
    ).stdout.splitlines()
    versions = [version_at(tmp_path / "clone", line.split()[0]) for line in found]

    assert versions[0] == __version__
    assert origin().version in versions
    for line in PAGE.read_text().splitlines():
        assert not re.search(r"git (checkout v\d|fetch --tags)", line), line


def version_at(clone, revision):
    text = subprocess.run(
        ["git", "show", f"{revision}:server/aiwebengine/__init__.py"],
        cwd=clone,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return re.search(r'__version__ = "(.*)"', text)[1]


def test_an_update_loses_nothing_and_old_engines_continue_meanwhile(machine, token):
    before, counted = people(machine, token), rows(machine.url, OURS)

    told = machine.follow("Before")
    found = json.loads(machine.do("aiwebengine upgrade --check --json"))
    first, *rest = steps("The update")
    machine.do(first)
    # Both are old engines on new tables: they read, and write.
    during = people(machine, token)
    invite(machine, token, "rolling")
    machine.do(rest[0])
    # One of each.
    invite(machine, token, "by-the-new-one", "3000")
    seen_by_old = people(machine, token, "3001")
    for line in rest[1:]:
        told[line] = machine.do(line)
    after = people(machine, token)

    assert "To roll back: aiwebengine migrate down --to 0008" in told["aiwebengine upgrade --check"]
    assert found["last_run"] == {"version": None, "at": None}
    assert found["version"] == __version__
    assert found["new_settings"]
    assert before == during
    assert seen_by_old == after
    assert set(after) - set(before) == {"rolling@example.com", "by-the-new-one@example.com"}
    assert {name: after[name] for name in before} == before
    counted["users"] += 2
    assert rows(machine.url, OURS) == counted
    assert "The audit trail is intact" in told["aiwebengine audit verify"]


def test_the_way_back_keeps_what_was_done_since(machine, token):
    before = people(machine, token)
    machine.follow("Before")
    machine.follow("The update")
    invite(machine, token, "since-the-update")

    told = machine.follow("Roll back the schema and keep newer data")

    after = people(machine, token)
    assert after.pop("since-the-update@example.com")
    assert after == before
    assert set(rows(machine.url)) == set(origin().rows)
    # In the words of the version before.
    assert "The trail is whole" in told["aiwebengine audit verify"]


def test_the_backup_from_before_the_update_brings_the_old_state_back(machine, token):
    before, counted = people(machine, token), rows(machine.url, OURS)
    machine.follow("Before")
    machine.follow("The update")
    invite(machine, token, "since-the-update")
    (made,) = json.loads(machine.do("aiwebengine backup list --json"))
    machine.names["NAME"] = made["name"]

    machine.follow("Restore the backup from before the update")

    assert people(machine, token) == before
    assert rows(machine.url, OURS) == counted
    assert set(rows(machine.url)) == set(origin().rows)
