"""Activity in the engine that is shown: users sign up, roles change, backups are created."""

from __future__ import annotations

import subprocess
import time

import httpx2

PEOPLE = 48
ADMINISTRATOR = "grace.hopper@example.com"
NEWCOMERS = {
    "ada.lovelace@example.com": "Ada Lovelace",
    "alan.turing@example.com": "Alan Turing",
    "katherine.johnson@example.com": "Katherine Johnson",
}
CHANGES = (
    ("grant", "ada.lovelace@example.com", "Editor", "writes the newsletter"),
    ("grant", "alan.turing@example.com", "Editor", "reviews the scripts"),
    ("grant", "katherine.johnson@example.com", "Administrator", "on call this week"),
    ("revoke", "alan.turing@example.com", "Editor", "changed teams"),
)
# The queries of a usual day, so that metrics and logs have something to show.
QUERIES = (
    "{ viewer { email roles } }",
    "{ users(first: 50) { nodes { email roles } totalCount } }",
    "{ auditEvents(first: 50) { nodes { action at actorLabel } } }",
    "{ systemStats { users { total } } }",
    '{ users(search: "ada") { nodes { email } } }',
)
PAUSE_SECS = 0.05


def live(base: str, command: list[str], seconds: float) -> None:
    """Do all of this on the engine at *base*, for so long at least."""
    begun = time.monotonic()

    def run(*arguments: str) -> str:
        return subprocess.run(
            [*command, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    run("demo", "--users", str(PEOPLE))
    for email, name in NEWCOMERS.items():
        run("users", "invite", email, "--name", name)
    for verb, email, role, reason in CHANGES:
        run("users", verb, email, role, "--reason", reason)
    token = token_of(command, "nightly")
    run("backup", "create", "--note", "before the move")
    run("backup", "drill")
    run("backup", "create")
    run("maintenance", "run", "analyze")
    run("maintenance", "tick", "documentation", "--note", "read all of it")
    with httpx2.Client(
        base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as client:
        number = 0
        while time.monotonic() - begun < seconds:
            client.post("/graphql", json={"query": QUERIES[number % len(QUERIES)]})
            if number % 40 == 0:
                client.get("/engine/admin/nowhere.png")
            number += 1
            time.sleep(PAUSE_SECS)


def token_of(command: list[str], name: str) -> str:
    """A new API token of the administrator."""
    words = ("tokens", "create", "--user", ADMINISTRATOR, "--name", name, "--expires", "30d")
    return subprocess.run(
        [*command, *words], check=True, capture_output=True, text=True
    ).stdout.strip()
