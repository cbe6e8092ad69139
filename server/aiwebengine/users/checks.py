"""What may be said of a user: each check gives the value to keep, or raises BadUserInput."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import UUID

from aiwebengine.errors import BadUserInput, NotFound
from aiwebengine.users.types import GRANTABLE_ROLES, Role

LONGEST_NAME = 200
LONGEST_REASON = 500
LONGEST_SEARCH = 200
# RFC 5321 section 4.5.3.1: 64 for the local part, 255 for the domain, and the @.
LONGEST_EMAIL = 320

_EMAIL = re.compile(r"[^\s@\x00-\x1f]{1,64}@[^\s@\x00-\x1f]{1,255}")


def id_or_none(text: str) -> UUID | None:
    """The id that a caller gave. Ids are opaque: whatever is none names nobody."""
    try:
        return UUID(text)
    except ValueError:
        return None


def user_id(text: str) -> UUID:
    """The id that a caller gave, as one that might exist. Raises NotFound."""
    known = id_or_none(text)
    if known is None:
        raise NotFound(f"There is no user {text[:50]}.")
    return known


def optional_user_id(text: str | None) -> UUID | None:
    """The id that a caller gave, or None for none. Raises NotFound."""
    return None if text is None else user_id(text)


def grantable(role: Role) -> None:
    """Refuse the role that everybody holds."""
    if role not in GRANTABLE_ROLES:
        allowed = " or ".join(allowed.value for allowed in GRANTABLE_ROLES)
        raise BadUserInput(
            f"role: {role.value} is held by every user and can be neither granted nor revoked;"
            f" allowed: {allowed}."
        )


def end(expires_at: datetime | None) -> None:
    """Refuse an end that has passed or that names no time zone."""
    if expires_at is None:
        return
    if expires_at.tzinfo is None:
        raise BadUserInput(f"expiresAt: {expires_at.isoformat()} lacks a time zone.")
    if expires_at <= datetime.now(UTC):
        raise BadUserInput(f"expiresAt: {expires_at.isoformat()} has passed already.")


def reason(text: str | None) -> str | None:
    """A reason without surrounding blanks; None when nothing is left."""
    kept = (text or "").strip()
    if len(kept) > LONGEST_REASON:
        raise BadUserInput(f"reason: {len(kept)} characters; at most {LONGEST_REASON} are allowed.")
    return kept or None


def search(text: str | None) -> str | None:
    """What to look for, without surrounding blanks; None when nothing is left."""
    kept = (text or "").strip()
    if len(kept) > LONGEST_SEARCH:
        raise BadUserInput(f"search: {len(kept)} characters; at most {LONGEST_SEARCH} are allowed.")
    return kept or None


def email(text: str) -> str:
    """An address without surrounding blanks."""
    kept = text.strip()
    if len(kept) > LONGEST_EMAIL or not _EMAIL.fullmatch(kept):
        raise BadUserInput(f"email: {kept[:80]!r} is not an e-mail address.")
    return kept


def name(text: str | None) -> str:
    """A display name without surrounding blanks; may be empty."""
    kept = (text or "").strip()
    if len(kept) > LONGEST_NAME:
        raise BadUserInput(f"name: {len(kept)} characters; at most {LONGEST_NAME} are allowed.")
    return kept
