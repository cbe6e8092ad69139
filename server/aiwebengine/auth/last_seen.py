"""The users of recently seen tokens and sessions, for log lines only."""

from __future__ import annotations

from hashlib import blake2b
from uuid import UUID

from aiwebengine.core.identity import Viewer

MOST_REMEMBERED = 5_000

Caller = tuple[str, UUID | None]
"""The label and the id of a user in a log line."""

ANONYMOUS: Caller = ("anonymous", None)
UNKNOWN: Caller = ("unknown", None)
"""Label for a token or session that could not be looked up."""


class LastSeen:
    """Remembers callers by a hash of their token or session secret.

    During a database outage nobody can sign in, but the log line of a refused request still names
    the user. Never used for authorization: a token may have been revoked since.
    """

    def __init__(self) -> None:
        self._callers: dict[bytes, Caller] = {}

    def caller(self, secret: str) -> Caller:
        """The user of the secret; UNKNOWN for a new one."""
        return self._callers.get(_hashed(secret), UNKNOWN)

    def note(self, secret: str, viewer: Viewer) -> None:
        """Remember the user of the secret, or that it has none any more."""
        hashed = _hashed(secret)
        if not viewer.is_signed_in:
            self._callers.pop(hashed, None)
        elif self._callers.get(hashed) != (viewer.label, viewer.id):
            self._callers[hashed] = (viewer.label, viewer.id)
            if len(self._callers) > MOST_REMEMBERED:
                del self._callers[next(iter(self._callers))]


def _hashed(secret: str) -> bytes:
    return blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=16).digest()
