"""The runtime client's part that scripts need, for tests: a real Deno for each load."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.runtimes import programs

from aiwebengine.runtimes import dialects
from aiwebengine.runtimes.types import Loaded, Program


def texts_in(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text(errors="replace") for path in files}


class DenoForEachLoad:
    """Starts a process for each load and ends it when it has answered."""

    def __init__(self) -> None:
        self.loaded: list[Program] = []
        self.retired: list[Program] = []

    async def load(self, program: Program, *, keep: bool) -> Loaded:
        folder = Path(program.folder)
        files = texts_in(folder)
        # The harness prepares the entry once more.
        entry = files[program.entry].removesuffix(dialects._LOOKUP.decode())
        with tempfile.TemporaryDirectory() as own:
            async with programs.running(
                Path(own),
                {**files, program.entry: entry},
                dialect=program.dialect,
                entry=program.entry,
            ) as running:
                self.loaded.append(program)
                return Loaded(running.registrations, running.warnings)

    async def retire(self, program: Program) -> None:
        self.retired.append(program)
