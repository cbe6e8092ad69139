"""An in-memory cache of expensive results, limited in size and age."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar, cast

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

# What Python takes for an entry beside the value itself: key, links, instants.
ENTRY_BYTES = 500


class LruCache(Generic[Key, Value]):
    """A mapping of at most *most_bytes*, the least recently used forgotten first.

    What alone is larger is not kept at all.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Value | None:
        """The value, which counts as used now, or None."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: Key, value: Value, size_bytes: int) -> None:
        """Keep the value in place of the one before."""
        self.remove(key)
        if size_bytes > self._most_bytes:
            return
        self._kept[key] = (value, size_bytes)
        self.size_bytes += size_bytes
        while self.size_bytes > self._most_bytes:
            _, (_, forgotten) = self._kept.popitem(last=False)
            self.size_bytes -= forgotten

    def remove(self, key: Key) -> None:
        """Forget one value, if it is there."""
        _, size_bytes = self._kept.pop(key, (None, 0))
        self.size_bytes -= size_bytes

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self.size_bytes = 0


class Cache:
    """Answers that many ask for and few change, such as how many users there are.

    Nothing here depends on who asks, and nothing says who may do what: rights are read again for
    each request. An answer counts until `forget` or for *ttl_secs*, and only while *may_trust*
    says that a change would have been heard of.
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
        """What *make* gives, or what it gave not long ago. The caller must not change it.

        Those who ask while somebody works it out wait for that; if it fails, each tries alone.
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
        """Something changed: what is kept, or being worked out now, does not count any more."""
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
        # A change in the meantime may or may not be in it.
        if self._epoch == epoch and self._may_trust():
            self._kept.put(key, (value, until), ENTRY_BYTES + len(repr((key, value))))
        return value


def half_of(megabytes: int) -> int:
    """In bytes: one half of the memory is for documents, the other for answers."""
    return megabytes * 1_048_576 // 2
