"""Which migrations the version before can't live with, and why: a line of theirs says so."""

from __future__ import annotations

import re
from pathlib import Path

_BREAKS = re.compile(r"^-- breaks: (.+(?:\n--   .+)*)", re.MULTILINE)
# Applied migrations are never edited; these are from before the line was asked for.
_FROM_BEFORE = {
    "0019.number-signing-keys": (
        "the key of signing_keys changes: an engine of 0.1.0 goes on running, but can't be started"
    ),
}


def breaks(migration_id: str, folder: Path) -> str | None:
    """Why engines of the version before can't go on beside it; None when they can."""
    if migration_id in _FROM_BEFORE:
        return _FROM_BEFORE[migration_id]
    found = _BREAKS.search((folder / f"{migration_id}.sql").read_text(encoding="utf-8"))
    return None if found is None else re.sub(r"\n-- +", " ", found[1])
