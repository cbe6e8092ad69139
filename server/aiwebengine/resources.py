"""Where the files that are not Python lie: beside the source, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    installed = _PACKAGE / "_resources" / name
    return installed if installed.is_dir() else _PACKAGE.parent.parent / name


def _file(name: str) -> Path:
    installed = _PACKAGE / "_resources" / name
    return installed if installed.is_file() else _PACKAGE.parent.parent / name


FRONTEND = _folder("frontend")
MIGRATIONS = _folder("migrations")
CONSTRAINTS = _file("constraints.txt")
