"""Whose a token or session was when it was last looked up: for the log, and for nothing else."""

from __future__ import annotations

from hashlib import blake2b
from uuid import UUID

from aiwebengine.core.identity import Viewer

MOST_REMEMBERED = 5_000

Caller = tuple[str, UUID | None]
"""What a line calls somebody, and the id of the user."""

ANONYMOUS: Caller = ("anonymous", None)
UNKNOWN: Caller = ("unknown", None)
"""What the log says of a caller who showed a token or session that could not be looked up."""


class LastSeen:
    """Remembers callers by a hash of what they showed.

    While the database is away nobody can be let in, but a line of the log can still say whose
    request was refused. Never asked for a right: a token may have been revoked since.
    """

    def __init__(self) -> None:
        self._callers: dict[bytes, Caller] = {}

    def caller(self, secret: str) -> Caller:
        """Whose it was; UNKNOWN for what was not seen before."""
        return self._callers.get(_hashed(secret), UNKNOWN)

    def note(self, secret: str, viewer: Viewer) -> None:
        """Remember whose this is, or that it is nobody's any more."""
        hashed = _hashed(secret)
        if not viewer.is_signed_in:
            self._callers.pop(hashed, None)
        elif self._callers.get(hashed) != (viewer.label, viewer.id):
            self._callers[hashed] = (viewer.label, viewer.id)
            if len(self._callers) > MOST_REMEMBERED:
                del self._callers[next(iter(self._callers))]


def _hashed(secret: str) -> bytes:
    return blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=16).digest()
