"""What names and values of secrets may be."""

from __future__ import annotations

import re

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_secrets.types import LARGEST_VALUE_BYTES

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def name(text: str) -> str:
    """The name. Raises BadUserInput."""
    if not _NAME.fullmatch(text):
        raise BadUserInput(
            f"name: found {text[:80]!a}; allowed: letters, digits and _, at most 64 of them,"
            " beginning with a letter, such as API_KEY."
        )
    return text


def value(text: str) -> str:
    """The value. Raises BadUserInput, which never contains it."""
    if not text:
        raise BadUserInput("value: it is empty. Remove the secret instead.")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise BadUserInput("value: it contains half a surrogate pair.") from None
    if size > LARGEST_VALUE_BYTES:
        raise BadUserInput(f"value: found {size:,} bytes; allowed: {LARGEST_VALUE_BYTES:,}.")
    if "\0" in text:
        raise BadUserInput("value: it contains a zero byte.")
    return text
