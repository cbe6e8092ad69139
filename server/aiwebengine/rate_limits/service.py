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
        limit = per_minute or DEFAULT_PER_MINUTE
        strict = max(MIN_PER_MINUTE, limit // STRICT_DIVISOR)
        self._limits = {Kind.REQUEST: limit, Kind.SIGN_IN: strict, Kind.BAD_TOKEN: strict}
        self._known: dict[Window, int] = {}
        self._pending: Counter[Window] = Counter()
        # Being written to the database; counted here until the write returns the total.
        self._in_flight: Counter[Window] = Counter()

    def request(self, address: str | None, *, is_local: bool = False) -> None:
        """Count a request. Raises RateLimited."""
        window = self._window(Kind.REQUEST, address, is_local)
        if window is None:
            return
        hits = self._known.get(window, 0) + self._in_flight[window] + self._pending[window]
        self._check_limit(hits, Kind.REQUEST)
        if len(self._pending) < MAX_ADDRESSES:
            self._pending[window] += 1

    async def attempt(self, kind: Kind, address: str | None, *, is_local: bool = False) -> None:
        """Count a sign-in or an invalid token. Raises RateLimited."""
        window = self._window(kind, address, is_local)
        if window is None:
            return
        try:
            totals = await store.add(self._db, [window], [1])
        except Unavailable:
            # Without the database, sign-in fails anyway.
            return
        self._check_limit(totals[window] - 1, kind)

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

    def _window(self, kind: Kind, address: str | None, is_local: bool) -> Window | None:
        """The counter to use; None if the address is not limited."""
        if address is None or (self._exempts_this_machine and is_local):
            return None
        return (kind.value, client_network(address), _minute())

    def _check_limit(self, hits: int, kind: Kind) -> None:
        if hits >= self._limits[kind]:
            wait = WINDOW_SECS - int(time.time()) % WINDOW_SECS
            raise RateLimited(
                f"Rate limit exceeded: {self._limits[kind]} per minute. Try again in {wait} s.",
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
