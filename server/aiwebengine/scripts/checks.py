"""Validation of input about scripts: each check returns what to store or raises BadUserInput."""

from __future__ import annotations

import re

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.untrusted_text import must_show_all
from aiwebengine.scripts.routes import reserved_for

LONGEST_TITLE = 200
LONGEST_MESSAGE = 2_000
LONGEST_REASON = 500
LONGEST_SEARCH = 200

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
# RFC 1123 section 2.1, in lower case.
_HOST = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)


def slug(text: str) -> str:
    """A slug for a new script."""
    if not _SLUG.fullmatch(text):
        raise BadUserInput(
            f"slug: found {text[:70]!r}; allowed: 1 to 63 of a-z, 0-9 and -, not beginning with -."
        )
    reserved = reserved_for(f"/{text}")
    if reserved is not None:
        raise BadUserInput(f"slug: {text!r} is not allowed, because {reserved} is the engine's.")
    return text


def title(text: str | None) -> str:
    """A title without surrounding blanks."""
    return _line("title", text, LONGEST_TITLE)


def message(text: str | None) -> str:
    """A message about a version; it may have several lines."""
    kept = (text or "").strip()
    _must_be_short("message", kept, LONGEST_MESSAGE)
    for line in kept.splitlines():
        must_show_all("message", line.replace("\t", " "))
    return kept


def reason(text: str | None) -> str:
    """A reason without surrounding blanks."""
    return _line("reason", text, LONGEST_REASON)


def search(text: str | None) -> str | None:
    """The text to search for; None when nothing is left."""
    kept = (text or "").strip()
    _must_be_short("search", kept, LONGEST_SEARCH)
    return kept or None


def host(text: str) -> str:
    """A host name in lower case, without a port."""
    kept = text.strip().lower().removesuffix(".")
    if not _HOST.fullmatch(kept):
        raise BadUserInput(
            f"host: found {text[:100]!r}; allowed: a host name such as shop.example.org, without"
            " a port. Write other letters as punycode."
        )
    return kept


def storable(text: str, longest: int | None = None) -> str:
    """What a program wrote, without what PostgreSQL can't store: NUL and halves of surrogates.

    A text with more than *longest* characters is cut, and ends with `…`.
    """
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _line(name: str, text: str | None, longest: int) -> str:
    kept = (text or "").strip()
    _must_be_short(name, kept, longest)
    must_show_all(name, kept)
    return kept


def _must_be_short(name: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise BadUserInput(f"{name}: {len(text)} characters; at most {longest} are allowed.")
