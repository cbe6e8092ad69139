"""Passes on connections to a port of this machine's loopback: `relay.py FROM TO`.

For the compose profile `first-sign-in`: the published port of a container arrives from the bridge,
and an engine accepts sign-in links from its own machine only. Standard library alone.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

PIECE = 1 << 16


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction to its end, then close the other side's input."""
    with suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


async def serve(host: str, port: int, target: int) -> None:
    """Listen at *host* and *port*, pass on to *target* on 127.0.0.1, until the process ends."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            # The engine does not listen yet, or no more.
            writer.close()
            return
        try:
            await asyncio.gather(copy(reader, back), copy(there, writer))
        finally:
            back.close()
            writer.close()

    async with await asyncio.start_server(pass_on, host, port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    source, target, *host = sys.argv[1:]
    asyncio.run(serve(host[0] if host else "0.0.0.0", int(source), int(target)))  # noqa: S104 - in a container
