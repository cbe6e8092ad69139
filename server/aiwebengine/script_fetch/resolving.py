"""Finds the addresses of a name, without letting slow name servers hold up the engine."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor

from aiwebengine.core.private_hosts import Address
from aiwebengine.script_fetch.types import FetchFailed
from aiwebengine.web.crowding import Places

MOST_LOOKUPS = 16
"""At a time in a worker. Each has a thread, which waits as long as the system's resolver does."""
MOST_LOOKUPS_OF_SCRIPT = 4
"""At a time in a worker, also those that nobody waits for any more."""

Resolve = Callable[[Hashable, str], Awaitable[Sequence[Address]]]
"""Gets who asks and a name; returns its addresses, best first. Raises FetchFailed."""


class SystemResolver:
    """The resolver of the operating system, in threads of its own.

    The threads of the event loop stay free: a name server that never answers would take them all.
    """

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._places = Places(MOST_LOOKUPS_OF_SCRIPT)

    async def __call__(self, who: Hashable, name: str) -> Sequence[Address]:
        """The addresses of a name. Raises FetchFailed."""
        if not self._places.take(who):
            raise FetchFailed(
                f"{name}: the script waits for {MOST_LOOKUPS_OF_SCRIPT} names already."
            )
        if self._threads is None:
            self._threads = ThreadPoolExecutor(MOST_LOOKUPS, "script-names")
        loop = asyncio.get_running_loop()
        lookup = loop.run_in_executor(self._threads, _lookup, name)
        # The place is free when the thread is, not when the caller stops waiting.
        lookup.add_done_callback(lambda _: self._places.leave(who))
        try:
            return await asyncio.shield(lookup)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise FetchFailed(f"{name}: no address found ({reason or 'not a name'}).") from None

    def stop(self) -> None:
        """Start no more lookups."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _lookup(name: str) -> list[Address]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    texts = dict.fromkeys(str(address[0]) for *_, address in found)
    return [ipaddress.ip_address(text) for text in texts]
