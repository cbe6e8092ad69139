"""Parses decisions from options or a file, for the command line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from aiwebengine.access_reviews.types import AccessReviewEntry, Decision, ReviewDecision
from aiwebengine.core.addresses import key_of
from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import GRANTABLE_ROLES

_ROLES = {role.value.upper(): role for role in GRANTABLE_ROLES}
_DECISIONS = {decision.name: decision for decision in ReviewDecision}
_ALLOWED_ROLES = ", ".join(role.value for role in GRANTABLE_ROLES)
_ALLOWED_DECISIONS = ", ".join(_DECISIONS)


def named(
    entries: Sequence[AccessReviewEntry],
    who: Iterable[str],
    decision: ReviewDecision,
    note: str | None,
) -> list[Decision]:
    """A decision for each named role: EMAIL for all roles of a user, EMAIL:ROLE for one.

    Raises BadUserInput with every text that names no role.
    """
    made, problems = [], []
    for text in who:
        address, _, tail = text.rpartition(":")
        role = _ROLES.get(tail.upper()) if address else None
        if role is None:
            address = text
        found = [
            entry
            for entry in entries
            if _comparable(entry.email) == _comparable(address) and role in (None, entry.role)
        ]
        if not found:
            problems.append(
                f"--{decision.value}: {text[:80]!r} is not in this review;"
                " allowed: an EMAIL of it, or EMAIL:ROLE."
            )
        made += [Decision(entry.user_key, entry.role, decision, note) for entry in found]
    _refuse(problems)
    return made


def read(text: str, entries: Sequence[AccessReviewEntry]) -> list[Decision]:
    """The decisions in a file: a JSON list, one JSON object per line, or CSV with a header.

    Columns: `user_id` or `email`, `role`, `decision` (KEEP or REVOKE), `note`; other
    columns are ignored, and so are rows without a decision, so the output of `export` can be filled
    in. Raises BadUserInput with every error.
    """
    by_id = {(str(entry.user_id), entry.role): entry for entry in entries}
    by_email = {(_comparable(entry.email), entry.role): entry for entry in entries}
    made, problems = [], []
    for number, row in enumerate(_rows(text), 1):
        said = str(row.get("decision") or "").strip()
        if not said:
            continue
        decision = _DECISIONS.get(said.upper())
        role = _ROLES.get(str(row.get("role") or "").strip().upper())
        user_id, email = str(row.get("user_id") or ""), str(row.get("email") or "").strip()
        if decision is None:
            problems.append(
                f"row {number}: decision: found {said[:40]!r}; allowed: {_ALLOWED_DECISIONS}."
            )
        elif role is None:
            problems.append(
                f"row {number}: role: found {str(row.get('role'))[:40]!r};"
                f" allowed: {_ALLOWED_ROLES}."
            )
        else:
            entry = by_id.get((user_id, role)) or by_email.get((_comparable(email), role))
            if entry is None:
                who = user_id or email
                problems.append(
                    f"row {number}: {who[:80]!r} as {role.value} is not in this review;"
                    " allowed: the `user_id` or `email` of a holder in it."
                )
            else:
                note = str(row.get("note") or "") or None
                made.append(Decision(entry.user_key, role, decision, note))
    _refuse(problems)
    return made


def _rows(text: str) -> list[Mapping[str, Any]]:
    # Spreadsheets write a byte order mark.
    kept = text.removeprefix("\ufeff").strip()
    try:
        if kept.startswith("["):
            rows = orjson.loads(kept)
        elif kept.startswith("{"):
            rows = [orjson.loads(line) for line in kept.splitlines() if line.strip()]
        else:
            return list(csv.DictReader(io.StringIO(kept)))
    except ValueError as error:
        raise BadUserInput(f"The file is neither CSV nor JSON: {error}.") from None
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise BadUserInput(f"row {number}: found {str(row)[:40]!r}; allowed: an object.")
    return list(rows)


def _comparable(email: str) -> str:
    # An old address may no longer be accepted.
    return key_of(email) or email


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise BadUserInput("\n".join(problems))
