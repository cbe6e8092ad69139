"""Paths of files that are not Python code, in a checkout or an installed wheel."""

from __future__ import annotations

from pathlib import Path

from aiwebengine.core.completeness import missing_files
from aiwebengine.core.errors import EngineError

_PACKAGE = Path(__file__).parent.parent


def _folder(name: str) -> Path:
    installed = _PACKAGE / "_resources" / name
    return installed if installed.is_dir() else _PACKAGE.parent.parent / name


def _file(name: str) -> Path:
    installed = _PACKAGE / "_resources" / name
    return installed if installed.is_file() else _PACKAGE.parent.parent / name


FRONTEND = _folder("frontend")
MIGRATIONS = _folder("migrations")
CONSTRAINTS = _file("constraints.txt")
RUNTIME = _PACKAGE / "runtimes" / "javascript"

_NAMED = 3


class Incomplete(EngineError):
    """Files of the program are missing, so some pages would not work."""


def must_be_complete(
    frontend: Path = FRONTEND,
    migrations: Path = MIGRATIONS,
    constraints: Path = CONSTRAINTS,
    runtime: Path = RUNTIME,
) -> None:
    """Raise Incomplete when the installation lacks files that are not Python."""
    missing = missing_files(frontend, migrations, constraints, runtime)
    if not missing:
        return
    names = ", ".join(missing[:_NAMED])
    more = len(missing) - _NAMED
    is_checkout = (_PACKAGE.parent.parent / "pyproject.toml").is_file()
    raise Incomplete(
        f"This installation is incomplete: {names}{f' and {more} more' if more > 0 else ''}"
        f" {'is' if len(missing) == 1 else 'are'} missing."
        + (
            " Run `make install`, then start again."
            if is_checkout
            else " Install it again from a complete package: see docs/installing.md."
        )
    )
