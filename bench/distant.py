"""A way to a server that is a few milliseconds long, as a data centre's network is."""

from __future__ import annotations

import asyncio
import os
import sys
from urllib.parse import parse_qs, urlsplit, urlunsplit

DELAY_SECS = 0.005


def through(url: str, port: int) -> str:
    """The embedded database's address by this way."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}", query=""))


def socket_of(url: str) -> str:
    """Where the embedded database listens."""
    return f"{parse_qs(urlsplit(url).query)['host'][0]}/.s.PGSQL.5432"


async def _serve(path: str, port: int) -> None:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while part := await reader.read(65_536):
            loop.call_later(DELAY_SECS, writer.write, part)
        loop.call_later(DELAY_SECS, writer.close)

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(path)
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))

    server = await asyncio.start_server(accepted, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(os.environ["DISTANT_PORT"])))
