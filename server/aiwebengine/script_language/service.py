"""Type errors and formatting, for those who may change scripts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from aiwebengine.core.errors import Conflict, Unavailable
from aiwebengine.core.identity import Viewer
from aiwebengine.script_language.admission import Admission
from aiwebengine.script_language.checking import TypeChecker, checks_at_once
from aiwebengine.script_language.formatting import formatted
from aiwebengine.script_language.queueing import FairQueue
from aiwebengine.script_language.types import FormattedFile, ScriptTypeCheck
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.records import Tree
from aiwebengine.scripts.rights import Act, must_be_allowed
from aiwebengine.scripts.service import Scripts

FORMATS_AT_ONCE = 2
"""In one worker, of one person one."""


class ScriptLanguage:
    """Checks and formats source text. *folder* is shared by the workers of an instance.

    *off* says why no process may be started, such as that scripts are off.
    """

    def __init__(self, scripts: Scripts, folder: Callable[[], Path], off: str | None) -> None:
        self._scripts = scripts
        self._folder = folder
        self._off = off
        at_once = checks_at_once()
        self.checker = TypeChecker(folder, at_once=at_once)
        self._checks = FairQueue(folder, "types.queue", at_once)
        self._formats = Admission(FORMATS_AT_ONCE)

    async def check_types(
        self, viewer: Viewer, slug: str, *, version: int | None = None, tree: Tree | None = None
    ) -> ScriptTypeCheck:
        """Check the types of a version, by default the newest, or of files that are not saved.

        Raises Unauthenticated, Forbidden, NotFound, Conflict before the first version,
        LimitExceeded for too many checks of one viewer, Unavailable.
        """
        script = await self._scripts.must_be_allowed_to(viewer, Act.CHANGE, slug)
        self._must_be_on()
        if tree is None:
            tree = await self._saved(viewer, slug, version or script.newest_version)
        try:
            async with self._checks.turn(viewer, slug) as turn:
                begun = time.perf_counter()
                found = await self.checker.check(tree, turn)
                milliseconds = round((time.perf_counter() - begun) * 1_000, 3)
        except OSError as error:
            raise Unavailable(f"Types can't be checked on the server: {error.strerror}.") from error
        return ScriptTypeCheck(
            diagnostics=found.diagnostics, problem=found.problem, milliseconds=milliseconds
        )

    async def format(self, viewer: Viewer, path: str, text: str) -> FormattedFile:
        """Format the text of a file; *path* says its language.

        Raises Unauthenticated, Forbidden, BadUserInput, LimitExceeded, Unavailable.
        """
        must_be_allowed(viewer, Act.CREATE)
        self._must_be_on()
        async with self._formats.entered(viewer):
            return await formatted(self._folder, path, text)

    async def _saved(self, viewer: Viewer, slug: str, number: int) -> Tree:
        if number == 0:
            raise Conflict(f"Nothing is saved in {slug} yet. Save a version first.")
        version = await self._scripts.version(viewer, slug, number)
        files = await self._scripts.files_of(version.script_key, number)
        return tree_of(files, version.entry)

    def _must_be_on(self) -> None:
        if self._off is not None:
            raise Unavailable(self._off)
