"""Compresses responses with brotli or gzip, as the client accepts."""

from __future__ import annotations

import gzip
import zlib
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
            send = _CompressedResponse(send, _coding_for(scope)).send
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

    def __init__(self, send: Send, coding: str | None) -> None:
        self._send = send
        self._coding = coding
        self._start: Message | None = None
        self._encoder: _Encoder | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if not _may_be_compressed(message):
                await self._send(message)
                return
            headers = MutableHeaders(raw=list(message["headers"]))
            headers.add_vary_header("Accept-Encoding")
            self._start = {**message, "headers": headers.raw}
        elif message["type"] == "http.response.body":
            await self._send_body(message)
        else:
            await self._send(message)

    async def _send_body(self, message: Message) -> None:
        body, is_last = message.get("body", b""), not message.get("more_body", False)
        start, self._start = self._start, None
        if start is not None and self._coding and not (is_last and len(body) < LEAST_BYTES):
            self._encoder = _Brotli() if self._coding == "br" else _Gzip()
        if self._encoder is not None:
            body = self._encoder.end(body) if is_last else self._encoder.add(body)
            message = {**message, "body": body}
        if start is not None:
            if self._encoder is not None:
                _set_headers(start, self._coding or "", len(body) if is_last else None)
            await self._send(start)
        await self._send(message)


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
    return (
        start["status"] not in (204, 206, 304)
        and gets_smaller(header(start, b"content-type") or "")
        and header(start, b"content-encoding") is None
        and "no-transform" not in (header(start, b"cache-control") or "").lower()
    )


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
