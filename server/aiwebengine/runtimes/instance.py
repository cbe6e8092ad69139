"""The runtimes of one engine instance, as one of its processes uses them."""

from __future__ import annotations

import asyncio
import atexit
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path

from aiwebengine.runtimes.answers import Answer
from aiwebengine.runtimes.client import RuntimeClient
from aiwebengine.runtimes.deno import Deno
from aiwebengine.runtimes.link_calls import OnLog
from aiwebengine.runtimes.pool import Budget
from aiwebengine.runtimes.questions import LoadAnswers, OnAsk
from aiwebengine.runtimes.starting import SupervisorProcess, runtime_folder
from aiwebengine.runtimes.types import Loaded, Program, Status

# A problem of the machine lasts until somebody repairs it, so it is not looked for more often.
PROBE_EVERY_SECS = 60.0


class InstanceRuntimes:
    """Loads and calls programs in the instance's runtime processes.

    *folder* is that of a supervisor which another process keeps running. Without it this process
    makes one, and starts its own supervisor, when they are first needed.
    """

    def __init__(self, budget: Budget, folder: Path | None = None) -> None:
        self._budget = budget
        self._folder = folder
        self._is_own = folder is None
        self._client: RuntimeClient | None = None
        self._own = ExitStack()
        self._on_load: Callable[[Program], LoadAnswers] | None = None
        self._probe: asyncio.Task[str | None] | None = None
        self._probe_until = 0.0

    @property
    def folder(self) -> Path:
        """Where the files of programs are. A new one if need be."""
        if self._folder is None:
            self._folder = self._own.enter_context(runtime_folder())
            # Commands end without a word.
            atexit.register(self._own.close)
        return self._folder

    def on_load(self, answers: Callable[[Program], LoadAnswers]) -> None:
        """Let *answers* answer what programs ask while they are loaded because of a call."""
        self._on_load = answers
        if self._client is not None:
            self._client.on_load = answers

    async def load(self, program: Program, *, keep: bool, on_ask: OnAsk | None = None) -> Loaded:
        """Load a program; see `RuntimeClient.load`. Raises Failed, Lost."""
        return await self._connected().load(program, keep=keep, on_ask=on_ask)

    async def call(
        self,
        program: Program,
        head: bytes,
        body: bytes = b"",
        *,
        input: AsyncIterator[bytes] | None = None,
        on_log: OnLog | None = None,
        on_ask: OnAsk | None = None,
    ) -> Answer:
        """Call a program; see `RuntimeClient.call`. Raises Failed, Lost."""
        client = self._client or self._connected()
        return await client.call(program, head, body, input=input, on_log=on_log, on_ask=on_ask)

    async def retire(self, program: Program) -> None:
        """End a program's processes once they have no calls."""
        if self._client is not None:
            await self._client.retire(program)

    async def status(self) -> Status:
        """The state of the instance's processes; of none where nothing was started."""
        if self._client is None and self._is_own:
            return Status(None, [], [])
        return await self._connected().status()

    async def problem(self) -> str | None:
        """Why no program can run on this machine, or None. It starts no supervisor."""
        if self._client is not None or not self._is_own:
            return (await self.status()).problem
        now = time.monotonic()
        if self._probe is None or (_found_a_problem(self._probe) and now >= self._probe_until):
            self._probe, self._probe_until = asyncio.create_task(_probe()), now + PROBE_EVERY_SECS
        return await asyncio.shield(self._probe)

    async def stop(self) -> None:
        """End the connection, and what this process started."""
        if self._client is not None:
            await self._client.stop()
            self._client = None
        await asyncio.to_thread(self._own.close)
        atexit.unregister(self._own.close)

    def _connected(self) -> RuntimeClient:
        if self._client is None:
            start = None
            if self._is_own:
                supervisor = SupervisorProcess(self.folder, self._budget)
                self._own.callback(supervisor.stop)
                start = supervisor.ensure
            self._client = RuntimeClient(self.folder, start)
            self._client.on_load = self._on_load
        return self._client


async def _probe() -> str | None:
    """Start the runtime once, without a program."""
    with tempfile.TemporaryDirectory(prefix="aiwe-") as cache:
        return await Deno(Path(cache)).problem()


def _found_a_problem(probe: asyncio.Task[str | None]) -> bool:
    """Whether the probe has ended, and not with success."""
    return probe.done() and (probe.cancelled() or bool(probe.exception() or probe.result()))
