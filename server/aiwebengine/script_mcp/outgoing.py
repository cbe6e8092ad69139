"""Tools of other MCP servers, which scripts call: through the guarded client of `script_fetch`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import orjson

from aiwebengine.core.errors import BadUserInput, EngineError, LimitExceeded
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_fetch.operations import caller_of
from aiwebengine.script_fetch.types import (
    Caller,
    FetchFailed,
    FetchTimedOut,
    OutboundRequest,
    Redirect,
    SendsRequests,
)
from aiwebengine.script_mcp.schemas import LARGEST_ARGUMENT_BYTES

TIMEOUT_SECS = 30.0
"""For one list or call of tools, with the requests that it takes."""
MOST_PAGES = 10
"""Pages of a list of tools that are read."""
LARGEST_ANSWER_BYTES = 1_000_000
"""Bytes of a list of tools, or of one result."""

_SECRET = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
# Of the connection or of the encoding, which the guarded client has dealt with.
_DONE = frozenset(("content-encoding", "content-length", "transfer-encoding", "connection"))

Json = dict[str, Any]


class ServerFailed(FetchFailed):
    """The other MCP server answered with an error, or not in the protocol."""

    code = "MCP_FAILED"


def add(operations: Operations, http: SendsRequests) -> None:
    """Add the operations `mcp.tools` and `mcp.call`."""

    async def tools(invocation: Invocation, url: str, secret: str | None = None) -> Json:
        async with _connected(http, caller_of(invocation), url, secret) as client:
            return _bounded({"tools": await _all_tools(client)})

    async def call(
        invocation: Invocation,
        url: str,
        secret: str | None,
        name: str,
        arguments: dict[str, Any],
    ) -> Json:
        size = len(orjson.dumps(arguments))
        if size > LARGEST_ARGUMENT_BYTES:
            raise LimitExceeded(
                f"The arguments have {size} bytes; allowed: {LARGEST_ARGUMENT_BYTES}."
            )
        async with _connected(http, caller_of(invocation), url, secret) as client:
            return _bounded(_plain(await client.call_tool(name, arguments)))

    operations.add("mcp.tools", tools)
    operations.add("mcp.call", call)


class _Guarded(httpx2.AsyncBaseTransport):
    """Sends the requests of the package's client with the guarded client of scripts."""

    def __init__(self, http: SendsRequests, caller: Caller, secret: str | None) -> None:
        self._http = http
        self._caller = caller
        self._secret = secret
        self.failure: EngineError | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer of the other server. Raises EngineError, which `failure` keeps."""
        if request.method == "GET":
            # A stream of messages, which nobody would read.
            return httpx2.Response(405)
        headers = [(name, value) for name, value in request.headers.items()]
        if self._secret is not None:
            # The name stands for the secret, which is filled in where it may be sent.
            headers.append(("authorization", f"Bearer {{{{{self._secret}}}}}"))
        outbound = OutboundRequest(
            url=str(request.url),
            method=request.method,
            headers=tuple(headers),
            body=await request.aread(),
            # The package follows those that stay on the same origin.
            redirect=Redirect.MANUAL,
            timeout_secs=TIMEOUT_SECS,
        )
        try:
            answer = await self._http.send(self._caller, outbound)
        except EngineError as error:
            self.failure = error
            raise
        kept = [(name, value) for name, value in answer.headers if name.lower() not in _DONE]
        return httpx2.Response(answer.status, headers=kept, content=answer.body)


@asynccontextmanager
async def _connected(
    http: SendsRequests, caller: Caller, url: str, secret: str | None
) -> AsyncIterator[Any]:
    """A client of the server at *url*. Raises EngineError, also in the block."""
    if secret is not None and not _SECRET.fullmatch(secret):
        raise BadUserInput(f"secret: found {secret[:40]!a}; allowed: the name of a secret.")
    await asyncio.to_thread(__import__, "mcp.client.streamable_http")
    from mcp.client import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared.exceptions import MCPError

    transport = _Guarded(http, caller, secret)
    try:
        async with (
            asyncio.timeout(TIMEOUT_SECS),
            httpx2.AsyncClient(transport=transport) as client,
            Client(streamable_http_client(url, http_client=client)) as connected,
        ):
            yield connected
    except TimeoutError:
        raise FetchTimedOut(f"The MCP server did not answer within {TIMEOUT_SECS:g} s.") from None
    except Exception as error:
        cause = transport.failure or _first(error)
        if isinstance(cause, EngineError):
            raise cause from None
        if isinstance(cause, MCPError):
            raise ServerFailed(f"The MCP server: {cause.message[:500]}") from None
        raise ServerFailed("The MCP server does not answer in the protocol.") from error


def _first(error: BaseException) -> BaseException:
    """The first exception in groups of them, which tasks of the client are ended with."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _all_tools(client: Any) -> list[Json]:
    found: list[Json] = []
    cursor = None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += [_plain(tool) for tool in page.tools]
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _plain(model: Any) -> Json:
    found: Json = model.model_dump(by_alias=True, mode="json", exclude_none=True)
    # Members of the protocol that say nothing about the result.
    for name in ("resultType", "_meta"):
        found.pop(name, None)
    return found


def _bounded(value: Json) -> Json:
    size = len(orjson.dumps(value))
    if size > LARGEST_ANSWER_BYTES:
        raise LimitExceeded(f"The MCP server sent {size} bytes; allowed: {LARGEST_ANSWER_BYTES}.")
    return value
