"""The nouns of this room."""

import enum
from dataclasses import dataclass
from datetime import datetime

import strawberry


@strawberry.enum
class SigningKeyState(enum.Enum):
    """What a key is good for.

    Attributes:
        COMING: every instance knows it; in a moment it signs.
        SIGNS: what is signed now is signed with it.
        VERIFIES: it signs nothing any more; what it signed is still valid.
    """

    COMING = "coming"
    SIGNS = "signs"
    VERIFIES = "verifies"


@strawberry.type
class SigningKey:
    """A key that all instances share. Its secret never leaves the engine.

    Attributes:
        purpose: what it is for: cursors of lists, or digests of settings.
        number: its place in the order of keys for this purpose.
        state: what it is good for.
        created_at: when it was made.
        ends_at: when what it signed stops being valid; null while no newer key replaces it, or
          until the last that was made with it is made anew.
    """

    purpose: str
    number: int
    state: SigningKeyState
    created_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class Purpose:
    """What keys are used for.

    *grace_secs*: how long old keys verify after a newer one took over; None: until their user says
    that nothing of theirs is left.
    """

    name: str
    description: str
    grace_secs: float | None


CURSORS = Purpose("cursors", "Cursors of paged lists", 86_400.0)
SETTINGS = Purpose("settings", "Digests of secrets in the configuration", None)
PURPOSES = {purpose.name: purpose for purpose in (CURSORS, SETTINGS)}
