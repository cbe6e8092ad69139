"""Servers on loopback that answer requests as a test wants, and a client that may reach them."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from aiwebengine.core.private_hosts import Address
from aiwebengine.script_fetch.outbound import OutboundHttp
from aiwebengine.script_fetch.types import Caller, OutboundRequest, Redirect

PATIENCE_SECS = 30.0


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Site:
    """A server, and what it received."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@asynccontextmanager
async def site(
    answer: Answer, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Site]:
    """A server on a free port; *answer* writes what is sent back."""
    found = Site()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        found.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head.rstrip("\r\n").split("\r\n")
            pairs = [one.partition(":") for one in lines]
            headers = [(name, value.strip()) for name, _, value in pairs]
            length = next((int(v) for n, v in headers if n.lower() == "content-length"), 0)
            request = Received(line, headers, await reader.readexactly(length))
            found.received.append(request)
            await answer(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.wait_for(server.wait_closed(), PATIENCE_SECS)


def answering(body: bytes = b"hello", status: str = "200 OK", *headers: str) -> Answer:
    """An answer with a body and further header lines."""

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode("latin-1") + body)

    return answer


def redirecting(location: Callable[[], str], status: str = "302 Found") -> Answer:
    """A redirect to a place that may be known later."""

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        await answering(b"", status, f"Location: {location()}")(request, writer)

    return answer


@dataclass(frozen=True)
class Secret:
    name: str
    value: str
    hosts: tuple[str, ...]


@dataclass
class Sources:
    """Secrets and host lists of scripts, without a database."""

    secrets: dict[str, Secret] = field(default_factory=dict)
    hosts: list[str] | None = None

    def add(self, name: str, value: str, *hosts: str) -> None:
        self.secrets[name] = Secret(name, value, hosts)

    async def to_send(self, caller: Caller, names: Collection[str]) -> Mapping[str, Secret]:
        return {name: self.secrets[name] for name in names if name in self.secrets}

    async def hosts_of(self, script_id: UUID) -> Collection[str] | None:
        return self.hosts


class Names:
    """A name server whose answers a test decides, one after another."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = {name.replace("_", "."): texts for name, texts in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, who: Hashable, name: str) -> list[Address]:
        self.asked.append(name)
        answers = self.answers[name]
        text = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ipaddress.ip_address(one) for one in text.split()]


CALLER = Caller(uuid4())


def client(
    *private: str,
    sources: Sources | None = None,
    names: Names | None = None,
    tls: ssl.SSLContext | None = None,
) -> OutboundHttp:
    sources = sources or Sources()
    return OutboundHttp(
        sources, sources, private, resolve=names, tls=None if tls is None else lambda: tls
    )


def ask(
    url: str,
    method: str = "GET",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    redirect: Redirect = Redirect.FOLLOW,
    timeout_secs: float = PATIENCE_SECS,
    mark: str | None = None,
) -> OutboundRequest:
    return OutboundRequest(
        url,
        method,
        tuple((headers or {}).items()),
        body,
        redirect,
        timeout_secs,
        mark,
    )
