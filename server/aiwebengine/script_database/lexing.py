"""Cuts SQL into tokens as PostgreSQL does (manual, section 4.1), with standard strings on."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from aiwebengine.core.errors import BadUserInput


class Kind(enum.Enum):
    """What a token is."""

    WORD = enum.auto()
    """A keyword or a name without quotes; `value` is in lower case."""
    NAME = enum.auto()
    """A name in quotes; `value` is without them."""
    STRING = enum.auto()
    SYMBOL = enum.auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it starts."""

    kind: Kind
    value: str
    start: int
    end: int


class NotSql(BadUserInput):
    """The text can't be cut into tokens; *position* counts characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


# A letter is anything outside ASCII too. The order matters: E'…' before a word that is `e`.
_TOKEN = re.compile(
    r"""
      (?P<space>\s+ | --[^\r\n]*)
    | (?P<comment>/\*)
    | (?P<unicode>[uU]&["'])
    | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*+')
    | (?P<string>[bBxXnN]?'(?:[^']|'')*+')
    | (?P<name>"(?:[^"]|"")*+")
    | (?P<dollar>\$(?P<tag>(?:[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*)?)\$)
    | (?P<word>[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*)
    | (?P<symbol>\$?\d+ | [^"'\w])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of *sql* without spaces and comments. Raises NotSql."""
    at = 0
    is_after_escaped = False
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        if match is None:
            raise NotSql(f"{_shown(sql, at)} has no end.", at)
        start, at = at, match.end()
        found = match.lastgroup
        if found == "tag":
            found = "dollar"
        if found == "comment":
            at = _end_of_comment(sql, start)
            continue
        if found == "space":
            continue
        if is_after_escaped and found == "string":
            # On another line it would continue the string before, with backslashes as escapes.
            raise NotSql("A string E'…' can't be continued by another string.", start)
        is_after_escaped = found == "escaped"
        if found == "unicode":
            # Its meaning depends on a UESCAPE that follows: nothing needs it in UTF-8.
            raise NotSql("U& strings and names are not supported; write the characters.", start)
        elif found == "dollar":
            at = _end_of_dollar(sql, match)
            yield Token(Kind.STRING, "", start, at)
        elif found in ("string", "escaped"):
            yield Token(Kind.STRING, "", start, at)
        elif found == "name":
            yield Token(Kind.NAME, match[0][1:-1].replace('""', '"'), start, at)
        elif found == "word":
            yield Token(Kind.WORD, _folded(match[0]), start, at)
        elif found == "symbol":
            yield Token(Kind.SYMBOL, match[0], start, at)


def _folded(word: str) -> str:
    """Lower case of ASCII letters only, as PostgreSQL folds names in UTF-8."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in word)


def _end_of_comment(sql: str, start: int) -> int:
    """Comments nest."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(sql, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    raise NotSql("The comment /* has no end.", start)


def _end_of_dollar(sql: str, match: re.Match[str]) -> int:
    end = sql.find(match[0], match.end())
    if end < 0:
        raise NotSql(f"The string {match[0]} has no end.", match.start())
    return end + len(match[0])


def _shown(sql: str, at: int) -> str:
    return f"What begins with {sql[at : at + 20]!r}"
