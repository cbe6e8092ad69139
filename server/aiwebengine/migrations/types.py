"""The nouns of this room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Migration:
    """One step of the tables' history.

    *is_intact* is False when the file is not what was applied any more, or is gone.
    """

    id: str
    applied_at: datetime | None
    is_intact: bool = True
