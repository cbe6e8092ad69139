"""Redacts what looks like a secret before it is logged: the last line of defense.

Nobody is to hand one to a log call in the first place; this is for the day somebody does.
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
_TOLD_BY_JSON = _PLAIN | {str, UUID}
# A trace or a body that somebody logs must not make a line that no reader can hold.
LONGEST_TEXT = 8_192

_KEYS = re.compile(
    r"pass(word|wd|phrase)|secret|token|authorization|cookie|api_?key|private_?key|credential"
    r"|verifier|nonce|variables",
    re.IGNORECASE,
)
_HARMLESS_KEYS = {"token_id", "session_id"}
_TEXTS = [
    # Our own tokens, and whatever an Authorization header holds.
    (re.compile(r"\bawe_[0-9A-Za-z]{8,}"), "awe_…"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 …"),
    # Query strings, forms and cookies: sign-in links, what a provider sends back, sessions.
    (
        re.compile(
            r"\b(token|code|state|password|client_secret|id_token|access_token|refresh_token"
            r"|(?:__Host-)?aiwebengine_\w+)=[^&\s;'\"]+"
        ),
        r"\1=…",
    ),
    # A database address with a password in it.
    (re.compile(r"(\w+://[^\s/:@]*):[^\s/@]+@"), r"\1:…@"),
]


def redacted_line(told: Mapping[str, object]) -> str:
    """The fields as one line of JSON, redacted as `redacted` does it."""
    # Most lines hold nothing that could be a secret. JSON escapes none of the characters by which
    # that is seen, so one look at the whole line does for all of its texts.
    if _is_plain(told):
        line = orjson.dumps(told, default=str).decode()
        if len(line) <= LONGEST_TEXT and not _is_suspicious(line):
            return line
    return orjson.dumps({name: redacted(value, name) for name, value in told.items()}).decode()


def redacted(value: object, key: str = "") -> object:
    """The same without secrets, at any depth; texts beyond 8,192 characters are cut."""
    # Nearly every value of a line is one of these, and a match asks for its classes in turn.
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
            # Below a secret key everything is secret, whatever it is called there.
            return {
                str(name): redacted(inner, key if _is_secret(key) else str(name))
                for name, inner in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [redacted(inner, key) for inner in value]
        case bool() | int() | float() | None:
            return value
    return HIDDEN if _is_secret(key) else _cleaned(str(value))


def _is_plain(told: Mapping[str, object]) -> bool:
    """Whether no field has the name of a secret, and JSON tells the values as we would."""
    for name, value in told.items():
        kind = type(value)
        if kind is list:
            if any(type(one) not in _TOLD_BY_JSON for one in cast(list[object], value)):
                return False
        # The driver's ids are of a class of their own.
        elif kind not in _TOLD_BY_JSON and not issubclass(kind, UUID):
            return False
        if _is_secret(name):
            return False
    return True


@lru_cache(1_024)
def _is_secret(key: str) -> bool:
    return bool(key) and key not in _HARMLESS_KEYS and _KEYS.search(key) is not None


def _cleaned(text: str) -> str:
    if _is_suspicious(text):
        for pattern, instead in _TEXTS:
            text = pattern.sub(instead, text)
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def _is_suspicious(text: str) -> bool:
    """Whether any of the patterns could match; most texts are not looked at any closer.

    Every value of every line passes here, and a pattern that knows no case takes twice as long.
    """
    lowered = text.lower()
    return (
        "=" in text
        or "://" in text
        or "awe_" in lowered
        or "bearer" in lowered
        or "basic" in lowered
    )
