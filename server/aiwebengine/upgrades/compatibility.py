"""Finds migrations that are incompatible with the previous version of the program.

Such a migration has a comment that begins with `-- breaks:` and gives the reason.
"""

from __future__ import annotations

import re
from pathlib import Path

_BREAKS = re.compile(r"^-- breaks: (.+(?:\n--   .+)*)", re.MULTILINE)
# Migrations released before the comment was required; released migrations are never edited.
_WITHOUT_COMMENT = {
    "0019.number-signing-keys": (
        "the key of signing_keys changes: a running engine of 0.1.0 continues, but can't be started"
        " again"
    ),
}


def breaks(migration_id: str, folder: Path) -> str | None:
    """Why engines of the previous version fail after this migration; None if they do not."""
    if migration_id in _WITHOUT_COMMENT:
        return _WITHOUT_COMMENT[migration_id]
    found = _BREAKS.search((folder / f"{migration_id}.sql").read_text(encoding="utf-8"))
    return None if found is None else re.sub(r"\n-- +", " ", found[1])
