"""An in-memory cache of expensive results, limited in size and age."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar, cast

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

# Memory of an entry in addition to its value: key, links, times.
ENTRY_BYTES = 500


class LruCache(Generic[Key, Value]):
    """A mapping of at most *most_bytes* that evicts the least recently used entries.

    A value larger than *most_bytes* is not stored.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Value | None:
        """The value, which becomes the most recently used one; None if it is not stored."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: Key, value: Value, size_bytes: int) -> None:
        """Store a value, replacing a previous one."""
        self.remove(key)
        if size_bytes > self._most_bytes:
            return
        self._kept[key] = (value, size_bytes)
        self.size_bytes += size_bytes
        while self.size_bytes > self._most_bytes:
            _, (_, evicted_bytes) = self._kept.popitem(last=False)
            self.size_bytes -= evicted_bytes

    def remove(self, key: Key) -> None:
        """Remove a value if it is stored."""
        _, size_bytes = self._kept.pop(key, (None, 0))
        self.size_bytes -= size_bytes

    def clear(self) -> None:
        """Remove all values."""
        self._kept.clear()
        self.size_bytes = 0


class Cache:
    """Caches results that are requested often and rarely change, such as the number of users.

    No cached result depends on the caller, and rights are never cached: they are read for each
    request. A result is valid for *ttl_secs* or until `forget`, and only while *may_trust* returns
    true, that is, while the process is notified of changes.
    """

    def __init__(
        self,
        most_bytes: int,
        ttl_secs: float,
        may_trust: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_on = most_bytes > 0 and ttl_secs > 0
        self._ttl_secs = ttl_secs
        self._may_trust = may_trust
        self._clock = clock
        self._kept: LruCache[Hashable, tuple[Any, float]] = LruCache(most_bytes)
        self._coming: dict[Hashable, asyncio.Future[Any]] = {}
        self._epoch = 0
        self.hits = 0
        self.misses = 0

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> Value:
        """The cached result of *make*, which is called if necessary. Must not be modified.

        Callers that arrive while *make* runs wait for its result. If it fails, each of them calls
        its own *make*.
        """
        if not (self._is_on and self._may_trust()):
            return await make()
        kept = self._kept.get(key)
        if kept is not None and kept[1] > self._clock():
            self.hits += 1
            return cast(Value, kept[0])
        coming = self._coming.get(key)
        if coming is not None:
            await asyncio.wait([coming])
            if not coming.cancelled():
                self.hits += 1
                return cast(Value, coming.result())
        self.misses += 1
        return await self._made(key, make)

    def forget(self) -> None:
        """Invalidate all results, including those being computed now."""
        self._epoch += 1
        self._kept.clear()
        self._coming.clear()

    async def _made(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> Value:
        epoch, until = self._epoch, self._clock() + self._ttl_secs
        coming = self._coming[key] = asyncio.get_running_loop().create_future()
        try:
            value = await make()
            coming.set_result(value)
        finally:
            coming.cancel()
            if self._coming.get(key) is coming:
                del self._coming[key]
        # After a change in the meantime the value may be outdated.
        if self._epoch == epoch and self._may_trust():
            self._kept.put(key, (value, until), ENTRY_BYTES + len(repr((key, value))))
        return value


def half_of(megabytes: int) -> int:
    """Half of the cache size, in bytes: one half is for documents, the other for results."""
    return megabytes * 1_048_576 // 2
