"""Asks at a terminal about each role of an access review."""

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
_HOW = "[k]eep, [r]evoke, [s]kip or [q]uit; a note can follow, such as: r left the team"


def interview(entries: Sequence[AccessReviewEntry], max_note: int) -> list[Decision]:
    """Ask for a decision on each role; return the decisions if they are confirmed at the end."""
    made: list[Decision] = []
    say(f"{formats.count(len(entries), 'role')} to decide. {_HOW}")
    for number, entry in enumerate(entries, 1):
        say("")
        for line in described(entry, f"{number} of {len(entries)}"):
            say(line)
        answer = _ask(max_note)
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
    return made if click.confirm("Submit? Revoked roles end immediately.") else []


def _ask(max_note: int) -> tuple[ReviewDecision, str | None] | str:
    while True:
        word, _, note = click.prompt("  Keep or revoke?", prompt_suffix=" ").strip().partition(" ")
        if word.lower() in ("s", "skip"):
            return "skip"
        if word.lower() in ("q", "quit"):
            return "quit"
        decision = _KEYS.get(word.lower())
        if decision is None:
            say(f"  Unknown answer {word[:40]!r}. Allowed: {_HOW}.")
        elif len(note.strip()) > max_note:
            say(f"  The note has {len(note.strip())} characters; the maximum is {max_note}.")
        else:
            return decision, note.strip() or None


def described(entry: AccessReviewEntry, place: str) -> list[str]:
    """A role grant and its user as lines of text."""
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
    """When and by whom a role was granted, the reason and the expiry."""
    text = f"{instant(entry.granted_at)} by {entry.granted_by}"
    text += f": {entry.reason}" if entry.reason else ""
    return text + (f", until {instant(entry.expires_at)}" if entry.expires_at else "")


def tokens(entry: AccessReviewEntry) -> str:
    """The number of valid API tokens, and their last use."""
    used = instant(entry.token_last_used_at)
    return f"{entry.api_tokens}" + (f", last used {used}" if used else "")


def instant(at: datetime | None) -> str:
    """Format an instant (UTC); empty for None."""
    return "" if at is None else formats.instant(at)
