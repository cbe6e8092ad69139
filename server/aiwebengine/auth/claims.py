"""Validation of the claims of providers, whose values may have any type.

Only the subject and the address are required. An unusable name or picture is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiwebengine.core.untrusted_text import is_hidden, without_hidden
from aiwebengine.users.checks import LONGEST_NAME

# OpenID Connect Core section 2.
LONGEST_SUBJECT = 255
LONGEST_PICTURE = 2_000


def an_object(value: object, what: str) -> dict[str, Any]:
    """The value as a JSON object. Raises ValueError."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {type(value).__name__}, not an object")
    return value


def a_text(value: object, what: str) -> str:
    """The value as a non-empty text. Raises ValueError."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{what} is {type(value).__name__}, not a text")
    return value


def subject(value: object) -> str:
    """The provider's permanent id for the person. Raises ValueError."""
    text = a_text(value, "the subject")
    if len(text) > LONGEST_SUBJECT or any(map(is_hidden, text)):
        raise ValueError(f"the subject has {len(text)} characters, or one that can't be shown")
    return text


def address(value: object) -> str | None:
    """The e-mail address, or None for another type."""
    return value if isinstance(value, str) and value else None


def is_true(value: object) -> bool:
    """Whether a claim is true; Apple sends a text."""
    return value in (True, "true")


def name(*offered: object) -> str:
    """The first display name with visible characters; may be empty."""
    cleaned = (without_hidden(one).strip() for one in offered if isinstance(one, str))
    return next(filter(None, cleaned), "")[:LONGEST_NAME].strip()


def full_name(first: object, last: object) -> str:
    """A name from two parts, of which either may be missing."""
    return " ".join(part for part in (name(first), name(last)) if part)


def picture(value: object) -> str | None:
    """An address that a page may show, or None."""
    if not isinstance(value, str) or not value.startswith("https://"):
        return None
    is_plain = value.isprintable() and " " not in value
    return value if is_plain and len(value) <= LONGEST_PICTURE else None


def instant(value: object) -> datetime | None:
    """A NumericDate (RFC 7519 section 2), or None for another value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def completed(claims: Mapping[str, Any], user_info: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of an ID token, completed by those of UserInfo.

    A verification counts only for the address that it was sent with.
    """
    whole = {**user_info, **claims}
    ours, theirs = address(claims.get("email")), address(user_info.get("email"))
    if ours is None and theirs is not None:
        whole["email"] = theirs
        if "email_verified" in user_info:
            whole["email_verified"] = user_info["email_verified"]
    elif theirs is not None and theirs != ours and "email_verified" not in claims:
        whole.pop("email_verified", None)
    return whole
