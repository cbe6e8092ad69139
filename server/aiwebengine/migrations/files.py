"""The migrations in a folder, and what their files say."""

from __future__ import annotations

import re
from pathlib import Path

_FIRST_COMMENT = re.compile(r"(?:^--.*\n)+", re.MULTILINE)


def migrations_in(folder: Path) -> list[Path]:
    """The files of the migrations, oldest first, without their rollbacks."""
    return sorted(path for path in folder.glob("*.sql") if not path.name.endswith(".rollback.sql"))


def title_of(path: Path | None, name: str) -> str:
    """The first sentence of the file, else the words of its name."""
    found = None if path is None else _FIRST_COMMENT.search(path.read_text())
    if found is None:
        return name.split(".", 1)[-1].replace("-", " ")
    text = " ".join(line.removeprefix("--").strip() for line in found[0].splitlines())
    return text.split(". ")[0].removesuffix(".") + "."
