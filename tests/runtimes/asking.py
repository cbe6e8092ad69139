"""The runtime with one more global, `host`, so that a program's every question is the test's."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.runtimes.hosting import Host, hosted

from aiwebengine.runtimes.import_map import FOLDER
from aiwebengine.runtimes.questions import Reply
from aiwebengine.runtimes.types import Program

FEATURE = """
export const moduleGlobals = (host) => ({ host });
export const classic = (host) => ({ host });
"""


@asynccontextmanager
async def asking_host(folder: Path) -> AsyncIterator[Host]:
    """A host whose programs find `host` of host.js; *folder* gets the runtime."""
    shutil.copytree(FOLDER, folder)
    (folder / "asking.js").write_text(FEATURE)
    features = folder / "features.js"
    start = "export const FEATURES = ["
    text = features.read_text()
    assert start in text
    text = text.replace(start, f'import * as asking from "./asking.js";\n{start}asking,')
    features.write_text(text)
    async with hosted(folder) as host:
        yield host


class Answers:
    """Answers questions with what they ask, and notes them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[Any], bytes]] = []
        self.loads_over = 0

    async def answer(self, operation: str, arguments: list[Any], body: bytes) -> Reply:
        self.asked.append((operation, arguments, body))
        return Reply({"operation": operation, "arguments": arguments}, body[:100][::-1])

    def loaded(self) -> None:
        self.loads_over += 1

    def of_load(self, program: Program) -> Answers:
        """For `RuntimeClient.on_load`."""
        return self
