"""Clients of event streams, as they are on the network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PATIENCE = 30


@dataclass
class Event:
    """A server-sent event."""

    type: str = "message"
    data: str = ""
    id: str | None = None


@dataclass
class EventClient:
    """Reads a stream by the rules of WHATWG HTML, section 9.2.6."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    retry: int | None = None
    comments: int = 0
    _unread: bytes = b""

    async def next(self) -> Event | None:
        """The next event; None at the end of the stream."""
        async with asyncio.timeout(PATIENCE):
            while True:
                block = await self._block()
                if block is None:
                    return None
                event = self._event(block)
                if event is not None:
                    return event

    async def data(self, count: int) -> list[str]:
        """The data of the next events."""
        found = []
        for _ in range(count):
            event = await self.next()
            assert event is not None, f"the stream ended after {found}"
            found.append(event.data)
        return found

    async def has_ended(self) -> bool:
        """Whether nothing more comes, after whatever still does."""
        while await self.next() is not None:
            pass
        return True

    async def _block(self) -> bytes | None:
        while b"\n\n" not in self._unread:
            part = await self._chunk()
            if not part:
                return None
            self._unread += part
        block, _, self._unread = self._unread.partition(b"\n\n")
        return block

    async def _chunk(self) -> bytes:
        try:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            return (await self.reader.readexactly(size + 2))[:-2]
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return b""

    def _event(self, block: bytes) -> Event | None:
        event, data = Event(), []
        for line in block.decode().split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match name:
                case "":
                    self.comments += 1
                case "data":
                    data.append(value)
                case "event":
                    event.type = value
                case "id":
                    event.id = value
                case "retry":
                    self.retry = int(value)
        event.data = "\n".join(data)
        return event if data else None


@asynccontextmanager
async def listening_to(port: int, path: str, **headers: str) -> AsyncIterator[EventClient]:
    """A client of a stream, once it has the head of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {path} HTTP/1.1", f"Host: {headers.pop('host', f'localhost:{port}')}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        async with asyncio.timeout(PATIENCE):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = [line.partition(": ")[::2] for line in head[1:] if line]
        yield EventClient(
            reader,
            writer,
            int(head[0].split()[1]),
            {name.lower(): value for name, value in pairs},
        )
    finally:
        writer.close()
