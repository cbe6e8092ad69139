"""Checks that the files that the engine needs in addition to its Python code are installed.

Imports nothing of the engine, because the build of a wheel uses this module too (`hatch_build.py`).
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

# The pages that the server renders.
_PAGES = (
    "editor frame graphiql home import-map index message sign-in"
    " oauth-answered oauth-consent oauth-problem"
).split()
_IN_PAGE = re.compile(r"\{\{ prefix \}\}/([\w./-]+)")
_IN_MODULE = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*"(\.{1,2}/[\w./-]+\.js)\"""")
_IN_STYLE = re.compile(r"""url\(["']?([\w./-]+\.\w+)["']?\)""")
# A bundle: it has no imports, only strings that look like imports.
_BUNDLE = "vendor/graphiql.js"
# The editor's bundle has both: its imports are known by their names.
_EDITOR_PARTS = "vendor/editor"
_IN_EDITOR = re.compile(r"""["'](\./editor-[\w-]+\.js)["']""")


# In this package: what runs programs in JavaScript.
RUNTIME = "server/aiwebengine/runtimes/javascript"


def missing_files(frontend: Path, migrations: Path, constraints: Path, runtime: Path) -> list[str]:
    """The missing files, sorted; empty if the installation is complete.

    Follows the scripts and style sheets of each page, and their imports.
    """
    pages, modules = needed_pages(frontend), needed_modules(runtime)
    found = {f"frontend/{name}" for name in pages if not os.path.isfile(f"{frontend}/{name}")}
    found |= {f"{RUNTIME}/{name}" for name in modules if not os.path.isfile(f"{runtime}/{name}")}
    steps = [path for path in migrations.glob("*.sql") if not path.name.endswith(".rollback.sql")]
    if not steps:
        found.add("migrations/*.sql")
    backwards = (path.with_suffix(".rollback.sql") for path in steps)
    found |= {f"migrations/{path.name}" for path in backwards if not path.is_file()}
    if not constraints.is_file():
        found.add("constraints.txt")
    return sorted(found)


def changed_sources(frontend: Path) -> list[str]:
    """The sources that differ from those that `vendor/` was built from, sorted; empty if none does.

    `tools/vendor.mjs` records their hashes; without the record, the answer is that tool.
    """
    record = frontend / "vendor" / "sources.json"
    if not record.is_file():
        return ["frontend/tools/vendor.mjs"]
    hashes: dict[str, str] = json.loads(record.read_text())
    return sorted(
        f"frontend/{name}" for name, found in hashes.items() if _hash(frontend / name) != found
    )


def _hash(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def needed_pages(frontend: Path) -> set[str]:
    """The files that the pages need, by their path in *frontend*."""
    needed: set[str] = set()
    waiting = [f"pages/{name}.html" for name in _PAGES]
    waiting += [f"pages/{path.name}" for path in frontend.glob("pages/*.html")]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += _named_in(frontend, name)
    return needed


def needed_modules(runtime: Path) -> set[str]:
    """The files of the JavaScript runtime, by their path in *runtime*."""
    needed = {"deno.json"}
    waiting = ["runtime.js"]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += _named_in(runtime, name)
    return needed


def _named_in(frontend: Path, name: str) -> Iterator[str]:
    # Strings instead of `Path`: each start reads 150 files, and resolving 500 paths took 30 ms.
    folder, suffix = posixpath.dirname(name), posixpath.splitext(name)[1]
    if suffix not in (".html", ".js", ".css") or name == _BUNDLE:
        return
    try:
        with open(f"{frontend}/{name}", "rb") as file:
            text = file.read().decode()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return
    if suffix == ".html":
        yield from _IN_PAGE.findall(text)
        return
    if suffix == ".js" and name.startswith(_EDITOR_PARTS):
        yield from (posixpath.normpath(f"{folder}/{part}") for part in _IN_EDITOR.findall(text))
        return
    for match in (_IN_MODULE if suffix == ".js" else _IN_STYLE).finditer(text):
        if not _is_in_comment(match):
            yield posixpath.normpath(posixpath.join(folder, match[1]))


def _is_in_comment(match: re.Match[str]) -> bool:
    """Whether the line is a comment. JSDoc comments import types, which browsers do not load."""
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    return line.lstrip().startswith(("*", "/*", "//"))
