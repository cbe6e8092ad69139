"""How many streams and WebSockets of scripts may be open in this worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiwebengine.core.errors import RateLimited, Unavailable
from aiwebengine.script_streams import limits
from aiwebengine.script_streams.visits import Visit
from aiwebengine.web.crowding import Places

RETRY_SECS = 10


class OpenPlaces:
    """Counts connections of each script and each group of client addresses.

    *per_address* may be shared with other kinds of connections.
    """

    def __init__(self, per_address: Places) -> None:
        self._per_address = per_address
        self._per_script = Places(limits.MOST_CONNECTIONS_OF_SCRIPT)
        self._all = Places(limits.MOST_CONNECTIONS)

    @contextmanager
    def taken(self, visit: Visit) -> Iterator[None]:
        """Count a connection during the `with` block. Raises RateLimited, Unavailable."""
        if not self._per_address.take(visit.crowd):
            raise RateLimited(
                f"Too many streams: at most {self._per_address.most} of one address.", RETRY_SECS
            )
        try:
            with self._place(self._per_script, visit.script_id), self._place(self._all, "all"):
                yield
        finally:
            self._per_address.leave(visit.crowd)

    @contextmanager
    def _place(self, places: Places, key: object) -> Iterator[None]:
        if not places.take(key):
            raise Unavailable(f"Too many streams are open: at most {places.most}.")
        try:
            yield
        finally:
            places.leave(key)
