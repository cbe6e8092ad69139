"""Types of schema migrations."""

import enum
from datetime import datetime

import strawberry

KEPT_BY_RUNNER = frozenset(("_yoyo_log", "_yoyo_migration", "_yoyo_version", "yoyo_lock"))
"""Tables that yoyo creates and fills itself."""


@strawberry.enum
class MigrationState(enum.Enum):
    """The state of a migration.

    Attributes:
        APPLIED: applied, and the file is unchanged.
        PENDING: not applied yet.
        CHANGED: applied, but the file changed afterwards.
        MISSING: applied, but this version has no such file.
    """

    APPLIED = "applied"
    PENDING = "pending"
    CHANGED = "changed"
    MISSING = "missing"


@strawberry.type
class Migration:
    """A schema migration.

    Attributes:
        id: file name, which starts with the number of the migration.
        title: description, from the first sentence of the file.
        applied_at: when it was applied; null while it is pending.
        state: state of the migration.
    """

    id: strawberry.ID
    title: str
    applied_at: datetime | None
    state: MigrationState

    @property
    def is_intact(self) -> bool:
        """Whether the file exists and matches what was applied."""
        return self.state in (MigrationState.APPLIED, MigrationState.PENDING)
