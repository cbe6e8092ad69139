"""Secrets of scripts, as owners see them and as the engine uses them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import strawberry

from aiwebengine.core.errors import EngineError

LARGEST_VALUE_BYTES = 16_384
MOST_OF_SCRIPT = 100
"""Secrets of one script, without those of visitors."""
MOST_OF_USER = 20
"""Secrets of one visitor in one script."""
MOST_OF_USERS = 10_000
"""Secrets of all visitors in one script."""
ANY_HOST = ("*",)
"""Where a secret goes that a script itself set: the script knew it, and could send it anywhere."""

BY_SCRIPT = "the script"
"""Who set the secrets that a script set."""


@strawberry.type
class ScriptSecret:
    """A secret of a script. Its value can't be read.

    Attributes:
        name: its name, as placeholders have it.
        hosts: hosts that it may be sent to; none if it only verifies signatures.
        set_at: when its value was set.
        set_by: who set it.
    """

    name: str
    hosts: list[str]
    set_at: datetime
    set_by: str


@dataclass(frozen=True)
class Sealed:
    """A secret as it is stored."""

    id: UUID
    script_id: UUID
    user_id: UUID | None
    name: str
    hosts: tuple[str, ...]
    key_number: int
    ciphertext: bytes


@dataclass(frozen=True)
class Opened:
    """A secret with its value, which must not be stored, logged or returned."""

    name: str
    value: str
    hosts: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Opened({self.name})"


class SecretUnreadable(EngineError):
    """A secret can't be decrypted: its key is missing, or is another one."""

    code = "SECRET_UNREADABLE"
    status = 500
