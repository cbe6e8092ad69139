"""What providers say of a person, whose values may be of any shape: what can be used of each.

Only the subject and the address are needed. A name or picture that can't be used is left out.
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
    """The value, which has to be a JSON object. Raises ValueError."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {type(value).__name__}, not an object")
    return value


def a_text(value: object, what: str) -> str:
    """The value, which has to be a text that is not empty. Raises ValueError."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{what} is {type(value).__name__}, not a text")
    return value


def subject(value: object) -> str:
    """The provider's own name for the person. Raises ValueError."""
    text = a_text(value, "the subject")
    if len(text) > LONGEST_SUBJECT or any(map(is_hidden, text)):
        raise ValueError(f"the subject has {len(text)} characters, or one that can't be shown")
    return text


def address(value: object) -> str | None:
    """The e-mail address, or None for what is no text."""
    return value if isinstance(value, str) and value else None


def is_true(value: object) -> bool:
    """Whether a claim says yes; Apple says it as a text."""
    return value in (True, "true")


def name(*offered: object) -> str:
    """The first display name that shows anything; may be empty."""
    cleaned = (without_hidden(one).strip() for one in offered if isinstance(one, str))
    return next(filter(None, cleaned), "")[:LONGEST_NAME].strip()


def full_name(first: object, last: object) -> str:
    """A name that comes in two parts, of which either may be missing."""
    return " ".join(part for part in (name(first), name(last)) if part)


def picture(value: object) -> str | None:
    """An address that a page may show, or None."""
    if not isinstance(value, str) or not value.startswith("https://"):
        return None
    is_plain = value.isprintable() and " " not in value
    return value if is_plain and len(value) <= LONGEST_PICTURE else None


def instant(value: object) -> datetime | None:
    """A NumericDate (RFC 7519 section 2), or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def completed(claims: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of an ID token, and of UserInfo what the ID token leaves out.

    Whether an address is verified counts only for the address that it was said of.
    """
    whole = {**told, **claims}
    ours, theirs = address(claims.get("email")), address(told.get("email"))
    if ours is None and theirs is not None:
        whole["email"] = theirs
        if "email_verified" in told:
            whole["email_verified"] = told["email_verified"]
    elif theirs is not None and theirs != ours and "email_verified" not in claims:
        whole.pop("email_verified", None)
    return whole
