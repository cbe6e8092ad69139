"""Types of signing keys."""

import enum
from dataclasses import dataclass
from datetime import datetime

import strawberry


@strawberry.enum
class SigningKeyState(enum.Enum):
    """The state of a signing key.

    Attributes:
        COMING: created, and active within seconds, once every instance has loaded it.
        SIGNS: active; new signatures use it.
        VERIFIES: replaced; its signatures are still valid.
    """

    COMING = "coming"
    SIGNS = "signs"
    VERIFIES = "verifies"


@strawberry.type
class SigningKey:
    """A signing key shared by all instances. Its secret is never exposed.

    Attributes:
        purpose: purpose of the key: "cursors", "settings" (configuration digests) or
          "script-secrets" (encryption).
        number: sequence number among the keys of this purpose.
        state: whether the key signs or only verifies.
        created_at: when it was created.
        ends_at: when its signatures expire; null for an active key, and for a replaced key whose
          signatures are still in use.
    """

    purpose: str
    number: int
    state: SigningKeyState
    created_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class Purpose:
    """The purpose of a signing key.

    *grace_secs*: how long a replaced key still verifies; None: until `retire_before`.
    """

    name: str
    description: str
    grace_secs: float | None


CURSORS = Purpose("cursors", "Cursors of paged lists", 86_400.0)
SETTINGS = Purpose("settings", "Digests of secrets in the configuration", None)
SCRIPT_SECRETS = Purpose("script-secrets", "Secrets of scripts, encrypted", None)
PURPOSES = {purpose.name: purpose for purpose in (CURSORS, SETTINGS, SCRIPT_SECRETS)}
