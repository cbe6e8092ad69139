"""Real receivers of alerts, on loopback."""

from __future__ import annotations

import asyncio
import email
import email.policy
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import orjson
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.conftest import free_port, listening


@dataclass
class Hook:
    """What was posted, and when; *status* is what it answers from now on."""

    url: str
    status: int = 200
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    refused: int = 0

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The messages that were taken."""
        return [orjson.loads(body) for _, body in self.posts]

    def told(self, kind: str, name: str) -> list[dict[str, Any]]:
        """The notices of this kind about this, over all messages."""
        return [
            one
            for body in self.bodies
            for one in body["alerts"]
            if (one["kind"], one["name"]) == (kind, name)
        ]

    async def until(self, kind: str, name: str, within: float) -> dict[str, Any]:
        """The first such notice, waited for."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            found = self.told(kind, name)
            if found:
                return found[0]
            await asyncio.sleep(0.05)
        raise AssertionError(f"no {kind} of {name}; received: {self.bodies}")


@asynccontextmanager
async def webhook() -> AsyncIterator[Hook]:
    """A web server that takes alerts."""
    port = free_port()
    hook = Hook(f"http://127.0.0.1:{port}/hook")

    async def take(request: Request) -> Response:
        body = await request.body()
        if hook.status >= 300:
            hook.refused += 1
        else:
            hook.posts.append((dict(request.headers), body))
        return Response(status_code=hook.status)

    async with listening(Starlette(routes=[Route("/hook", take, methods=["POST"])]), port):
        yield hook


@dataclass
class Mailbox:
    """What was mailed."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """See aiosmtpd."""
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append(parsed)
        self.recipients += envelope.rcpt_tos
        return "250 taken"


@asynccontextmanager
async def mail_server(password: str | None = None, **options: Any) -> AsyncIterator[Mailbox]:
    """An SMTP server; with *password* it takes mail from `alerts` with that password only.

    It runs in the loop of the test: aiosmtpd's own controller ends its loop while a connection
    may still be closing, which is then reported as unclosed in whichever test comes next.
    """
    loop = asyncio.get_running_loop()
    mailbox = Mailbox(free_port())

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: Any, given: Any) -> Any:
        fits = isinstance(given, LoginPassword) and (given.login, given.password) == (
            b"alerts",
            (password or "").encode(),
        )
        return AuthResult(success=fits)

    if password is not None:
        options |= {"authenticator": authenticate, "auth_required": True}
    options |= {"loop": loop, "enable_SMTPUTF8": True}
    server = await loop.create_server(lambda: SMTP(mailbox, **options), "127.0.0.1", mailbox.port)
    try:
        yield mailbox
    finally:
        server.close()
        await server.wait_closed()
