"""Checks the types of a script's files with `deno check`, which runs nothing of them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from aiwebengine.core.formats import count
from aiwebengine.runtimes.deno import Deno
from aiwebengine.runtimes.import_map import NODE_MODULES, url_of
from aiwebengine.script_language import messages, process
from aiwebengine.script_language.admission import InstanceLock
from aiwebengine.script_language.messages import MOST_DIAGNOSTICS, Places
from aiwebengine.script_language.process import Bounds, Finished, Stop
from aiwebengine.script_language.queueing import MAKE_WAY_SECS, Turn
from aiwebengine.scripts.folders import FOR_EDITORS
from aiwebengine.scripts.interface import interface
from aiwebengine.scripts.interface.declarations import declarations
from aiwebengine.scripts.records import Tree
from aiwebengine.scripts.types import Diagnostic

CHECK_SECS = 20.0
"""Of one check: with its wait less than the 30 seconds that a request may take."""
HEAP_MB = 384
"""Of the checker's JavaScript."""
RESIDENT_BYTES = 768 * 1_048_576
OUTPUT_BYTES = 1_000_000
MOST_AT_ONCE = 2
PROCESSORS_OF_TWO = 2
"""Two run at once with this many processors and this much memory: one takes 170 to 400 MB."""
MEMORY_OF_TWO = 3_500_000_000
LARGEST_SOURCES_BYTES = 5_000_000
"""Of all files whose contents have types."""

BOUNDS = Bounds(CHECK_SECS, RESIDENT_BYTES, OUTPUT_BYTES)
_LOCKS = ("types.lock", "types-2.lock")
_SOURCE = re.compile(r".+\.(ts|tsx|mts|js|jsx|mjs)")
_WITH_TYPES = re.compile(r".+\.(ts|tsx|mts|cts|js|jsx|mjs|cjs|json)")
_DECLARATIONS = "aiwebengine.d.ts"
# As the deno.json of `aiwebengine scripts init`. An empty workspace: no file above is looked for.
_CONFIG = {
    "workspace": [],
    "compilerOptions": {
        "lib": ["deno.window"],
        "types": [f"./interface/{_DECLARATIONS}"],
        "jsx": "react",
        "jsxFactory": "h",
        "jsxFragmentFactory": "Fragment",
    },
}
_FLAGS = "--quiet --no-remote --no-npm --no-lock --cached-only --node-modules-dir=none".split()


@dataclass(frozen=True)
class Found:
    """What a check found; *problem* says why something may be missing."""

    diagnostics: list[Diagnostic]
    problem: str | None = None


def checks_at_once() -> int:
    """How many checks this machine has room for."""
    has_processors = (os.cpu_count() or 1) >= PROCESSORS_OF_TWO
    has_memory = psutil.virtual_memory().total >= MEMORY_OF_TWO
    return MOST_AT_ONCE if has_processors and has_memory else 1


class TypeChecker:
    """Checks *at_once* scripts at a time in an instance, whose workers share *folder*."""

    def __init__(
        self, folder: Callable[[], Path], bounds: Bounds = BOUNDS, at_once: int = 1
    ) -> None:
        self._folder = folder
        self._bounds = bounds
        self._locks = InstanceLock(folder, *_LOCKS[:at_once])
        self._deno: Deno | None = None

    async def check(self, tree: Tree, turn: Turn | None = None) -> Found:
        """The type errors in the files; *turn* bounds its time further. Raises Unavailable when
        others are checked for too long, and OSError.
        """
        size = sum(len(text) for path, text in tree.files.items() if _WITH_TYPES.fullmatch(path))
        if size > LARGEST_SOURCES_BYTES:
            return Found(
                [],
                f"The types are not checked: the sources have {size:,} bytes; at most"
                f" {LARGEST_SOURCES_BYTES:,} are checked.",
            )
        async with self._locks.held() as lock:
            # Only the holder of the lock uses it, so what is in it was left by a crash.
            folder = self._folder() / lock.removesuffix(".lock")
            await _ended(_remove, folder)
            try:
                await _ended(_write, folder, tree)
                return await self._check(folder, tree, turn)
            finally:
                await _ended(_remove, folder)

    async def _check(self, folder: Path, tree: Tree, turn: Turn | None) -> Found:
        deno = Deno(folder / "cache")
        problem = await deno.problem()
        if problem is not None:
            return Found([], f"The types are not checked. {problem}")
        places = Places(url_of(folder))
        sources = sorted(path for path in tree.files if _is_source(path))
        finished = await process.run(
            [
                *deno.tool("check", f"--max-old-space-size={HEAP_MB}", "--single-threaded-gc"),
                *_FLAGS,
                "--config=deno.json",
                f"--import-map={_import_map(places)}",
                *[f"{places.tree}{_quoted(path)}" for path in sources],
            ],
            folder=folder,
            # A package.json of the script says nothing about imports here.
            environment={**deno.environment(), "DENO_NO_PACKAGE_JSON": "1"},
            bounds=self._bounds,
            secs=turn.secs if turn else None,
        )
        if finished.stopped is Stop.TIME and turn is not None:
            return Found([], _too_slow(turn, self._bounds))
        return _found(finished, places)


async def _ended(work: Callable[..., None], *given: object) -> None:
    """Run *work* in a thread and wait for its end, also when cancelled: a thread can't be.

    The next check has the same folder.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work, *given))
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        # It is retrieved, so that it is not logged as lost.
        running.exception()
        raise cancelled
    running.result()


def _is_source(path: str) -> bool:
    return _SOURCE.fullmatch(path) is not None and path not in FOR_EDITORS


def _write(folder: Path, tree: Tree) -> None:
    for name in ("tree", "interface", "cache"):
        (folder / name).mkdir(mode=0o700, parents=True)
    (folder / "deno.json").write_text(json.dumps(_CONFIG), encoding="utf-8")
    (folder / "interface" / _DECLARATIONS).write_text(
        declarations(interface(), tree.dialect.value), encoding="utf-8"
    )
    for path, content in tree.files.items():
        if path in FOR_EDITORS:
            continue
        file = folder / "tree" / path
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Imports as text or bytes have the same types, whatever the content.
        file.write_bytes(content if _WITH_TYPES.fullmatch(path) else b"")


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _import_map(places: Places) -> str:
    """The value of `--import-map`: only files of the script can be imported.

    See runtimes/import_map.py. It applies to references in comments and types as well.
    """
    given = f"{places.root}interface/"
    imports = {
        "file:///": places.refused,
        places.tree: places.tree,
        given: given,
        # Authors have it beside their files.
        f"{places.tree}{_DECLARATIONS}": f"{given}{_DECLARATIONS}",
    }
    imports |= {
        f"node:{name}": f"{places.refused}{_quoted(f'node:{name}')}" for name in NODE_MODULES
    }
    return "data:application/json," + quote(json.dumps({"imports": imports}))


def _quoted(path: str) -> str:
    return quote(path, safe="/!*'()")


def _found(finished: Finished, places: Places) -> Found:
    output = finished.errors.decode(errors="replace")
    if finished.stopped in (Stop.TIME, Stop.MEMORY):
        return Found([], _PROBLEMS[finished.stopped])
    found = messages.diagnostics(output, places)
    if finished.exit_code == 0 or found:
        is_cut = finished.stopped is not None or len(found) == MOST_DIAGNOSTICS
        more = f"Only the first {count(len(found), 'error')} of types are shown."
        return Found(found, more if is_cut else None)
    if "out of memory" in output:
        return Found([], _PROBLEMS[Stop.MEMORY])
    return Found([], f"The types are not checked: the checker ended with {finished.exit_code}.")


def _too_slow(turn: Turn, bounds: Bounds) -> str:
    if turn.made_way:
        return (
            f"The types are not checked: it takes more than {MAKE_WAY_SECS:.0f} seconds, and others"
            " wait whose checks took less time lately. Try again in a minute."
        )
    secs = min(turn.whole, bounds.seconds)
    return f"The types are not checked: it takes more than {secs:.0f} seconds."


_PROBLEMS: Mapping[Stop, str] = {
    Stop.TIME: f"The types are not checked: it takes more than {CHECK_SECS:.0f} seconds.",
    Stop.MEMORY: f"The types are not checked: it takes more than {HEAP_MB} MB of memory.",
}
