"""Requests to the GraphQL of scripts."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import websockets
from tests.script_routes.site import PATIENCE, Site

PATH = "/scripts/graphql"


@dataclass(frozen=True)
class Asking:
    """A client of a site."""

    site: Site

    def post(
        self, query: str, *, signed_in: bool = False, path: str = PATH, **more: Any
    ) -> httpx2.Response:
        """The response to a document."""
        headers = {"Origin": self.site.base, **more.pop("headers", {})}
        return httpx2.post(
            f"{self.site.base}{path}",
            json={"query": query, **more},
            headers=headers,
            cookies=self.site.cookies if signed_in else {},
            timeout=PATIENCE,
        )

    def ask(self, query: str, **options: Any) -> dict[str, Any]:
        """The body of the response."""
        body: dict[str, Any] = self.post(query, **options).json()
        return body

    def data(self, query: str, **options: Any) -> dict[str, Any]:
        """The data, of a document without errors."""
        body = self.ask(query, **options)
        assert "errors" not in body, body
        return dict(body["data"])

    def on_scripts_host(
        self, query: str, *, path: str = PATH, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """The body of the response on the host of scripts."""
        lines = {"Content-Type": "application/json", **(headers or {})}
        head = f"POST {path} HTTP/1.1\n" + "\n".join(f"{key}: {v}" for key, v in lines.items())
        body = json.dumps({"query": query}).encode()
        found: dict[str, Any] = json.loads(
            self.site.ask(head, body, host=self.site.scripts_host).body
        )
        return found

    @asynccontextmanager
    async def socket(self, *, signed_in: bool = False, **headers: str):
        """A WebSocket that is initialised."""
        if signed_in:
            headers["Cookie"] = f"aiwebengine_session={self.site.session}"
        async with websockets.connect(
            self.site.base.replace("http:", "ws:") + PATH,
            subprotocols=["graphql-transport-ws"],
            additional_headers=headers,
        ) as raw:
            socket = Socket(raw)
            await socket.send(type="connection_init")
            assert await socket.receive() == {"type": "connection_ack"}
            yield socket


class Socket:
    """A client of graphql-transport-ws that hides nothing."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    async def send(self, **message: Any) -> None:
        await self.raw.send(json.dumps(message))

    async def subscribe(self, query: str, id: str = "1") -> None:
        await self.send(type="subscribe", id=id, payload={"query": query})

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            found: dict[str, Any] = json.loads(await self.raw.recv())
            return found
