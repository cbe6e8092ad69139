"""Rate limits by client address, shared by all workers and instances."""

from __future__ import annotations

import enum
import ipaddress
import time
from collections import Counter
from functools import lru_cache

from aiwebengine.core.errors import RateLimited, Unavailable
from aiwebengine.database import Database
from aiwebengine.rate_limits import store
from aiwebengine.rate_limits.store import Window

DEFAULT_PER_MINUTE = 600
# Sign-ins and invalid tokens get a tenth of the limit, to slow down guessing.
STRICT_DIVISOR = 10
MIN_PER_MINUTE = 5
WINDOW_SECS = 60
# Bounds the memory that an attacker with many addresses can use.
MAX_ADDRESSES = 100_000


class Kind(enum.Enum):
    """What is limited; each kind has its own counter."""

    REQUEST = "request"
    SIGN_IN = "sign-in"
    BAD_TOKEN = "bad-token"  # noqa: S105 - a kind, not a secret


# Looking up a member's value for each request is slow.
_REQUEST = Kind.REQUEST.value


class RateLimits:
    """Counts by address and minute across all workers and instances.

    Requests are counted in memory and shared once a second, so that no request waits for the
    database; the instances together can exceed the limit within that second. Sign-ins and invalid
    tokens are counted in the database immediately. Without *per_minute*, requests from this machine
    (*is_local*) are not limited.
    """

    def __init__(self, db: Database, per_minute: int | None) -> None:
        self._db = db
        self._exempts_this_machine = per_minute is None
        self._per_minute = per_minute or DEFAULT_PER_MINUTE
        self._strict_per_minute = max(MIN_PER_MINUTE, self._per_minute // STRICT_DIVISOR)
        self._known: dict[Window, int] = {}
        self._pending: Counter[Window] = Counter()
        # Being written to the database; counted here until the write returns the total.
        self._in_flight: Counter[Window] = Counter()

    def request(self, address: str | None, *, is_local: bool = False) -> None:
        """Count a request. Raises RateLimited."""
        window = self._window(_REQUEST, address, is_local)
        if window is None:
            return
        pending = self._pending.get(window, 0)
        hits = self._known.get(window, 0) + self._in_flight.get(window, 0) + pending
        _check_limit(hits, self._per_minute)
        if len(self._pending) < MAX_ADDRESSES:
            self._pending[window] = pending + 1

    async def attempt(self, kind: Kind, address: str | None, *, is_local: bool = False) -> None:
        """Count a sign-in or an invalid token. Raises RateLimited."""
        window = self._window(kind.value, address, is_local)
        if window is None:
            return
        try:
            totals = await store.add(self._db, [window], [1])
        except Unavailable:
            # Without the database, sign-in fails anyway.
            return
        _check_limit(totals[window] - 1, self._strict_per_minute)

    async def share(self) -> None:
        """Share the local counts with the other instances, and load theirs."""
        sent, self._pending = self._pending, Counter()
        self._in_flight = sent
        now = _minute()
        self._known = {window: hits for window, hits in self._known.items() if window[2] == now}
        if sent:
            windows = list(sent)
            try:
                self._known |= await store.add(self._db, windows, [sent[one] for one in windows])
            except Unavailable:
                self._pending.update(sent)
                raise
            finally:
                self._in_flight = Counter()

    async def forget(self) -> None:
        """Delete expired counters. Any instance may do this at any time."""
        await store.remove_before(self._db, _minute() - 1)

    def _window(self, kind: str, address: str | None, is_local: bool) -> Window | None:
        """The counter to use; None if the address is not limited."""
        if address is None or (self._exempts_this_machine and is_local):
            return None
        return (kind, client_network(address), _minute())


def _check_limit(hits: int, limit: int) -> None:
    if hits >= limit:
        wait = WINDOW_SECS - int(time.time()) % WINDOW_SECS
        raise RateLimited(
            f"Rate limit exceeded: {limit} per minute. Try again in {wait} s.",
            wait,
        )


def _minute() -> int:
    return int(time.time()) // WINDOW_SECS


@lru_cache(1_024)
def client_network(address: str) -> str:
    """The IPv4 address, or the /64 network of an IPv6 subscriber (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
