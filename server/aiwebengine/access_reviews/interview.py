"""Goes through the roles of a review with somebody at a terminal, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from aiwebengine.access_reviews.types import AccessReviewEntry, Decision, ReviewDecision
from aiwebengine.core import formats
from aiwebengine.terminal.commands import say
from aiwebengine.users.types import UserStatus

_KEYS = {
    "k": ReviewDecision.KEEP,
    "keep": ReviewDecision.KEEP,
    "r": ReviewDecision.REVOKE,
    "revoke": ReviewDecision.REVOKE,
}
_HOW = "[k]eep, [r]evoke, [s]kip or [q]uit; a note may follow, as in: r left the team"


def interview(entries: Sequence[AccessReviewEntry], longest_note: int) -> list[Decision]:
    """What somebody wants of these roles; only what was confirmed at the end."""
    made: list[Decision] = []
    say(f"{formats.count(len(entries), 'role')} to decide. {_HOW}")
    for number, entry in enumerate(entries, 1):
        say("")
        for line in described(entry, f"{number} of {len(entries)}"):
            say(line)
        answer = _asked(longest_note)
        if answer == "quit":
            break
        if isinstance(answer, tuple):
            made.append(Decision(entry.user_key, entry.role, *answer))
    if not made:
        return []
    revoked = [one for one in made if one.decision is ReviewDecision.REVOKE]
    say("")
    say(f"Keep {len(made) - len(revoked)}, revoke {len(revoked)}.")
    by_key = {(entry.user_key, entry.role): entry for entry in entries}
    for one in revoked:
        say(f"  revoke {by_key[one.user_id, one.role].email} as {one.role.value}")
    return made if click.confirm("Submit? What is revoked is taken away at once.") else []


def _asked(longest_note: int) -> tuple[ReviewDecision, str | None] | str:
    while True:
        said, _, note = click.prompt("  Keep or revoke?", prompt_suffix=" ").strip().partition(" ")
        if said.lower() in ("s", "skip"):
            return "skip"
        if said.lower() in ("q", "quit"):
            return "quit"
        decision = _KEYS.get(said.lower())
        if decision is None:
            say(f"  Found {said[:40]!r}; allowed: {_HOW}.")
        elif len(note.strip()) > longest_note:
            say(f"  The note has {len(note.strip())} characters; allowed: {longest_note}.")
        else:
            return decision, note.strip() or None


def described(entry: AccessReviewEntry, place: str) -> list[str]:
    """What is known of a role and its holder, as lines."""
    status = "" if entry.status is UserStatus.ACTIVE else f" ({entry.status.value})"
    name = f"{entry.name} <{entry.email}>" if entry.name else entry.email
    return [
        f"{place}: {name}{status}, {entry.role.value}",
        f"  granted    {granted(entry)}",
        f"  last seen  {instant(entry.last_seen_at) or 'never'}",
        f"  tokens     {tokens(entry)}",
        *([f"  refused    {entry.detail}"] if entry.detail else []),
    ]


def granted(entry: AccessReviewEntry) -> str:
    """When, by whom, why and until when."""
    told = f"{instant(entry.granted_at)} by {entry.granted_by}"
    told += f": {entry.reason}" if entry.reason else ""
    return told + (f", until {instant(entry.expires_at)}" if entry.expires_at else "")


def tokens(entry: AccessReviewEntry) -> str:
    """How many work, and when one was last used."""
    used = instant(entry.token_last_used_at)
    return f"{entry.api_tokens}" + (f", last used {used}" if used else "")


def instant(at: datetime | None) -> str:
    """An instant (UTC) for people; empty when there was none."""
    return "" if at is None else formats.instant(at)
