"""security.txt: where to report a security problem (RFC 9116)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from aiwebengine.core.errors import NotFound
from aiwebengine.core.rights import open_to_all

PATH = "/.well-known/security.txt"
# RFC 9116 section 2.5.5 recommends less than a year. Counted from today, so it never expires.
VALID_DAYS = 180


def routes(contact: str | None, public_url: str) -> list[Route]:
    """`GET /.well-known/security.txt`; it answers 404 without a *contact*."""

    @open_to_all
    async def security_txt(_: Request) -> PlainTextResponse:
        """Where to report a security problem (RFC 9116), from `security.contact`.

        Answers:
            200: the file.

        Raises NotFound while `security.contact` is not set.
        """
        if contact is None:
            raise NotFound("This site names no contact for security reports (security.contact).")
        return PlainTextResponse(
            _text(contact, public_url, datetime.now(UTC)),
            headers={"Cache-Control": "public, max-age=86400"},
        )

    return [Route(PATH, security_txt, methods=["GET"])]


def _text(contact: str, public_url: str, now: datetime) -> str:
    expires = datetime.combine(now.date(), time(), UTC) + timedelta(days=VALID_DAYS)
    lines = [
        f"Contact: {contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
    ]
    if public_url.startswith("https:"):
        # Section 2.5.2: a web address must be https.
        lines.append(f"Canonical: {public_url}{PATH}")
    return "\n".join(lines) + "\n"
