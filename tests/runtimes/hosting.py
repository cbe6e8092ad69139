"""A supervisor of its own for a test, with programs and a neighbor that must not notice them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from aiwebengine.runtimes.answers import Answer
from aiwebengine.runtimes.client import RuntimeClient
from aiwebengine.runtimes.dialects import prepared_entry
from aiwebengine.runtimes.import_map import FOLDER
from aiwebengine.runtimes.pool import Budget
from aiwebengine.runtimes.starting import SupervisorProcess, runtime_folder
from aiwebengine.runtimes.types import Limits, LogLine, Lost, Program

# A runtime whose programs decide every frame; see there.
PLAIN = Path(__file__).parent / "plain"
NEIGHBOR = "export const hello = () => 'hi';"
WAIT_SECS = 20


@dataclass
class Host:
    """A supervisor, and a client of it."""

    folder: Path
    supervisor: SupervisorProcess
    client: RuntimeClient
    lines: list[LogLine] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def program(
        self,
        files: str | dict[str, str],
        name: str = "one",
        entry: str = "main.js",
        dialect: str = "module",
        **limits: Any,
    ) -> Program:
        """A new version of the program *name*; a text is its entry file."""
        key = f"{name}/{next(self._numbers)}"
        tree = self.folder / "trees" / key
        for path, text in ({entry: files} if isinstance(files, str) else files).items():
            file = tree / path
            file.parent.mkdir(parents=True, exist_ok=True)
            source = text.encode()
            file.write_bytes(prepared_entry(dialect, source) if path == entry else source)
        return Program(key, name, str(tree), entry, dialect, Limits(**limits))

    async def call(
        self, program: Program, handler: str = "hello", body: bytes = b"", **options: Any
    ) -> Answer:
        """Call a program of the plain runtime; its log lines go to `lines`."""
        head = json.dumps({"handler": handler}).encode()
        return await self.client.call(program, head, body, on_log=self.lines.append, **options)

    async def text(self, program: Program, handler: str = "hello", body: bytes = b"") -> str:
        """The body of the answer."""
        return (await self.call(program, handler, body)).body.decode()

    async def lost(self, program: Program, handler: str) -> Lost:
        """How a call was lost."""
        try:
            answer = await self.call(program, handler)
        except Lost as lost:
            return lost
        raise AssertionError(f"answered {answer.body[:100]!r}")

    async def process(self, program: Program) -> psutil.Process | None:
        """The one process of a program, if it runs."""
        found = [
            one.pid for one in (await self.client.status()).processes if one.key == program.key
        ]
        assert len(found) <= 1
        return psutil.Process(found[0]) if found else None

    async def ended_processes(self, name: str = "one") -> int:
        """How many processes of a group were ended for their own fault."""
        groups = (await self.client.status()).groups
        return next((one.ended_processes for one in groups if one.group == name), 0)


@asynccontextmanager
async def hosted(runtime: Path = FOLDER, budget: Budget | None = None) -> AsyncIterator[Host]:
    """A host whose processes have all ended afterwards."""
    with runtime_folder() as folder:
        supervisor = SupervisorProcess(folder, budget or Budget(), runtime)
        client = RuntimeClient(folder, supervisor.ensure)
        try:
            yield Host(folder, supervisor, client)
        finally:
            started = children(supervisor)
            await client.stop()
            await asyncio.to_thread(supervisor.stop)
            assert [one for one in started if is_running(one)] == []
    assert not folder.exists()


@asynccontextmanager
async def neighbor(host: Host, call: Callable[[Program], Any] | None = None) -> AsyncIterator[None]:
    """Calls another program all the time; each call must succeed."""
    program = host.program(NEIGHBOR, name="neighbor")
    call = call or (lambda program: host.text(program))
    assert await call(program) == "hi"
    is_over, answered = asyncio.Event(), 0

    async def keep_calling() -> None:
        nonlocal answered
        while not is_over.is_set():
            assert await call(program) == "hi"
            answered += 1
            await asyncio.sleep(0.005)

    task = asyncio.create_task(keep_calling())
    try:
        yield
    finally:
        is_over.set()
        await task
    assert answered > 0


async def until(condition: Callable[[], Any]) -> None:
    """Wait until *condition* is true, which may be a coroutine function."""
    async with asyncio.timeout(WAIT_SECS):
        while True:
            result = condition()
            if await result if asyncio.iscoroutine(result) else result:
                return
            await asyncio.sleep(0.01)


def children(supervisor: SupervisorProcess) -> list[psutil.Process]:
    """The supervisor and what it started."""
    if supervisor.pid is None:
        return []
    parent = psutil.Process(supervisor.pid)
    return [parent, *parent.children(recursive=True)]


def is_running(process: psutil.Process) -> bool:
    """Whether a process still runs."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
