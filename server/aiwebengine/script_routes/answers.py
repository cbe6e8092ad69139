"""Sends the answers of scripts."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

import orjson
from starlette.types import Message, Scope, Send

from aiwebengine.runtimes.answers import Answer
from aiwebengine.script_routes.headers import Headers, UnusableAnswer, for_visitor
from aiwebengine.script_routes.requests import url_of
from aiwebengine.scripts.routes import reserved_for
from aiwebengine.scripts.types import PageMode


class AnswerSender:
    """Sends one answer."""

    def __init__(self, send: Send, scope: Scope, mode: PageMode, *, is_own_host: bool) -> None:
        self._send = send
        self._mode = mode
        self._is_head = scope["method"] == "HEAD"
        self._url = url_of(scope)
        self._is_own_host = is_own_host
        self.status = 0

    @property
    def has_begun(self) -> bool:
        """Whether something was sent."""
        return self.status != 0

    async def send_answer(self, answer: Answer) -> list[str]:
        """Send the whole answer; the names of the headers that were refused.

        Raises UnusableAnswer before anything was sent.
        """
        status, headers, refused = self._start(answer.head)
        self.status = status
        if answer.rest is None:
            headers.append((b"content-length", str(len(answer.body)).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        if self._is_head or answer.rest is None:
            body = b"" if self._is_head else answer.body
            await self._send({"type": "http.response.body", "body": body})
            return refused
        await self._send(_part(answer.body))
        async for part in answer.rest:
            await self._send(_part(part))
        await self._send({"type": "http.response.body", "body": b""})
        return refused

    def _start(self, head: bytes) -> tuple[int, Headers, list[str]]:
        """Status and headers, out of what the script says."""
        try:
            said = orjson.loads(head)
            status = said["status"]
            given = [(str(name), str(value)) for name, value in said["headers"]]
        except (ValueError, KeyError, TypeError):
            raise UnusableAnswer("the head of the answer is malformed") from None
        if type(status) is not int or not 200 <= status <= 599:
            raise UnusableAnswer(f"status {status!r} is not one from 200 to 599")
        headers, refused = for_visitor(given, self._mode, is_own_host=self._is_own_host)
        if not self._is_own_host:
            _must_lead_elsewhere(headers, self._url)
        return status, headers, refused


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


def _must_lead_elsewhere(headers: Headers, url: str) -> None:
    """Raise UnusableAnswer for a redirect to a path of the engine, which would act for it.

    *url* is the request's. Read as browsers read it (URL standard, section 4.4).
    """
    for name, value in headers:
        if name == b"location":
            text = value.decode("latin-1").replace("\t", "").replace("\\", "/")
            try:
                target = urlsplit(urljoin(url, text))
                is_here = target.netloc.rpartition("@")[2].lower() == urlsplit(url).netloc.lower()
            except ValueError:
                raise UnusableAnswer("the address of the redirect is malformed") from None
            path = unquote(target.path).lower()
            if is_here and reserved_for(path) is not None:
                raise UnusableAnswer(f"a redirect to {path[:100]}, which is the engine's")
