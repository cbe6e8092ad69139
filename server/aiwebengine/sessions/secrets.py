"""Secrets of sessions, links and API tokens, and the digests that are stored."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

_BASE62 = string.digits + string.ascii_letters
_TOKEN = re.compile(r"awe_([0-9A-Za-z]{36})([0-9A-Za-z]{6})")
PREFIX_LENGTH = 10


def new_secret() -> str:
    """256 random bits for a cookie or a link."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """An API token; the prefix and checksum let secret scanners recognise it."""
    body = "".join(secrets.choice(_BASE62) for _ in range(36))
    return f"awe_{body}{_checksum(body)}"


def looks_like_token(text: str) -> bool:
    """Check the format and checksum of a token, not whether it is valid."""
    match = _TOKEN.fullmatch(text)
    return match is not None and _checksum(match[1]) == match[2]


def digest(secret: str) -> bytes:
    """The digest to store. Secrets are long and random, so one round is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _checksum(body: str) -> str:
    """CRC-32 in six base-62 digits."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits
