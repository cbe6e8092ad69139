"""Starts the folder of a new script."""

from __future__ import annotations

from pathlib import Path

from aiwebengine.core.errors import BadUserInput, Conflict
from aiwebengine.scripts import checks
from aiwebengine.scripts.folders import write
from aiwebengine.scripts.interface import interface
from aiwebengine.scripts.interface.declarations import declarations
from aiwebengine.scripts.types import Dialect

STARTER = Path(__file__).parent / "starter"
FILES = (
    "README.md",
    "deno.json",
    "gitignore",
    "lib/greeting.ts",
    "main.ts",
)


def start(folder: Path) -> list[str]:
    """Make *folder*, whose name is the slug, with a script that runs; the paths in it.

    Raises BadUserInput for a name that is no slug, Conflict when it has something in it.
    """
    slug = checks.slug(folder.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise BadUserInput(f"{folder} can't be made: {error.strerror}.") from error
    if not is_empty:
        raise Conflict(f"{folder} is not empty. Choose another name.")
    files = {path: _content(path, slug) for path in FILES} | for_editors(Dialect.MODULE)
    written = write(folder, {p: c for p, c in files.items() if p != "gitignore"}, None, force=False)
    # A dotfile, which is no part of a version.
    (folder / ".gitignore").write_bytes(files["gitignore"])
    return [".gitignore", *written]


def write_for_editors(folder: Path, dialect: Dialect) -> None:
    """Write them into a folder that has a script. Its own tsconfig.json stays.

    Raises BadUserInput.
    """
    files = for_editors(dialect)
    if (folder / "tsconfig.json").exists():
        del files["tsconfig.json"]
    write(folder, files, None, force=True)


def for_editors(dialect: Dialect) -> dict[str, bytes]:
    """Files that describe to an editor what a script may use. They are no part of a version."""
    return {
        "aiwebengine.d.ts": declarations(interface(), dialect.value).encode(),
        "tsconfig.json": (STARTER / "tsconfig.json").read_bytes(),
    }


def _content(path: str, slug: str) -> bytes:
    return (STARTER / path).read_text().replace("__SLUG__", slug).encode()
