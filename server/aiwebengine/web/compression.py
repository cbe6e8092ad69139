"""Compresses answers with brotli or gzip, as the client accepts."""

from __future__ import annotations

import gzip
import zlib
from functools import lru_cache
from typing import Protocol

import brotli
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aiwebengine.web.headers import header

# Below this the headers that compression adds, and the time, are more than what it saves.
LEAST_BYTES = 500
# In order of preference, when the client has none.
CODINGS = ("br", "gzip")
# Answers are made while somebody waits: these levels take a millisecond for 100 kB.
_BROTLI_QUALITY, _BROTLI_WINDOW = 4, 18
_GZIP_LEVEL = 4
# Files are compressed once. Brotli's highest qualities take seconds for what saves few per cent.
_FILE_BROTLI_QUALITY, _FILE_GZIP_LEVEL = 9, 9
_KINDS = (
    "application/javascript",
    "application/json",
    "application/openmetrics-text",
    "application/x-ndjson",
)


class Compression:
    """Compresses answers of a kind that gets smaller, on the way out.

    Left as they are: what is small, event streams, what is encoded already, parts of a file, and
    whatever says `Cache-Control: no-transform`, which is how an answer with a secret asks for it.
    Nor is anything compressed that another site's page made the browser ask for: from the size of
    an answer that holds both its guess and our data it could tell whether the guess was right
    (BREACH), and every current browser tells us where a request came from.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] == "http":
            send = _Compressing(send, _coding_for(scope)).send
        await self._app(scope, receive, send)


@lru_cache(64)
def preferred_coding(accept_encoding: str | None) -> str | None:
    """What the client likes best of what we have (RFC 9110 section 12.5.3), or None."""
    qualities: dict[str, float] = {}
    for offer in (accept_encoding or "").lower().split(","):
        name, _, parameters = offer.partition(";")
        qualities[name.strip()] = _quality(parameters)
    liked = {coding: qualities.get(coding, qualities.get("*", 0)) for coding in CODINGS}
    best = max(CODINGS, key=lambda coding: liked[coding])
    return best if liked[best] > 0 else None


def compressed_file(content: bytes, coding: str) -> bytes:
    """A file's content, to be kept: takes its time."""
    if coding == "br":
        return bytes(brotli.compress(content, quality=_FILE_BROTLI_QUALITY))
    # Without a time in it, the same file gives the same bytes on every instance.
    return gzip.compress(content, _FILE_GZIP_LEVEL, mtime=0)


@lru_cache(64)
def gets_smaller(content_type: str) -> bool:
    """Whether this kind of content is worth the time."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/event-stream":
        # Each event must leave at once, and events are short.
        return False
    return kind.startswith("text/") or kind in _KINDS or kind.endswith(("+json", "+xml"))


class _Coder(Protocol):
    def add(self, body: bytes) -> bytes:
        """The next part, all of it: whoever reads the other end must not wait for more."""

    def end(self, body: bytes) -> bytes:
        """The last part."""


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


class _Compressing:
    """One answer on its way; the start waits for the first part, whose size decides."""

    def __init__(self, send: Send, coding: str | None) -> None:
        self._send = send
        self._coding = coding
        self._start: Message | None = None
        self._coder: _Coder | None = None

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
            self._coder = _Brotli() if self._coding == "br" else _Gzip()
        if self._coder is not None:
            body = self._coder.end(body) if is_last else self._coder.add(body)
            message = {**message, "body": body}
        if start is not None:
            if self._coder is not None:
                _say_so(start, self._coding or "", len(body) if is_last else None)
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


def _say_so(start: Message, coding: str, length: int | None) -> None:
    headers = MutableHeaders(raw=start["headers"])
    headers["Content-Encoding"] = coding
    del headers["Content-Length"]
    if length is not None:
        headers["Content-Length"] = str(length)
    tag = headers.get("etag", "")
    if tag.startswith('"'):
        # The bytes are others now; a strong tag would promise the same ones (RFC 9110 8.8.3).
        headers["ETag"] = f"W/{tag}"
    start["headers"] = headers.raw
