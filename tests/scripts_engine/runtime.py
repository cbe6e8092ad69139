"""The runtime of these tests, with a record of what it loaded and retired."""

from __future__ import annotations

from aiwebengine.runtimes.client import RuntimeClient
from aiwebengine.runtimes.questions import OnAsk
from aiwebengine.runtimes.types import Loaded, Program


class Recorded:
    """A runtime client that notes what was loaded and retired."""

    def __init__(self, client: RuntimeClient) -> None:
        self.client = client
        self.loaded: list[Program] = []
        self.retired: list[Program] = []

    async def load(self, program: Program, *, keep: bool, on_ask: OnAsk | None = None) -> Loaded:
        loaded = await self.client.load(program, keep=keep, on_ask=on_ask)
        self.loaded.append(program)
        return loaded

    async def retire(self, program: Program) -> None:
        self.retired.append(program)
        await self.client.retire(program)
