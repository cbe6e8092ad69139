"""Validation of input about users: each check returns the value to store or raises BadUserInput."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from uuid import UUID

from aiwebengine.core.addresses import Address, NotAnAddress, parse
from aiwebengine.core.errors import BadUserInput, NotFound
from aiwebengine.core.identity import GRANTABLE_ROLES, Role
from aiwebengine.core.untrusted_text import must_show_all, without_hidden

LONGEST_NAME = 200
LONGEST_REASON = 500
LONGEST_SEARCH = 200


def id_or_none(text: str) -> UUID | None:
    """The id that a caller sent; None for text that is no id."""
    try:
        return UUID(text)
    except ValueError:
        return None


def user_id(text: str) -> UUID:
    """The id that a caller sent. Raises NotFound for text that is no id."""
    known = id_or_none(text)
    if known is None:
        raise NotFound(f"There is no user {text[:50]}.")
    return known


def optional_user_id(text: str | None) -> UUID | None:
    """The id that a caller sent, or None. Raises NotFound."""
    return None if text is None else user_id(text)


def grantable(role: Role) -> None:
    """Raise BadUserInput for the role that every user holds."""
    if role not in GRANTABLE_ROLES:
        allowed = " or ".join(allowed.value for allowed in GRANTABLE_ROLES)
        raise BadUserInput(
            f"role: {role.value} is held by every user and can be neither granted nor revoked;"
            f" allowed: {allowed}."
        )


def end(expires_at: datetime | None) -> None:
    """Raise BadUserInput for an end in the past or without a time zone."""
    if expires_at is None:
        return
    if expires_at.tzinfo is None:
        raise BadUserInput(f"expiresAt: {expires_at.isoformat()} lacks a time zone.")
    if expires_at <= datetime.now(UTC):
        raise BadUserInput(f"expiresAt: {expires_at.isoformat()} is in the past.")


def reason(text: str | None) -> str | None:
    """A reason without surrounding blanks; None when nothing is left."""
    kept = (text or "").strip()
    if len(kept) > LONGEST_REASON:
        raise BadUserInput(f"reason: {len(kept)} characters; at most {LONGEST_REASON} are allowed.")
    must_show_all("reason", kept)
    return kept or None


def search(text: str | None) -> str | None:
    """The search text without hidden characters, in NFC; None when nothing is left.

    The angle brackets of a copied address are removed.
    """
    if text and "\0" in text:
        # PostgreSQL stores no text with this character.
        raise BadUserInput("search: the character U+0000 is not allowed.")
    kept = unicodedata.normalize("NFC", without_hidden(text or "")).strip()
    if kept.startswith("<") and kept.endswith(">") and "@" in kept:
        kept = kept[1:-1].strip()
    if len(kept) > LONGEST_SEARCH:
        raise BadUserInput(f"search: {len(kept)} characters; at most {LONGEST_SEARCH} are allowed.")
    return kept or None


def email(text: str) -> Address:
    """An address that the engine accepts."""
    try:
        return parse(text)
    except NotAnAddress as error:
        raise BadUserInput(f"email: {error}.") from None


def name(text: str | None) -> str:
    """A display name without surrounding blanks; may be empty."""
    kept = unicodedata.normalize("NFC", text or "").strip()
    if len(kept) > LONGEST_NAME:
        raise BadUserInput(f"name: {len(kept)} characters; at most {LONGEST_NAME} are allowed.")
    must_show_all("name", kept)
    return kept


def provider_name(text: str) -> str:
    """A display name from a provider, without hidden characters and truncated."""
    shown = unicodedata.normalize("NFC", without_hidden(text)).strip()
    return shown[:LONGEST_NAME].strip()
