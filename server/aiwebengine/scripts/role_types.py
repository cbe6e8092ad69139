"""Roles that a script defines for its users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import strawberry

LONGEST_ROLE = 50
"""Characters of a role of a script."""
MOST_ROLES_OF_USER = 50
"""Roles of a user in one script."""


@strawberry.type
class ScriptUserRole:
    """A role that a user has in one script.

    Attributes:
        email: address of the user.
        name: name of the user.
        role: the role, as the script calls it.
        granted_at: when it was granted.
        granted_by: who granted it.
    """

    user_id: strawberry.Private[UUID]
    email: str
    name: str
    role: str
    granted_at: datetime
    granted_by: str


@dataclass(frozen=True)
class RolesChange:
    """The roles of a user in a script after a change, and whether it changed them."""

    roles: list[str]
    changed: bool
