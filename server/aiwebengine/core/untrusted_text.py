"""Untrusted text: refuses hidden characters in input, and escapes them in output.

Hidden characters are control characters (terminal escape sequences, line breaks), format characters
that reorder or hide text (Unicode Bidirectional Algorithm, UAX #9; zero width, U+00AD, U+FEFF,
tags), line and paragraph separators, and surrogates.
"""

from __future__ import annotations

import json
import re
import unicodedata

from aiwebengine.core.errors import BadUserInput

# Zero width non-joiner and joiner, which Persian and Indic words and composed emoji need.
_JOINERS = frozenset("\u200c\u200d")
_HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_BEYOND_ASCII = re.compile(r"[^\x00-\x7e]")
_PLAIN = re.compile(r"[ -~\u00a1-\u00ac\u00ae-\u02ff]*")


def is_hidden(character: str) -> bool:
    """Whether a character is invisible but can change how other text is displayed."""
    return unicodedata.category(character) in _HIDDEN_CATEGORIES and character not in _JOINERS


def must_show_all(name: str, text: str) -> None:
    """Raise BadUserInput, with *name* as the field, for text with a hidden character."""
    if _PLAIN.fullmatch(text):
        return
    for position, character in enumerate(text, 1):
        if is_hidden(character):
            raise BadUserInput(
                f"{name}: the character U+{ord(character):04X} at position {position} is invisible"
                " or a control character, which is not allowed."
            )


def without_hidden(text: str) -> str:
    """The text without hidden characters; a line break or tab becomes a space."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join(
        " " if character in "\t\n\v\f\r\u2028\u2029" else "" if is_hidden(character) else character
        for character in text
    )


def on_one_line(text: str) -> str:
    """The text for a terminal or a log line: hidden characters as escapes such as `\\x1b`."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join(_escaped(one) if is_hidden(one) else one for one in text)


def in_json(text: str) -> str:
    """The same for a JSON document, as JSON escapes; JSON itself only requires them for C0."""
    return _BEYOND_ASCII.sub(_escaped_in_json, text)


def _escaped_in_json(match: re.Match[str]) -> str:
    character: str = match[0]
    return json.dumps(character)[1:-1] if is_hidden(character) else character


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()
