"""Which headers pass between visitors and scripts.

A script is another person's program on our host: it sees nothing that signs in to the engine, and
it may not change how browsers and proxies treat the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from aiwebengine.script_routes.paths import is_the_engines
from aiwebengine.scripts.types import PageMode

Headers = list[tuple[bytes, bytes]]

ENGINE_COOKIE = "aiwebengine_"
_TOKENS_BEGIN_WITH = "awe_"

# Connection headers (RFC 9110 section 7.6.1) are the server's.
_OF_THE_CONNECTION = frozenset(
    b"connection keep-alive proxy-connection te trailer transfer-encoding upgrade".split()
)
# What a proxy adds about the connection, or about the person who signed in to it.
_OF_PROXIES = frozenset(
    b"forwarded via x-real-ip x-request-id true-client-ip x-client-ip x-cluster-client-ip client-ip"
    b" x-original-url x-original-uri x-original-host x-rewrite-url remote-user remote-groups"
    b" remote-name remote-email x-remote-user x-webauth-user ssl-client-cert x-client-cert".split()
)
_OF_PROXIES_BEGIN_WITH = (
    b"x-forwarded-",
    b"proxy-",
    b"cf-access-",
    b"cf-connecting-",
    b"fastly-client-",
    b"fly-client-",
    b"tailscale-",
    b"x-amzn-oidc-",
    b"x-auth-request-",
    b"x-authentik-",
    b"x-azure-",
    b"x-envoy-",
    b"x-goog-authenticated-",
    b"x-goog-iap-",
    b"x-ms-client-principal",
    b"x-ms-token-",
    b"x-pomerium-",
    b"x-ssl-",
)
_REQUEST_ONLY = frozenset(b"x-api-key x-aiwebengine-script expect http2-settings".split())
# Schemes whose passwords browsers repeat for all paths of a host: there, a proxy asked for them.
_PASSWORDS = ("basic", "digest", "negotiate", "ntlm", "hoba", "mutual", "scram-")

# What changes the treatment of the whole host, or is an instruction to the proxy before us.
_REFUSED = frozenset(
    b"set-cookie set-cookie2 service-worker-allowed clear-site-data strict-transport-security"
    b" public-key-pins expect-ct alt-svc alt-used report-to reporting-endpoints nel refresh"
    b" origin-agent-cluster content-security-policy-report-only cross-origin-opener-policy"
    b" cross-origin-embedder-policy cross-origin-resource-policy x-content-type-options"
    b" x-frame-options x-sendfile x-request-id server date content-length"
    b" permissions-policy feature-policy document-policy set-login activate-storage-access"
    b" www-authenticate proxy-authenticate access-control-allow-credentials"
    b" accept-ch critical-ch accept-signature sourcemap x-sourcemap speculation-rules"
    b" use-as-dictionary available-dictionary cache-tag http2-settings".split()
)
_REFUSED_BEGIN_WITH = (
    b"x-accel-",
    b"x-sendfile-",
    b"x-lighttpd-",
    b"x-reproxy-",
    b"x-litespeed-",
    b"surrogate-",
    b"proxy-",
    # Of the browser (Fetch standard section 2.2.2), and sessions bound to a device.
    b"sec-",
    b"secure-session-",
    b"attribution-reporting-",
    b"observe-browsing-topics",
)
# On a host of their own scripts may have cookies and ask for a password.
_ALLOWED_ON_OWN_HOST = frozenset(
    b"set-cookie www-authenticate access-control-allow-credentials x-frame-options"
    b" cross-origin-opener-policy cross-origin-embedder-policy cross-origin-resource-policy"
    b" permissions-policy document-policy".split()
)

SANDBOX = b"sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads"


def for_script(
    headers: Iterable[tuple[bytes, bytes]], api_key: str | None = None, *, is_own_host: bool = False
) -> list[list[str]]:
    """The headers of a request that a script sees, in order.

    Left out are the engine's cookies, tokens and *api_key*, and what proxies added. So are the
    passwords that a browser sends to the engine's host: a proxy before the engine asked for them.
    """
    headers = list(headers)
    is_browser = not is_own_host and any(
        name == b"user-agent" and value[:8].lower() == b"mozilla/" for name, value in headers
    )
    seen = []
    for name, value in headers:
        if _is_left_out(name):
            continue
        text = value.decode("latin-1")
        if name == b"cookie":
            text = _other_cookies(text)
            if not text:
                continue
        elif name == b"authorization" and (
            _opens_the_engine(text, api_key)
            or (is_browser and text.strip().lower().startswith(_PASSWORDS))
        ):
            continue
        elif name == b"referer" and not is_own_host:
            text = _without_pages_of_the_engine(text)
        seen.append([name.decode("latin-1"), text])
    return seen


# Clients send few different names, and there are many to compare them with.
@lru_cache(256)
def _is_left_out(name: bytes) -> bool:
    return (
        name in _OF_THE_CONNECTION
        or name in _OF_PROXIES
        or name in _REQUEST_ONLY
        or name.startswith(_OF_PROXIES_BEGIN_WITH)
    )


def _other_cookies(text: str) -> str:
    """The cookies that are not the engine's, whatever prefix they have."""
    parts = (part.strip() for part in text.split(";"))
    return "; ".join(part for part in parts if part and not _is_engine_cookie(part))


def _opens_the_engine(authorization: str, api_key: str | None) -> bool:
    return _TOKENS_BEGIN_WITH in authorization.lower() or bool(api_key and api_key in authorization)


def _without_pages_of_the_engine(referer: str) -> str:
    """The address of the page before; of a page of the engine only its origin.

    Its path and query name users, searches and one-time codes.
    """
    scheme, separator, rest = referer.partition("://")
    host, slash, path = rest.partition("/")
    if separator and slash and is_the_engines("/" + re.split(r"[?#]", path, maxsplit=1)[0]):
        return f"{scheme}://{host}/"
    return referer


# Proxies and clients refuse answers with more: Node reads 16 KiB, curl 300 KB.
LARGEST_HEAD_BYTES = 65_536


class UnusableAnswer(Exception):
    """The script answered what can't be sent; the message names it."""


def for_visitor(
    headers: Iterable[tuple[str, str]], mode: PageMode, *, is_own_host: bool
) -> tuple[Headers, list[str]]:
    """The headers of an answer as they are sent, and the names of those that were refused.

    Raises UnusableAnswer for a name or value that HTTP does not allow (RFC 9110 section 5.5), and
    for more of them than clients read.
    """
    sent: Headers = []
    refused = []
    size = 0
    for name, value in headers:
        size += len(name) + len(value)
        if size > LARGEST_HEAD_BYTES:
            raise UnusableAnswer(f"the headers have more than {LARGEST_HEAD_BYTES:,} characters")
        key = _name(name)
        text = _value(name, value)
        if _is_refused(key, text, is_own_host=is_own_host):
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


def _is_refused(key: bytes, value: bytes, *, is_own_host: bool) -> bool:
    if key in _OF_THE_CONNECTION:
        return True
    if key in _REFUSED or key.startswith(_REFUSED_BEGIN_WITH):
        if not (is_own_host and key in _ALLOWED_ON_OWN_HOST):
            return True
        return key == b"set-cookie" and _reaches_the_engine(value.decode("latin-1"))
    # Each part of such a body has headers of its own, among them cookies (Firefox).
    return key == b"content-type" and b"x-mixed-replace" in value.lower() and not is_own_host


def _reaches_the_engine(cookie: str) -> bool:
    """Whether browsers would send this cookie to the engine's host, or take it for its own."""
    attributes = cookie.lower().split(";")[1:]
    return _is_engine_cookie(cookie) or any(
        one.partition("=")[0].strip() == "domain" for one in attributes
    )


def _is_engine_cookie(text: str) -> bool:
    """Whether `name=value` is called as the engine's cookies are.

    A cookie without a name is sent as its value alone, which reads like another cookie.
    """
    name = text.lstrip("= \t").partition("=")[0].strip().lower()
    return name.removeprefix("__host-").removeprefix("__secure-").startswith(ENGINE_COOKIE)


_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def _name(name: str) -> bytes:
    key = name.lower().encode("latin-1", "replace")
    if not _TOKEN.fullmatch(key):
        raise UnusableAnswer(f"Header name {name[:100]!r} is not allowed in HTTP.")
    return key


def _value(name: str, value: str) -> bytes:
    if _CONTROL.search(value):
        raise UnusableAnswer(f"The value of header {name} contains a control character.")
    try:
        return value.strip().encode("latin-1")
    except UnicodeEncodeError:
        raise UnusableAnswer(f"The value of header {name} has characters beyond Latin-1.") from None
