"""One request and its answer: no redirects, no secrets, no rules about hosts."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpcore2

from aiwebengine.script_fetch.connecting import CheckedNetwork
from aiwebengine.script_fetch.decoding import Decoder, TooLarge, decoded, decoders_for
from aiwebengine.script_fetch.headers import Header, on_wire
from aiwebengine.script_fetch.types import (
    CONNECT_TIMEOUT_SECS,
    LARGEST_ANSWER_BYTES,
    MOST_BYTES_AT_ONCE,
    FetchFailed,
    FetchTimedOut,
)
from aiwebengine.script_fetch.urls import Target

_WITHOUT_BODY = frozenset(("GET", "HEAD", "OPTIONS"))
# Those that a Response can have.
FIRST_STATUS, LAST_STATUS = 200, 599
_OF_CONNECTION = frozenset(
    b"connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding"
    b" upgrade".split()
)
# What is no longer true of a body that was decompressed.
_OF_CODING = frozenset(("content-encoding", "content-length"))


@dataclass(frozen=True)
class Answered:
    """An answer as it came. *body* is decompressed if it was compressed as asked for."""

    status: int
    reason: str
    headers: list[Header]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key.lower() == name), None)


class Budget:
    """Bytes of answers that are being read in this worker."""

    def __init__(self, most: int = MOST_BYTES_AT_ONCE) -> None:
        self._left = most

    def take(self, size: int) -> None:
        """Raises FetchFailed when too many are read at the same time."""
        if size > self._left:
            raise FetchFailed("Too many large answers are being read at the moment. Try again.")
        self._left -= size

    def give_back(self, size: int) -> None:
        """What was taken is free again."""
        self._left += size


class Exchanges:
    """Sends single requests, each on a connection of its own."""

    def __init__(
        self, tls: Callable[[], ssl.SSLContext], largest_answer: int = LARGEST_ANSWER_BYTES
    ) -> None:
        self._tls = tls
        self._largest = largest_answer
        self._budget = Budget()

    async def run(
        self,
        network: CheckedNetwork,
        target: Target,
        method: str,
        headers: list[Header],
        body: bytes,
        *,
        wants_body: Callable[[int, list[Header]], bool],
    ) -> Answered:
        """The answer. Its body is read if *wants_body* says so of its status and headers.

        Raises Forbidden, FetchFailed, FetchTimedOut.
        """
        origin = httpcore2.Origin(target.scheme.encode(), target.host.encode(), target.port)
        connection = httpcore2.AsyncHTTPConnection(
            origin,
            ssl_context=self._tls() if target.scheme == "https" else None,
            network_backend=network,
        )
        try:
            return await _reporting(
                target.host,
                lambda: self._exchange(connection, target, method, headers, body, wants_body),
            )
        finally:
            await connection.aclose()

    async def _exchange(
        self,
        connection: httpcore2.AsyncHTTPConnection,
        target: Target,
        method: str,
        headers: list[Header],
        body: bytes,
        wants_body: Callable[[int, list[Header]], bool],
    ) -> Answered:
        has_body = bool(body) or method not in _WITHOUT_BODY
        sent = on_wire(headers, target.authority, body if has_body else None)
        response = await connection.handle_async_request(
            httpcore2.Request(
                method=method.encode(),
                url=httpcore2.URL(
                    scheme=target.scheme.encode(),
                    host=target.host.encode(),
                    port=target.port,
                    target=target.path.encode(),
                ),
                headers=[(name.encode(), value.encode("latin-1")) for name, value in sent],
                content=body if has_body else None,
                extensions={"timeout": {"connect": CONNECT_TIMEOUT_SECS}},
            )
        )
        if not FIRST_STATUS <= response.status <= LAST_STATUS:
            raise FetchFailed(f"{target.host} answered with the status {response.status}.")
        found = [
            (name.decode(), value.decode("latin-1"))
            for name, value in response.headers
            if name.lower() not in _OF_CONNECTION
        ]
        reason = response.extensions.get("reason_phrase", b"").decode("latin-1")
        if not wants_body(response.status, found):
            return Answered(response.status, reason, found, b"")
        codings = ",".join(value for name, value in found if name.lower() == "content-encoding")
        decoders = decoders_for(codings)
        content = await self._read(response, decoders)
        if decoders:
            found = [(name, value) for name, value in found if name.lower() not in _OF_CODING]
        return Answered(response.status, reason, found, content)

    async def _read(self, response: httpcore2.Response, decoders: list[Decoder]) -> bytes:
        content, received = bytearray(), 0
        try:
            async for data in response.aiter_stream():
                received += len(data)
                if received > self._largest:
                    raise TooLarge(self._largest)
                for piece in decoded(decoders, data):
                    if len(content) + len(piece) > self._largest:
                        raise TooLarge(self._largest)
                    self._budget.take(len(piece))
                    content += piece
            return bytes(content)
        finally:
            self._budget.give_back(len(content))


async def _reporting(host: str, exchange: Callable[[], Awaitable[Answered]]) -> Answered:
    """Errors of the library as errors of a fetch, without anything that the other server wrote."""
    try:
        return await exchange()
    except httpcore2.ConnectTimeout:
        raise FetchTimedOut(f"{host}: no connection within {CONNECT_TIMEOUT_SECS:.0f} s.") from None
    except httpcore2.TimeoutException:
        raise FetchTimedOut(f"{host} did not answer in time.") from None
    except httpcore2.ConnectError as error:
        raise FetchFailed(f"{host}: no connection ({_reason(error)}).") from None
    except httpcore2.NetworkError:
        raise FetchFailed(f"{host}: the connection ended before the answer did.") from None
    except httpcore2.ProtocolError:
        raise FetchFailed(f"{host} did not answer in HTTP/1.1, or not to the end.") from None


def _reason(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate is not valid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "TLS failed"
        cause = cause.__cause__ or cause.__context__
    return "refused or unreachable"
