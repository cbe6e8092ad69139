"""The verbs of this room."""

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

USUAL_PER_MINUTE = 600
# Guessing is slow work: what lets somebody in may be tried a tenth as often as the rest.
STRICT_SHARE = 10
FEWEST_PER_MINUTE = 5
WINDOW_SECS = 60
# An attacker with many addresses must not fill our memory.
MOST_ADDRESSES = 100_000


class Kind(enum.Enum):
    """What is counted, each for itself."""

    REQUEST = "request"
    SIGN_IN = "sign-in"
    BAD_TOKEN = "bad-token"  # noqa: S105 - a kind, not a secret


class RateLimits:
    """Counts by address and minute, over all workers and instances.

    Requests are counted here and shared once a second, so none waits for it: together the
    instances may let through what comes within that second. Sign-ins and refused tokens are
    counted in the database one by one. Without *per_minute* this machine itself is not counted:
    the caller says by *is_local* whether it sent the request.
    """

    def __init__(self, db: Database, per_minute: int | None) -> None:
        self._db = db
        self._spares_this_machine = per_minute is None
        usual = per_minute or USUAL_PER_MINUTE
        strict = max(FEWEST_PER_MINUTE, usual // STRICT_SHARE)
        self._most = {Kind.REQUEST: usual, Kind.SIGN_IN: strict, Kind.BAD_TOKEN: strict}
        self._known: dict[Window, int] = {}
        self._untold: Counter[Window] = Counter()
        # On its way to the database: it counts here until the answer says the sum.
        self._in_flight: Counter[Window] = Counter()

    def request(self, address: str | None, *, is_local: bool = False) -> None:
        """Count a request. Raises RateLimited."""
        window = self._window(Kind.REQUEST, address, is_local)
        if window is None:
            return
        so_far = self._known.get(window, 0) + self._in_flight[window] + self._untold[window]
        self._must_be_below(so_far, Kind.REQUEST)
        if len(self._untold) < MOST_ADDRESSES:
            self._untold[window] += 1

    async def attempt(self, kind: Kind, address: str | None, *, is_local: bool = False) -> None:
        """Count something that lets people in. Raises RateLimited."""
        window = self._window(kind, address, is_local)
        if window is None:
            return
        try:
            totals = await store.add(self._db, [window], [1])
        except Unavailable:
            # Nobody gets in without the database either.
            return
        self._must_be_below(totals[window] - 1, kind)

    async def share(self) -> None:
        """Tell the other instances what was counted here, and hear what they counted."""
        told, self._untold = self._untold, Counter()
        self._in_flight = told
        now = _minute()
        self._known = {window: hits for window, hits in self._known.items() if window[2] == now}
        if told:
            windows = list(told)
            try:
                self._known |= await store.add(self._db, windows, [told[one] for one in windows])
            except Unavailable:
                self._untold.update(told)
                raise
            finally:
                self._in_flight = Counter()

    async def forget(self) -> None:
        """Drop what is over. Any instance may do this at any time."""
        await store.remove_before(self._db, _minute() - 1)

    def _window(self, kind: Kind, address: str | None, is_local: bool) -> Window | None:
        """Where this is counted; None when it is not."""
        if address is None or (self._spares_this_machine and is_local):
            return None
        return (kind.value, neighbourhood(address), _minute())

    def _must_be_below(self, so_far: int, kind: Kind) -> None:
        if so_far >= self._most[kind]:
            wait = WINDOW_SECS - int(time.time()) % WINDOW_SECS
            raise RateLimited(
                f"Too many requests: at most {self._most[kind]} a minute. Wait {wait} s.", wait
            )


def _minute() -> int:
    return int(time.time()) // WINDOW_SECS


@lru_cache(1_024)
def neighbourhood(address: str) -> str:
    """An IPv4 address, or the /64 that one IPv6 subscriber has to itself (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
