"""Which headers pass between visitors and scripts.

A script is another person's program on our host: it sees nothing that signs in to the engine, and
it may not change how browsers and proxies treat the engine.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiwebengine.scripts.types import PageMode

Headers = list[tuple[bytes, bytes]]

ENGINE_COOKIE = "aiwebengine_"
_TOKENS_BEGIN_WITH = "awe_"

# Connection headers (RFC 9110 section 7.6.1) are the server's.
_OF_THE_CONNECTION = frozenset(
    b"connection keep-alive proxy-connection te trailer transfer-encoding upgrade".split()
)
_OF_PROXIES = frozenset(
    b"forwarded via x-real-ip x-request-id cf-connecting-ip true-client-ip".split()
)
_REQUEST_ONLY = frozenset(b"proxy-authorization x-api-key expect".split())

# What changes the treatment of the whole host, or is an instruction to the proxy before us.
_REFUSED = frozenset(
    b"set-cookie set-cookie2 service-worker-allowed clear-site-data strict-transport-security"
    b" public-key-pins expect-ct alt-svc report-to reporting-endpoints nel refresh"
    b" origin-agent-cluster content-security-policy-report-only cross-origin-opener-policy"
    b" cross-origin-embedder-policy cross-origin-resource-policy x-content-type-options"
    b" x-frame-options x-accel-redirect x-accel-buffering x-accel-expires x-accel-limit-rate"
    b" x-accel-charset x-sendfile x-lighttpd-send-file x-request-id server date content-length"
    b" www-authenticate proxy-authenticate access-control-allow-credentials"
    b" accept-ch critical-ch sourcemap x-sourcemap speculation-rules".split()
)
# On a host of their own scripts may have cookies and ask for a password.
_ALLOWED_ON_OWN_HOST = frozenset(
    b"set-cookie www-authenticate access-control-allow-credentials x-frame-options"
    b" cross-origin-opener-policy cross-origin-embedder-policy cross-origin-resource-policy".split()
)

SANDBOX = b"sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads"


def for_script(
    headers: Iterable[tuple[bytes, bytes]], api_key: str | None = None
) -> list[list[str]]:
    """The headers of a request that a script sees, in order.

    Left out are the engine's cookies, tokens and *api_key*, and what proxies added about the
    connection.
    """
    seen = []
    for name, value in headers:
        if (
            name in _OF_THE_CONNECTION
            or name in _OF_PROXIES
            or name in _REQUEST_ONLY
            or name.startswith((b"x-forwarded-", b"proxy-"))
        ):
            continue
        text = value.decode("latin-1")
        if name == b"cookie":
            text = _other_cookies(text)
            if not text:
                continue
        elif name == b"authorization" and _opens_the_engine(text, api_key):
            continue
        seen.append([name.decode("latin-1"), text])
    return seen


def _other_cookies(text: str) -> str:
    """The cookies that are not the engine's, whatever prefix they have."""
    kept = []
    for part in text.split(";"):
        name = part.partition("=")[0].strip()
        plain = name.removeprefix("__Host-").removeprefix("__Secure-").lower()
        if not plain.startswith(ENGINE_COOKIE):
            kept.append(part.strip())
    return "; ".join(kept)


def _opens_the_engine(authorization: str, api_key: str | None) -> bool:
    return _TOKENS_BEGIN_WITH in authorization.lower() or bool(api_key and api_key in authorization)


class UnusableAnswer(Exception):
    """The script answered what can't be sent; the message names it."""


def for_visitor(
    headers: Iterable[tuple[str, str]], mode: PageMode, *, is_own_host: bool
) -> tuple[Headers, list[str]]:
    """The headers of an answer as they are sent, and the names of those that were refused.

    Raises UnusableAnswer for a name or value that HTTP does not allow (RFC 9110 section 5.5).
    """
    sent: Headers = []
    refused = []
    for name, value in headers:
        key = _name(name)
        if key in _OF_THE_CONNECTION or (
            key in _REFUSED and not (is_own_host and key in _ALLOWED_ON_OWN_HOST)
        ):
            refused.append(name)
            continue
        text = _value(name, value)
        if key == b"set-cookie" and _is_engine_cookie(value):
            refused.append(name)
            continue
        sent.append((key, text))
    sent.append((b"x-content-type-options", b"nosniff"))
    if mode is PageMode.SANDBOXED:
        # A second policy only adds to the script's own (CSP level 3, section 2.4).
        sent.append((b"content-security-policy", SANDBOX))
        # The pages have an opaque origin: to it, the script's own files are another site's.
        sent.append((b"cross-origin-resource-policy", b"cross-origin"))
    return sent, refused


_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")


def _name(name: str) -> bytes:
    key = name.lower().encode("latin-1", "replace")
    if not key or not _TOKEN.issuperset(key):
        raise UnusableAnswer(f"Header name {name[:100]!r} is not allowed in HTTP.")
    return key


def _value(name: str, value: str) -> bytes:
    if any(character in value for character in "\r\n\0"):
        raise UnusableAnswer(f"The value of header {name} contains a line break or a zero byte.")
    try:
        return value.strip().encode("latin-1")
    except UnicodeEncodeError:
        raise UnusableAnswer(f"The value of header {name} has characters beyond Latin-1.") from None


def _is_engine_cookie(value: str) -> bool:
    name = value.partition("=")[0].strip()
    plain = name.removeprefix("__Host-").removeprefix("__Secure-").lower()
    return plain.startswith(ENGINE_COOKIE)
