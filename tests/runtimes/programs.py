"""Starts programs in Deno and speaks frames with them, without a supervisor."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import deno

from aiwebengine.runtimes import protocol
from aiwebengine.runtimes.dialects import prepared_entry
from aiwebengine.runtimes.import_map import FOLDER, import_map, start_module
from aiwebengine.runtimes.protocol import Kind
from aiwebengine.runtimes.types import Failed, LogLine

DEADLINE_SECS = 30.0
MAX_FRAME = 50_000_000
CONFIG = FOLDER / "deno.json"


@dataclass
class Received:
    """A frame that was received, with bytes of its own."""

    kind: Kind
    head: Any
    body: bytes


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass
class RunningProgram:
    process: asyncio.subprocess.Process
    registrations: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    logs: list[LogLine] = field(default_factory=list)
    errors: bytes = b""
    # What came for each call.
    frames: dict[int, asyncio.Queue[Received | None]] = field(default_factory=dict)
    calls: int = 0
    has_ended: bool = False

    def send(self, kind: Kind, call: int = 0, head: Any = None, body: bytes = b"") -> None:
        text = b"" if head is None else json.dumps(head).encode()
        assert self.process.stdin
        self.process.stdin.write(protocol.frame(kind, call, text, body))

    async def received(self, call: int) -> Received:
        """The next frame about a call, apart from its log lines. Questions are refused."""
        while True:
            frame = await asyncio.wait_for(self.queue(call).get(), DEADLINE_SECS)
            assert frame, f"the process has ended: {self.errors.decode()}"
            if frame.kind is not Kind.ASK:
                return frame
            number = int.from_bytes(frame.body[:4], "little")
            error = {"code": "INTERNAL", "message": "This test answers no questions."}
            self.send(Kind.REPLY, number, {"error": error})

    def queue(self, call: int) -> asyncio.Queue[Received | None]:
        if call not in self.frames:
            self.frames[call] = asyncio.Queue()
            if self.has_ended:
                self.frames[call].put_nowait(None)
        return self.frames[call]

    def open(self, handler: str, url: str = "http://test/", body: bytes = b"", **head: Any) -> int:
        """Begin a call; returns its number. With `streams`, INPUT frames must follow."""
        self.calls += 1
        kind = Kind.CALL_OPEN if head.pop("streams", False) else Kind.CALL
        self.send(kind, self.calls, http_head(handler, url, **head), body)
        return self.calls

    async def call(self, handler: str, url: str = "http://test/", **call: Any) -> Answer:
        """The answer of a call, credit given for all of it. Raises Failed."""
        return await self.answer(self.open(handler, url, **call))

    async def answer(self, call: int) -> Answer:
        first = await self.received(call)
        if first.kind is Kind.FAILED:
            raise failed(first)
        assert first.kind in (Kind.ANSWER, Kind.ANSWER_WORKING, Kind.ANSWER_OPEN), first
        body = first.body
        while first.kind is Kind.ANSWER_OPEN:
            piece = await self.received(call)
            if piece.kind is Kind.FAILED:
                raise failed(piece)
            if piece.kind in (Kind.OUTPUT_END, Kind.OUTPUT_END_WORKING):
                break
            assert piece.kind is Kind.OUTPUT
            body += piece.body
            self.send(Kind.CREDIT, call, body=len(piece.body).to_bytes(4, "little"))
        headers = [(name, value) for name, value in first.head["headers"]]
        return Answer(first.head["status"], headers, body)

    async def logged(self, text: str) -> LogLine:
        """The first log line with this text, once it has come."""
        async with asyncio.timeout(DEADLINE_SECS):
            while True:
                for line in self.logs:
                    if text in line.text:
                        return line
                await asyncio.sleep(0.01)

    async def read(self) -> None:
        assert self.process.stdout
        reader = protocol.FrameReader(MAX_FRAME)
        while data := await self.process.stdout.read(1 << 18):
            for frame in reader.feed(data):
                head = json.loads(bytes(frame.head)) if len(frame.head) else None
                if frame.kind == Kind.LOG:
                    self.logs.append(LogLine(frame.call, **head))
                else:
                    received = Received(Kind(frame.kind), head, bytes(frame.body))
                    self.queue(frame.call).put_nowait(received)
        self.has_ended = True
        for queue in self.frames.values():
            queue.put_nowait(None)

    async def read_errors(self) -> None:
        assert self.process.stderr
        while data := await self.process.stderr.read(1 << 16):
            self.errors += data


def failed(frame: Received) -> Failed:
    return Failed(**frame.head)


def http_head(
    handler: str,
    url: str,
    *,
    method: str = "GET",
    headers: list[tuple[str, str]] | None = None,
    params: dict[str, str] | None = None,
    user: dict[str, Any] | None = None,
    type: str = "http",
) -> dict[str, Any]:
    return {
        "type": type,
        "handler": handler,
        "request_id": "request-1",
        "method": method,
        "url": url,
        "path": urlsplit(url).path,
        "headers": headers or [],
        "params": params or {},
        "user": user,
        "time": 1_700_000_000_000,
    }


@asynccontextmanager
async def started(
    folder: Path,
    files: dict[str, str],
    *,
    dialect: str = "module",
    entry: str | None = None,
    max_answer: int = 10_000_000,
    without: str = "nothing",
) -> AsyncIterator[RunningProgram]:
    """A program that is starting. Its process ends with the block.

    Options that begin with *without* are left out.
    """
    tree = folder / "tree"
    entry = entry or next(iter(files))
    for path, text in files.items():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        source = text.encode()
        target.write_bytes(prepared_entry(dialect, source) if path == entry else source)
    argument = {
        "folder": str(tree),
        "entry": entry,
        "dialect": dialect,
        "pipe": None,
        "max_answer": max_answer,
    }
    options = [
        *("--quiet", "--no-prompt", "--no-remote", "--no-npm", "--no-lock"),
        f"--config={CONFIG}",
        f"--import-map={import_map(str(tree))}",
        f"--allow-read={tree}",
        "--v8-flags=--max-old-space-size=128,--stack-size=800,--single-threaded-gc",
    ]
    process = await asyncio.create_subprocess_exec(
        deno.find_deno_bin(),
        "run",
        *(option for option in options if not option.startswith(without)),
        start_module(),
        json.dumps(argument),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"DENO_DIR": str(_cache()), "NO_COLOR": "1", "PATH": os.defpath},
    )
    program = RunningProgram(process)
    readers = [asyncio.create_task(program.read()), asyncio.create_task(program.read_errors())]
    try:
        yield program
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.wait(), DEADLINE_SECS)
        await asyncio.wait_for(asyncio.gather(*readers), DEADLINE_SECS)


@asynccontextmanager
async def running(
    folder: Path, files: dict[str, str] | str, **options: Any
) -> AsyncIterator[RunningProgram]:
    """A program that is loaded; a text is its only file. Raises Failed."""
    if isinstance(files, str):
        files = {"main.ts": files}
    async with started(folder, files, **options) as program:
        first = await program.received(0)
        if first.kind is Kind.NOT_READY:
            await asyncio.wait_for(program.process.wait(), DEADLINE_SECS)
            raise failed(first)
        assert first.kind is Kind.READY
        program.registrations = first.head["registrations"]
        program.warnings = first.head["warnings"]
        yield program


def _cache() -> Path:
    """Compiled modules, shared by the tests of a run."""
    # TMPDIR is a folder of the run: tests/watcher.py.
    return Path(os.environ.get("TMPDIR", "/tmp")) / "deno"
