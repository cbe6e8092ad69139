"""Deployments of scripts, as their history lists them."""

import enum
from datetime import datetime

import strawberry


@strawberry.enum(name="ScriptActivationKind")
class ActivationKind(enum.Enum):
    """How a version became the active one.

    Attributes:
        DEPLOYED: by a deployment.
        ROLLED_BACK: by rolling back to it.
    """

    DEPLOYED = "deployed"
    ROLLED_BACK = "rolled_back"


@strawberry.type
class ScriptActivation:
    """A version of a script that became the active one.

    Attributes:
        version: number of the version.
        previous_version: number of the version that was active before; null if none was.
        kind: whether it was deployed or rolled back to.
        at: when.
        by: who did it; empty for deployments that are older than this list.
    """

    number: strawberry.Private[int]
    version: int
    previous_version: int | None
    kind: ActivationKind
    at: datetime
    by: str
