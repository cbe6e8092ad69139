"""Sends the answers of scripts."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.types import Message, Scope, Send

from aiwebengine.runtimes.answers import Answer
from aiwebengine.script_routes.headers import Headers, UnusableAnswer, for_visitor
from aiwebengine.script_routes.redirects import must_lead_elsewhere
from aiwebengine.script_routes.requests import url_of
from aiwebengine.script_routes.signing_in import SignInRequired
from aiwebengine.scripts.types import PageMode

# Their message ends with the head (RFC 9112 section 6.3): a body would be read as the next answer
# on the connection, which may be another visitor's.
_WITHOUT_BODY = frozenset({204, 304})


class AnswerSender:
    """Sends one answer.

    *engine_host* is the name that browsers use for the engine.
    """

    def __init__(
        self,
        send: Send,
        scope: Scope,
        mode: PageMode,
        *,
        engine_host: str | None,
        is_own_host: bool,
    ) -> None:
        self._send = send
        self._mode = mode
        self._engine_host = engine_host
        self._is_head = scope.get("method") == "HEAD"
        self._scope = scope
        self._is_own_host = is_own_host
        self.status = 0

    @property
    def has_begun(self) -> bool:
        """Whether something was sent."""
        return self.status != 0

    async def send_answer(self, answer: Answer) -> list[str]:
        """Send the whole answer; the names of the headers that were refused.

        Raises UnusableAnswer and SignInRequired before anything was sent.
        """
        status, headers, refused = self._start(answer.head)
        self.status = status
        has_body = status not in _WITHOUT_BODY
        if answer.rest is None and has_body:
            headers.append((b"content-length", str(len(answer.body)).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        if self._is_head or not has_body or answer.rest is None:
            body = b"" if self._is_head or not has_body else answer.body
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
        except ValueError:
            raise UnusableAnswer("the head of the answer is malformed") from None
        return self.checked(said)

    def checked(self, said: Any) -> tuple[int, Headers, list[str]]:
        """Status, headers as they may be sent, and the names of those that were refused.

        Raises UnusableAnswer.
        """
        try:
            status = said["status"]
            given = [(str(name), str(value)) for name, value in said["headers"]]
            must_sign_in = said.get("sign_in") is True
        except (ValueError, KeyError, TypeError):
            raise UnusableAnswer("the head of the answer is malformed") from None
        if must_sign_in:
            raise SignInRequired("Sign in first.")
        if type(status) is not int or not 200 <= status <= 599:
            raise UnusableAnswer(f"status {status!r} is not one from 200 to 599")
        headers, refused = for_visitor(given, self._mode, is_own_host=self._is_own_host)
        if not self._is_own_host:
            for name, value in headers:
                if name == b"location":
                    url = url_of(self._scope)
                    must_lead_elsewhere(value.decode("latin-1"), url, self._engine_host)
        return status, headers, refused


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}
