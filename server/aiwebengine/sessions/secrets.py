"""Secrets that are handed out, and what is kept of them."""

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
    """An API token: a prefix and a checksum let secret scanners know one when they see it."""
    body = "".join(secrets.choice(_BASE62) for _ in range(36))
    return f"awe_{body}{_checksum(body)}"


def looks_like_token(text: str) -> bool:
    """Whether the shape and the checksum are right; says nothing of its being valid."""
    match = _TOKEN.fullmatch(text)
    return match is not None and _checksum(match[1]) == match[2]


def digest(secret: str) -> bytes:
    """What is stored instead. The secrets are random and long, so one round is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _checksum(body: str) -> str:
    """CRC-32 in six base-62 digits."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits
