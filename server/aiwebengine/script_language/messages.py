"""Reads what `deno check` and `deno fmt` write about errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote

from aiwebengine.scripts.checks import storable
from aiwebengine.scripts.types import Diagnostic, Severity

MOST_DIAGNOSTICS = 200
"""Of one check; the first ones are kept."""
LONGEST_MESSAGE = 2_000
"""Characters of a message; the rest is cut."""

NOT_IMPORTABLE = 'This can\'t be imported: only files of the script can, such as "./name.ts".'

_BEGINNING = re.compile(r"(?P<code>TS\d+) \[\w+\]: (?P<typed>.*)|error: (?P<fatal>.*)", re.DOTALL)
_FIRST_LINE = re.compile(r"^(?:TS\d+ \[\w+\]: |error: )", re.MULTILINE)
# The places of what is only related to an error are indented by eight.
_PLACE = re.compile(r"^    at (\S.*):(\d+):(\d+)$", re.MULTILINE)
_MARKER = re.compile(r"\s*[~^]+\s*")
_SUMMARY = "error: Type checking failed."
_MISSING = "TS2307"
_NOT_LOADED = ("A remote specifier", "npm specifiers", "JSR package", "Requires import access")
_OF_STYLES = re.compile(r"Line (?P<line>\d+), column (?P<column>\d+): (?P<message>.+)")


@dataclass(frozen=True)
class Places:
    """What the addresses of modules mean, as `deno check` writes them."""

    root: str
    """The address of the folder of the check, with a slash at its end."""

    @property
    def tree(self) -> str:
        """The folder with the script's files."""
        return f"{self.root}tree/"

    @property
    def refused(self) -> str:
        """Where the import map sends what can't be imported. It does not exist."""
        return f"{self.root}refused/"

    def path(self, address: str) -> str | None:
        """The path of a file of the script; None for anything else."""
        if not address.startswith(self.tree):
            return None
        return unquote(address.removeprefix(self.tree))

    def relative(self, text: str) -> str:
        """A text without the folder's address, which says nothing to an author."""
        return text.replace(self.tree, "").replace(self.root, "")


def diagnostics(output: str, places: Places) -> list[Diagnostic]:
    """The errors of a check, at most MOST_DIAGNOSTICS."""
    found: list[Diagnostic] = []
    for text in _blocks(output):
        if len(found) == MOST_DIAGNOSTICS:
            break
        if not text.startswith(_SUMMARY):
            found.append(_diagnostic(text, places))
    return found


def formatting_error(output: str, path: str) -> Diagnostic:
    """Why the file *path* could not be formatted."""
    about = output.partition("error: ")[2]
    styles, place = _OF_STYLES.match(about), _PLACE.search(about)
    text, line, column = "This text can't be formatted.", "1", "1"
    if styles is not None:
        text, line, column = styles["message"], styles["line"], styles["column"]
    elif place is not None:
        text, line, column = _fatal(about), place[2], place[3]
    return Diagnostic(
        severity=Severity.ERROR,
        message=_bounded(text),
        file=path,
        line=_number(line),
        column=_number(column),
    )


def _blocks(output: str) -> Iterator[str]:
    """Each error with the lines below it."""
    starts = [found.start() for found in _FIRST_LINE.finditer(output)]
    for start, end in pairwise([*starts, len(output)]):
        yield output[start:end].rstrip()


def _diagnostic(text: str, places: Places) -> Diagnostic:
    place = _place(text)
    about = text if place is None else text[: place.start()]
    path = None if place is None else places.path(place[1])
    known = place if path is not None else None
    is_fatal = text.startswith("error: ")
    return Diagnostic(
        # Types are advice: what has no valid syntax or imports can't be deployed.
        severity=Severity.ERROR if is_fatal or text.startswith(_MISSING) else Severity.WARNING,
        message=_bounded(_message(about, places)),
        file=None if path is None else storable(path),
        line=None if known is None else _number(known[2]),
        column=None if known is None else _number(known[3]),
    )


def _place(text: str) -> re.Match[str] | None:
    """Where an error is. A line of the source, which is shown with it, may look like a place."""
    found = list(_PLACE.finditer(text))
    for one in found:
        if _MARKER.fullmatch(text[: one.start()].rstrip("\n").rpartition("\n")[2]):
            return one
    return found[0] if found else None


def _message(about: str, places: Places) -> str:
    found = _BEGINNING.fullmatch(about.rstrip())
    if found is None or places.refused in about:
        return NOT_IMPORTABLE
    if found["fatal"] is not None:
        return places.relative(_fatal(found["fatal"]))
    if found["code"] == _MISSING:
        own = re.match(f"Cannot find module '{re.escape(places.tree)}(.*?)'", found["typed"])
        return NOT_IMPORTABLE if own is None else f"There is no file {unquote(own[1])!r}."
    lines = found["typed"].split("\n")
    # The line of the source, and a mark below it.
    if len(lines) > 2 and _MARKER.fullmatch(lines[-1]):
        lines = lines[:-2]
    return places.relative("\n".join(lines)) + f" ({found['code']})"


def _fatal(text: str) -> str:
    """The message of an error that ended a tool."""
    if text.startswith(_NOT_LOADED):
        return NOT_IMPORTABLE
    return text.partition("\n")[0].removeprefix("SyntaxError: ")


def _bounded(text: str) -> str:
    return storable(text.strip(), LONGEST_MESSAGE)


def _number(digits: str) -> int:
    """A line or column; what no file has is 1."""
    number = int(digits[:9])
    return number if number > 0 else 1
