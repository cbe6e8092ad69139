"""The nouns of this room."""

import enum
from datetime import datetime

import strawberry

KEPT_BY_RUNNER = frozenset(("_yoyo_log", "_yoyo_migration", "_yoyo_version", "yoyo_lock"))
"""The tables in which yoyo itself notes what it did: it makes and fills them."""


@strawberry.enum
class MigrationState(enum.Enum):
    """How a migration stands to the database.

    Attributes:
        APPLIED: the tables have it, and its file is what was applied.
        PENDING: the tables lack it.
        CHANGED: the tables have it, but its file says something else since.
        MISSING: the tables have it, but this version of the program has no such file.
    """

    APPLIED = "applied"
    PENDING = "pending"
    CHANGED = "changed"
    MISSING = "missing"


@strawberry.type
class Migration:
    """One step of the tables' history.

    Attributes:
        id: the name of its file, which begins with its number.
        title: what it does: the first sentence of its file.
        applied_at: when it was applied; null while it is pending.
        state: how it stands to the database.
    """

    id: strawberry.ID
    title: str
    applied_at: datetime | None
    state: MigrationState

    @property
    def is_intact(self) -> bool:
        """Whether the file is there and, once applied, says what was applied."""
        return self.state in (MigrationState.APPLIED, MigrationState.PENDING)
