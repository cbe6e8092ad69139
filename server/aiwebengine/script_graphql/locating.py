"""Places in the files of a script for places in its SDL texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from aiwebengine.script_graphql.claims import Claim

LARGEST_FILE = 1_000_000
"""Bytes of a file that is searched."""
_SOURCES = (".ts", ".tsx", ".js", ".jsx", ".mjs")


class Place(NamedTuple):
    """Where something is in the files; line and column count from 1."""

    file: str | None = None
    line: int | None = None
    column: int | None = None


class Places:
    """Finds SDL texts in files: most authors write them as they are."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._texts = {
            path: content.decode(errors="replace")
            for path, content in files.items()
            if path.endswith(_SOURCES) and len(content) <= LARGEST_FILE
        }

    def of(self, sdl: str | None, line: int | None, column: int | None) -> Place:
        """The place of a line and column of an SDL text; nothing if the text is not found."""
        if not sdl:
            return Place()
        for path, text in self._texts.items():
            at = text.find(sdl)
            if at >= 0:
                return _within(path, text, at, sdl, line or 1, column or 1)
        return Place()

    def of_name(self, claim: Claim) -> Place:
        """Where a field or type seems to be defined: where its name stands first."""
        before = r"(?:type|input|enum|interface|union|scalar)\s+" if claim.kind == "type" else ""
        pattern = re.compile(rf"{before}(?<![\w$]){re.escape(claim.name)}\s*[:({{@|=]?")
        for path, text in self._texts.items():
            found = pattern.search(text)
            if found is not None:
                return Place(path, *_position(text, found.start()))
        return Place()


def _within(path: str, text: str, at: int, sdl: str, line: int, column: int) -> Place:
    """The place in the file: the first line of the SDL begins where the text does."""
    first_line, first_column = _position(text, at)
    if line == 1:
        return Place(path, first_line, first_column + column - 1)
    return Place(path, first_line + line - 1, column)


def _position(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
