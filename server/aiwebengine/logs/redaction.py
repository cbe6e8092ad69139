"""Redacts text that looks like a secret before it is logged.

Log calls should never get a secret. This is the last line of defense if one does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import cast
from uuid import UUID

import orjson

HIDDEN = "(hidden)"
_PLAIN = frozenset({int, float, bool, type(None)})
_AS_IN_JSON = _PLAIN | {str, UUID}
# A long stack trace or body must not make a line too long for readers of the log.
LONGEST_TEXT = 8_192

_KEYS = re.compile(
    r"pass(word|wd|phrase)|secret|token|authorization|cookie|api_?key|private_?key|credential"
    r"|verifier|nonce|variables",
    re.IGNORECASE,
)
_HARMLESS_KEYS = {"token_id", "session_id"}
_TEXTS = [
    # The engine's own tokens, and the value of an Authorization header.
    (re.compile(r"\bawe_[0-9A-Za-z]{8,}"), "awe_…"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 …"),
    # Query strings, forms and cookies: sign-in links, responses of providers, sessions.
    (
        re.compile(
            r"\b(token|code|state|password|client_secret|id_token|access_token|refresh_token"
            r"|(?:__Host-)?aiwebengine_\w+)=[^&\s;'\"]+"
        ),
        r"\1=…",
    ),
    # A database address with a password.
    (re.compile(r"(\w+://[^\s/:@]*):[^\s/@]+@"), r"\1:…@"),
]


def redacted_line(fields: Mapping[str, object]) -> str:
    """The fields as one line of JSON, with all values `redacted`."""
    # Most lines contain nothing that could be a secret. The characters that `_is_suspicious` looks
    # for are not escaped in JSON, so one check of the whole line is enough.
    if _is_plain(fields):
        line = orjson.dumps(fields, default=str).decode()
        if len(line) <= LONGEST_TEXT and not _is_suspicious(line):
            return line
    return orjson.dumps({name: redacted(value, name) for name, value in fields.items()}).decode()


def redacted(value: object, key: str = "") -> object:
    """The value without secrets, at any depth. Texts are cut to LONGEST_TEXT characters.

    *key* is the name of the field; a value whose key names a secret is hidden completely.
    """
    # Nearly all values have one of these types, and `match` would test classes one by one.
    kind = type(value)
    if kind is str:
        return HIDDEN if _is_secret(key) else _cleaned(cast(str, value))
    if kind in _PLAIN:
        return value
    if kind is UUID:
        return HIDDEN if _is_secret(key) else str(value)
    match value:
        case str():
            return HIDDEN if _is_secret(key) else _cleaned(value)
        case bytes() | bytearray():
            return HIDDEN if _is_secret(key) else _cleaned(repr(bytes(value)))
        case Mapping():
            # Everything below a secret key is secret.
            return {
                str(name): redacted(inner, key if _is_secret(key) else str(name))
                for name, inner in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [redacted(inner, key) for inner in value]
        case bool() | int() | float() | None:
            return value
    return HIDDEN if _is_secret(key) else _cleaned(str(value))


def _is_plain(fields: Mapping[str, object]) -> bool:
    """Whether no field is named like a secret, and JSON encodes all values as `redacted` does."""
    values = fields.values()
    if _has_secret(tuple(fields)):
        return False
    # Sets of types, because a loop over the fields takes longer than writing them.
    kinds = set(map(type, values))
    if list in kinds:
        kinds.remove(list)
        kinds.update(type(item) for value in values if type(value) is list for item in value)
    # asyncpg's UUIDs are of a subclass.
    return all(issubclass(kind, UUID) for kind in kinds - _AS_IN_JSON)


@lru_cache(256)
def _has_secret(names: tuple[str, ...]) -> bool:
    return any(map(_is_secret, names))


@lru_cache(1_024)
def _is_secret(key: str) -> bool:
    return bool(key) and key not in _HARMLESS_KEYS and _KEYS.search(key) is not None


def _cleaned(text: str) -> str:
    if _is_suspicious(text):
        for pattern, instead in _TEXTS:
            text = pattern.sub(instead, text)
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def _is_suspicious(text: str) -> bool:
    """Whether one of the patterns may match; most texts need no closer check.

    This runs for every value of every line, and a case-insensitive pattern takes twice as long.
    """
    lowered = text.lower()
    return (
        "=" in text
        or "://" in text
        or "awe_" in lowered
        or "bearer" in lowered
        or "basic" in lowered
    )
