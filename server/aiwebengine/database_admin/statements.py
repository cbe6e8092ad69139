"""The text of a statement without what people wrote into it."""

from __future__ import annotations

import re

LONGEST_TEXT = 1_000

# PostgreSQL cuts long statements off, so whatever is opened may stay open to the end. Names in
# double quotes come first and stay; what follows a letter or a dollar is part of a name or $1.
_TOKEN = re.compile(
    r"""
      (?P<name> "(?:[^"]|"")*(?:"|\Z) )
    | (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<value>
          \b[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z)
        | '(?:[^']|'')*(?:'|\Z)
        | (?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
        | (?<![\w$])\.?\d[\w.]*(?:(?<=[eE])[+-]\d+)?
      )
    """,
    re.VERBOSE | re.DOTALL,
)


def without_values(text: str) -> str:
    """The statement on one line, with `?` for each value and without comments."""

    def plain(match: re.Match[str]) -> str:
        if match["name"]:
            return match["name"]
        return " " if match["comment"] else "?"

    return " ".join(_TOKEN.sub(plain, text).split())[:LONGEST_TEXT]
