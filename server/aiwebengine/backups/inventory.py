"""Lists what a dump holds beside the engine's tables: all of it stays out of a restore.

A restore makes the tables by the engine's own migrations and takes nothing but rows, so roles,
grants, extensions and the like of the old server can't stop it. The operator reads here what to
make again by hand. Names come from the archive and are shown, never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from aiwebengine.backups import programs
from aiwebengine.backups.archive import pieces
from aiwebengine.backups.script_schemas import SCHEMA
from aiwebengine.backups.types import Part, Progress
from aiwebengine.core.untrusted_text import on_one_line

MOST_ENTRIES = 100
_LONGEST_ENTRY = 200
_LONGEST_LINE = 1 << 16
# What pg_restore writes above each object of a script.
_HEADER = re.compile(
    r"-- Name: (?P<tag>.*); Type: (?P<kind>[A-Z ]+); Schema: (?P<schema>.*); Owner: (?P<owner>.*?)"
    r"(?:; Tablespace: (?P<tablespace>.*))?"
)
_GRANT = re.compile(r"(?:GRANT|ALTER DEFAULT PRIVILEGES) .* TO .*;")
# They belong to an object that is listed or is the engine's own.
_PARTS = {
    "COMMENT",
    "DEFAULT",
    "SEQUENCE OWNED BY",
    "PUBLICATION TABLE",
    "INDEX ATTACH",
    "TABLE ATTACH",
}
_GRANTS = {"ACL", "DEFAULT ACL"}


def foreign_objects(
    program: programs.Program,
    path: Path,
    dump: Part,
    own: set[str],
    owner: str,
    progress: Progress,
) -> list[str]:
    """What the dump holds beside the engine's own objects, a line each, at most MOST_ENTRIES.

    *own* names these, as `rows_store.own_objects` does; *owner* is the role that a restore gives
    them to. Raises ProgramFailed.
    """
    script = programs.converted(
        program,
        ["--format=custom", "--schema-only", "--file=-"],
        pieces(path, dump.name),
        progress,
        # The list of objects is at the head of a dump, the rows are of no matter.
        to_the_end=False,
    )
    found: dict[str, None] = {}
    with closing(script):
        for entry in _entries(_lines(script), own, owner):
            found.setdefault(on_one_line(entry)[:_LONGEST_ENTRY])
    listed = list(found)
    if len(listed) > MOST_ENTRIES:
        more = len(listed) - MOST_ENTRIES
        listed = [*listed[:MOST_ENTRIES], f"and {more} more"]
    return listed


def _entries(lines: Iterator[str], own: set[str], owner: str) -> Iterator[str]:
    kind = ""
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            if kind in _GRANTS and _GRANT.fullmatch(line):
                yield line.removesuffix(";")
            continue
        kind = header["kind"]
        if _is_of_script(header):
            continue
        if kind in _GRANTS or kind in _PARTS:
            continue
        if header["tablespace"]:
            yield f"tablespace {header['tablespace']}"
        if header["schema"] != "public" or _name(header["tag"]) not in own:
            yield f"{kind.lower()} {header['tag']}"
        elif header["owner"] not in (owner, "-"):
            yield f"ownership by role {header['owner']}"


def _is_of_script(header: re.Match[str]) -> bool:
    """Whether the object belongs to a script's schema, which is restored by itself."""
    name = header["tag"] if header["kind"] == "SCHEMA" else header["schema"]
    return SCHEMA.fullmatch(name) is not None


def _name(tag: str) -> str:
    """The tag of an object without the arguments of a function."""
    return tag.split("(", 1)[0]


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)
        if len(rest) > _LONGEST_LINE:
            rest = b""
