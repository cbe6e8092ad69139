"""The fenced blocks of a page.

A block in a language that can be run is run as it stands; a `text` or `json` block that follows
it with nothing between is what it prints. Words after the language are not shown to readers:
`elsewhere` says that a block needs something that a test has not, such as a server with Docker.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
RUN = ("bash", "sh", "python", "javascript", "graphql", "toml")
PRINTED = ("text", "json")
ELSEWHERE = "elsewhere"
# Stands for whatever differs from run to run: the rest of a line, lines, a value.
ANYTHING = "…"

_BLOCK = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$\n?", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One block, and what it is said to print."""

    page: str
    line: int
    language: str
    is_run: bool
    code: str
    printed: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str) -> list[Block]:
    """The blocks of *page* (below the root) that are not what another one prints."""
    text = (ROOT / page).read_text()
    found: list[Block] = []
    end = 0
    for match in _BLOCK.finditer(text):
        language, words, code = match[1], match[2].split(), match[3]
        if found and language in PRINTED and not text[end : match.start()].strip():
            found[-1] = Block(**{**vars(found[-1]), "printed": code})
        else:
            is_run = language in RUN and ELSEWHERE not in words
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(page, line, language, is_run, code))
        end = match.end()
    return found


def difference(wanted: str, found: str) -> str | None:
    """What is not as the page says; None when all is."""
    try:
        expected = json.loads(wanted)
    except ValueError:
        return _in_text(wanted, found)
    try:
        return _in_values(expected, json.loads(found), "")
    except ValueError:
        return f"this is no JSON: {found}"


def _in_text(wanted: str, found: str) -> str | None:
    pieces = [
        r"(?:.*\n)*" if line.strip() == ANYTHING else _pattern(line) + "[ ]*\n"
        for line in wanted.rstrip().splitlines()
    ]
    lines = found.rstrip() + "\n"
    return None if re.fullmatch("".join(pieces), lines) else f"printed was:\n{found}"


def _pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.rstrip().split(ANYTHING))


def _in_values(wanted: Any, found: Any, path: str) -> str | None:
    """A `…` in a text stands for anything; alone as a value, for any value."""
    if wanted == ANYTHING:
        return None
    if isinstance(wanted, dict) and isinstance(found, dict):
        if wanted.keys() != found.keys():
            return f"{path or 'the object'} has {sorted(found)}, not {sorted(wanted)}"
        pairs = [(f"{path}.{key}", value, found[key]) for key, value in wanted.items()]
    elif isinstance(wanted, list) and isinstance(found, list):
        if wanted and wanted[-1] == ANYTHING:
            wanted, found = wanted[:-1], found[: len(wanted) - 1]
        if len(wanted) != len(found):
            return f"{path} has {len(found)} values, not {len(wanted)}: {found}"
        pairs = [
            (f"{path}[{place}]", one, other)
            for place, (one, other) in enumerate(zip(wanted, found, strict=True))
        ]
    elif isinstance(wanted, str) and isinstance(found, str):
        return None if re.fullmatch(_pattern(wanted), found) else f"{path} is {found!r}"
    else:
        return None if wanted == found else f"{path} is {found!r}"
    return next((wrong for pair in pairs if (wrong := _in_values(pair[1], pair[2], pair[0]))), None)
