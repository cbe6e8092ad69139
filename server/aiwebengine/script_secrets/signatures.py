"""Verifies signatures of webhooks, so that a script needs no secret for it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

from aiwebengine.core.errors import BadUserInput

ALGORITHMS = ("sha1", "sha256", "sha384", "sha512")
LONGEST_SIGNATURE = 500

# Services write the algorithm or a version before it: `sha256=…`, `v0=…`, `v1,…`.
_PREFIX = re.compile(r"(?:sha\d+=|v\d+[=,])", re.IGNORECASE)
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")


def is_valid(value: str, message: bytes, signature: str, algorithm: str) -> bool:
    """Whether *signature* is the HMAC of *message* with the key *value*, in hex or base64.

    Takes the same time whatever the signature is. Raises BadUserInput for an unknown algorithm.
    """
    if algorithm not in ALGORITHMS:
        raise BadUserInput(
            f"algorithm: found {algorithm[:40]!a}; allowed: {', '.join(ALGORITHMS)}."
        )
    expected = hmac.new(value.encode(), message, getattr(hashlib, algorithm)).digest()
    text = _PREFIX.sub("", signature[:LONGEST_SIGNATURE].strip(), count=1)
    # The two forms have different lengths, so that at most one of them can be right.
    found = _from_hex(text) if len(text) == 2 * len(expected) else _from_base64(text)
    return hmac.compare_digest(found, expected)


def _from_hex(text: str) -> bytes:
    return bytes.fromhex(text) if _HEX.fullmatch(text) else b""


def _from_base64(text: str) -> bytes:
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
