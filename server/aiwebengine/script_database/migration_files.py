"""The migrations among the files of a script, and how they differ from those applied."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiwebengine.script_database.lexing import NotSql
from aiwebengine.script_database.limits import MOST_MIGRATION_BYTES, MOST_MIGRATIONS
from aiwebengine.script_database.statements import (
    RefusedStatement,
    Statement,
    line_of,
    split,
)
from aiwebengine.scripts.types import Diagnostic, Severity

FOLDER = "migrations/"
_NAME = re.compile(r"(?P<number>[0-9]{4})(?:[.-][A-Za-z0-9_-]+)*?(?P<back>\.rollback)?\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration: its file name, its text and the text that undoes it, if there is one."""

    name: str
    source: str
    rollback: str | None

    @property
    def digest(self) -> str:
        """Identifies the text."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    @property
    def path(self) -> str:
        """The file."""
        return FOLDER + self.name

    @property
    def rollback_path(self) -> str:
        """The file that undoes it."""
        return FOLDER + self.name.removesuffix(".sql") + ".rollback.sql"


@dataclass(frozen=True, slots=True)
class Applied(Migration):
    """An applied migration, and the version of the script that applied it."""

    version: int


@dataclass(frozen=True, slots=True)
class Step:
    """One file to run, as the parts that it has."""

    path: str
    source: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deployment does to a script's schema, in this order."""

    undone: tuple[tuple[Applied, Step], ...]
    run: tuple[tuple[Migration, Step], ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.undone or self.run)

    @property
    def has_errors(self) -> bool:
        """Whether the version can't be deployed."""
        return any(one.severity is Severity.ERROR for one in self.diagnostics)


def plan(files: Mapping[str, bytes], applied: Sequence[Applied], *, goes_back: bool) -> Plan:
    """What the files of a version ask for where *applied* was applied before.

    *goes_back*: an earlier version takes the place of a later one, so that migrations which only
    the later one has are undone.
    """
    found = _Found()
    ours = found.read(files)
    there = {one.name: one for one in applied}
    for name in ours.keys() & there.keys():
        found.compare(ours[name], there[name])
    undone = found.surplus([one for one in applied if one.name not in ours], goes_back=goes_back)
    pending = [one for name, one in sorted(ours.items()) if name not in there]
    newest = max((one.name for one in applied if one.name in ours), default="")
    for one in pending:
        if one.name < newest:
            found.error(
                one.path, f"It comes before {newest}, which was applied. Give it a later number."
            )
    run = [(one, found.step(one.path, one.source)) for one in pending]
    for one in pending:
        if one.rollback is not None:
            found.step(one.rollback_path, one.rollback)
    return Plan(tuple(undone), tuple(run), tuple(found.diagnostics))


class _Found:
    """Collects what is wrong with the files."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def error(self, path: str, message: str, line: int = 1, column: int | None = None) -> None:
        """Note why the version can't be deployed."""
        self._note(Severity.ERROR, path, message, line, column)

    def _note(
        self, severity: Severity, path: str, message: str, line: int, column: int | None
    ) -> None:
        self.diagnostics.append(
            Diagnostic(
                severity=severity,
                message=message,
                file=path,
                line=line,
                column=column,
            )
        )

    def read(self, files: Mapping[str, bytes]) -> dict[str, Migration]:
        """The migrations by name."""
        texts: dict[str, str] = {}
        backs: dict[str, str] = {}
        numbers: dict[str, str] = {}
        for path in sorted(files):
            if not path.startswith(FOLDER):
                continue
            name = path.removeprefix(FOLDER)
            match = _NAME.fullmatch(name)
            if match is None:
                self.error(
                    path, "This is no name of a migration. Use 0001.sql or 0001-some-words.sql."
                )
                continue
            text = self._text(path, files[path])
            if match["back"]:
                backs[name.removesuffix(".rollback.sql") + ".sql"] = text
                continue
            other = numbers.setdefault(match["number"], path)
            if other != path:
                self.error(path, f"{other} has the same number. Use each number once.")
            texts[name] = text
        for name in backs.keys() - texts.keys():
            self.error(
                FOLDER + name.removesuffix(".sql") + ".rollback.sql",
                f"It undoes {name}, which is missing.",
            )
        if len(texts) > MOST_MIGRATIONS:
            self.error(
                FOLDER, f"There are {len(texts)} migrations; at most {MOST_MIGRATIONS} are allowed."
            )
        return {name: Migration(name, text, backs.get(name)) for name, text in texts.items()}

    def _text(self, path: str, content: bytes) -> str:
        if len(content) > MOST_MIGRATION_BYTES:
            self.error(
                path, f"It has {len(content)} bytes; at most {MOST_MIGRATION_BYTES} are allowed."
            )
            return ""
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self.error(path, "It is not UTF-8.", line)
            return ""
        if "\0" in text:
            self.error(path, "It holds a NUL character.", line_of(text, text.index("\0")))
            return ""
        return text

    def compare(self, ours: Migration, applied: Applied) -> None:
        """An applied migration must stay as it is."""
        if ours.digest == applied.digest:
            return
        line = _first_difference(ours.source, applied.source)
        self.error(
            ours.path,
            f"Version {applied.version} has applied it, so it can't change. Put the change in a new"
            " migration.",
            line,
        )

    def surplus(self, surplus: Sequence[Applied], *, goes_back: bool) -> list[tuple[Applied, Step]]:
        """The steps that undo migrations which this version does not have, newest first.

        Before one that can't be undone none is: their order counts.
        """
        undone: list[tuple[Applied, Step]] = []
        is_kept = not goes_back
        for one in sorted(surplus, key=lambda one: one.name, reverse=True):
            self._note(
                Severity.WARNING,
                one.path,
                f"Version {one.version} has applied it, and this version does not have it."
                f" {_what_happens(one)}",
                1,
                None,
            )
            is_kept = is_kept or one.rollback is None
            if not is_kept and one.rollback is not None:
                undone.append((one, self.step(one.rollback_path, one.rollback)))
        return undone

    def step(self, path: str, source: str) -> Step:
        """The statements of a file."""
        try:
            return Step(path, source, tuple(split(source)))
        except (NotSql, RefusedStatement) as error:
            line = line_of(source, error.position)
            column = error.position - (source.rfind("\n", 0, error.position) + 1) + 1
            self.error(path, error.message, line, column)
            return Step(path, source, ())


def _what_happens(surplus: Applied) -> str:
    if surplus.rollback is None:
        return "It has no rollback, so what it created is kept."
    return (
        "Its rollback runs when a version is deployed that is earlier than the active one, unless a"
        " later migration has none; else what it created is kept."
    )


def _first_difference(ours: str, theirs: str) -> int:
    """The first line, from 1, in which two texts differ."""
    lines, others = ours.split("\n"), theirs.split("\n")
    for number, (line, other) in enumerate(zip(lines, others, strict=False), start=1):
        if line != other:
            return number
    return min(len(lines), len(others))
