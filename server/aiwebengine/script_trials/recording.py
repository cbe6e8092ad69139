"""Keeps requests that failed, without what identifies or signs in the visitor."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import orjson
from starlette.types import Scope

from aiwebengine.core.errors import Unavailable
from aiwebengine.script_calls.types import ServedScript

log = logging.getLogger(__name__)

LARGEST_BODY_BYTES = 65_536
"""A larger body is not kept, so its request can't be replayed."""
MOST_WAITING = 100
"""Requests that wait to be stored; of more the oldest are left out."""
FLUSH_EVERY_SECS = 1.0
LONGEST_PATH = 4_000
LONGEST_MESSAGE = 1_000
MOST_HEADERS = 50
LONGEST_HEADER = 1_000
REMOVED = "removed"

# The visitor's sign-in, address and connection.
_LEFT_OUT = re.compile(
    r"cookie|auth|token|secret|session|password|passwd|api-?key|signature|csrf"
    r"|^(x-forwarded-.*|forwarded|x-real-ip|host|content-length|transfer-encoding|connection)$",
    re.IGNORECASE,
)
_SENSITIVE = re.compile(
    r"auth|token|secret|session|password|passwd|api[-_]?key|signature|csrf|^(code|state|pin|otp)$",
    re.IGNORECASE,
)
_FORM = "application/x-www-form-urlencoded"
_DEEPEST = 20


@dataclass(frozen=True)
class FailedRequest:
    """A request that failed, as it is kept."""

    script_id: UUID
    version: int
    request_id: str
    method: str
    path: str
    """With its query."""
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    """None: it was too large, or of a kind in which secrets can't be found."""
    message: str


class FailureLog:
    """Stores the requests that failed in this worker.

    *store* stores some and raises Unavailable; *redact* takes the values of a script's secrets out
    of texts.
    """

    def __init__(
        self,
        store: Callable[[Sequence[FailedRequest]], Awaitable[None]],
        redact: Callable[[UUID, Sequence[str]], Awaitable[list[str]]],
    ) -> None:
        self._store = store
        self._redact = redact
        self._waiting: deque[FailedRequest] = deque(maxlen=MOST_WAITING)

    def note(self, script: ServedScript, scope: Scope, body: bytes | None, message: str) -> None:
        """Keep a request; what it says is cut to size."""
        self._waiting.append(recorded(script, scope, body, message))

    async def flush(self) -> None:
        """Store what waits. Raises Unavailable; then it waits on."""
        while self._waiting:
            batch = list(self._waiting)
            redacted = [await self._redacted(one) for one in batch]
            await self._store(redacted)
            for one in batch:
                if self._waiting and self._waiting[0] is one:
                    self._waiting.popleft()

    async def run(self) -> None:
        """Store requests until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_SECS)
            try:
                await self.flush()
            except Unavailable:
                log.debug("script_failures.postponed")
            except Exception:
                # What can't be stored must not hold up the others for ever.
                self._waiting.clear()
                log.exception("script_failures.bug")

    async def _redacted(self, one: FailedRequest) -> FailedRequest:
        body = None if one.body is None else one.body.decode("utf-8", "replace")
        texts = [one.path, one.message, body or "", *(value for _, value in one.headers)]
        path, message, kept, *values = await self._redact(one.script_id, texts)
        names = [name for name, _ in one.headers]
        return replace(
            one,
            path=path,
            message=message,
            body=None if body is None else kept.encode(),
            headers=tuple(zip(names, values, strict=True)),
        )


def recorded(script: ServedScript, scope: Scope, body: bytes | None, message: str) -> FailedRequest:
    """What is kept of a request."""
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    kept = [
        (name[:100], _clean(value, LONGEST_HEADER))
        for name, value in headers
        if not _LEFT_OUT.search(name)
    ]
    kind = next((value for name, value in headers if name == "content-type"), "")
    query = scope["query_string"].decode("latin-1")
    path = scope["path"] + (f"?{_without_secrets(query)}" if query else "")
    return FailedRequest(
        script_id=script.id,
        version=script.version,
        request_id=_clean(scope["state"].get("request_id") or "", 100),
        method=scope["method"],
        path=_clean(path, LONGEST_PATH),
        headers=tuple(kept[:MOST_HEADERS]),
        body=_body(body, kind),
        message=_clean(message, LONGEST_MESSAGE),
    )


def _body(body: bytes | None, kind: str) -> bytes | None:
    """A body without fields that are named as secrets; None for one that can't be kept."""
    if not body:
        return body
    if len(body) > LARGEST_BODY_BYTES:
        return None
    try:
        text = body.decode()
        if kind.startswith(_FORM):
            return _without_secrets(text).encode()
        if "json" in kind:
            return orjson.dumps(_cleaned(orjson.loads(body), 0))
    except ValueError:
        return None
    return body if kind.startswith("text/") and "\0" not in text else None


def _without_secrets(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, REMOVED if _SENSITIVE.search(name) else v) for name, v in pairs])


def _cleaned(value: object, depth: int) -> object:
    if depth > _DEEPEST:
        return REMOVED
    if isinstance(value, dict):
        return {
            name: REMOVED if _SENSITIVE.search(name) else _cleaned(one, depth + 1)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(one, depth + 1) for one in value]
    return value


def _clean(text: str, most: int) -> str:
    """A text that PostgreSQL can store, of at most *most* characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:most]
