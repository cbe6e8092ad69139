"""Compresses responses with brotli or gzip, as the client accepts."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

import brotli
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aiwebengine.web.headers import header

# Smaller responses are not compressed: the additional headers and the time outweigh the savings.
LEAST_BYTES = 500
# The engine's order of preference, for clients that have none.
CODINGS = ("br", "gzip")
# A client waits for the response: these levels take a millisecond for 100 kB.
_BROTLI_QUALITY, _BROTLI_WINDOW = 4, 18
_GZIP_LEVEL = 4
# Files are compressed once. Brotli's highest qualities take seconds and save only a few percent.
_FILE_BROTLI_QUALITY, _FILE_GZIP_LEVEL = 9, 9
_KINDS = (
    "application/javascript",
    "application/json",
    "application/openmetrics-text",
    "application/x-ndjson",
)


class Compression:
    """Middleware that compresses responses of compressible types.

    It does not compress small responses, event streams, encoded responses, ranges of a file, and
    responses with `Cache-Control: no-transform` (set on responses that contain a secret).

    It also does not compress responses to requests from pages of other origins (`Sec-Fetch-Site`).
    Such a page could put a guess into the request and learn from the compressed size whether the
    response contains it (BREACH).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] == "http":
            send = _CompressedResponse(send, scope).send
        await self._app(scope, receive, send)


@lru_cache(64)
def preferred_coding(accept_encoding: str | None) -> str | None:
    """The supported coding that the client prefers (RFC 9110 section 12.5.3); None for none."""
    qualities: dict[str, float] = {}
    for offer in (accept_encoding or "").lower().split(","):
        name, _, parameters = offer.partition(";")
        qualities[name.strip()] = _quality(parameters)
    supported = {coding: qualities.get(coding, qualities.get("*", 0)) for coding in CODINGS}
    best = max(CODINGS, key=lambda coding: supported[coding])
    return best if supported[best] > 0 else None


def compressed_file(content: bytes, coding: str) -> bytes:
    """The content at the highest useful level. Slow: the caller should cache the result."""
    if coding == "br":
        return bytes(brotli.compress(content, quality=_FILE_BROTLI_QUALITY))
    # Without a timestamp, a file compresses to the same bytes on every instance.
    return gzip.compress(content, _FILE_GZIP_LEVEL, mtime=0)


@lru_cache(64)
def gets_smaller(content_type: str) -> bool:
    """Whether content of this type is worth compressing."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/event-stream":
        # Each event must be sent at once, and events are short.
        return False
    return kind.startswith("text/") or kind in _KINDS or kind.endswith(("+json", "+xml"))


class _Encoder(Protocol):
    def add(self, body: bytes) -> bytes:
        """Compress the next chunk and flush, so that the client can read all of it at once."""

    def end(self, body: bytes) -> bytes:
        """Compress the last chunk and end the stream."""


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)

    def add(self, body: bytes) -> bytes:
        return self._stream.compress(body) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def end(self, body: bytes) -> bytes:
        return self._stream.compress(body) + self._stream.flush()


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Compressor(quality=_BROTLI_QUALITY, lgwin=_BROTLI_WINDOW)

    def add(self, body: bytes) -> bytes:
        return bytes(self._stream.process(body) + self._stream.flush())

    def end(self, body: bytes) -> bytes:
        return bytes(self._stream.process(body) + self._stream.finish())


class _CompressedResponse:
    """One response. Its head is held back until the size of the first chunk is known."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send = send
        self._scope = scope
        self._start: Message | None = None
        self._encoder: _Encoder | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _may_be_compressed(message):
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            start, self._start = self._start, None
            await self._begin(start, message)
        elif message["type"] == "http.response.body" and self._encoder is not None:
            await self._send({**message, "body": _encoded(self._encoder, message)})
        else:
            await self._send(message)

    async def _begin(self, start: Message, first: Message) -> None:
        """Send the head, and the first part of the body."""
        start = {**start, "headers": _varying(start["headers"])}
        is_last = not first.get("more_body", False)
        is_small = is_last and len(first.get("body", b"")) < LEAST_BYTES
        coding = None if is_small else _coding_for(self._scope)
        if coding is not None:
            self._encoder = _Brotli() if coding == "br" else _Gzip()
            first = {**first, "body": _encoded(self._encoder, first)}
            _set_headers(start, coding, len(first["body"]) if is_last else None)
        await self._send(start)
        await self._send(first)


def _encoded(encoder: _Encoder, message: Message) -> bytes:
    encode = encoder.add if message.get("more_body", False) else encoder.end
    return encode(message.get("body", b""))


def _coding_for(scope: Scope) -> str | None:
    if header(scope, b"sec-fetch-site") in ("cross-site", "same-site"):
        return None
    return preferred_coding(header(scope, b"accept-encoding"))


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def _may_be_compressed(start: Message) -> bool:
    if start["status"] in (204, 206, 304):
        return False
    content_type = b""
    for name, value in start["headers"]:
        if name == b"content-type":
            content_type = value
        elif name == b"content-encoding" or (
            name == b"cache-control" and b"no-transform" in value.lower()
        ):
            return False
    return gets_smaller(content_type.decode("latin-1"))


def _varying(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers, saying that the response depends on what the client accepts."""
    raw = list(headers)
    if any(name == b"vary" for name, _ in raw):
        MutableHeaders(raw=raw).add_vary_header("Accept-Encoding")
    else:
        raw.append((b"vary", b"Accept-Encoding"))
    return raw


def _set_headers(start: Message, coding: str, length: int | None) -> None:
    headers = MutableHeaders(raw=start["headers"])
    headers["Content-Encoding"] = coding
    del headers["Content-Length"]
    if length is not None:
        headers["Content-Length"] = str(length)
    tag = headers.get("etag", "")
    if tag.startswith('"'):
        # A strong tag promises identical bytes, which compression changes (RFC 9110 8.8.3).
        headers["ETag"] = f"W/{tag}"
    start["headers"] = headers.raw
