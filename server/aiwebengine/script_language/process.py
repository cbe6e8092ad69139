"""Runs a tool as a child process, within bounds of time, memory and output."""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiwebengine.runtimes.deno import confinement
from aiwebengine.runtimes.memory import Meter

LOOK_SECS = 0.1
"""How often the memory of a process is looked at."""
_PIECE = 65_536


class Stop(enum.Enum):
    """The bound that ended a process."""

    TIME = enum.auto()
    MEMORY = enum.auto()
    OUTPUT = enum.auto()


@dataclass(frozen=True)
class Bounds:
    """What a process may use; it is killed when it uses more."""

    seconds: float
    resident_bytes: int
    output_bytes: int
    """Of its output, and of its error output."""


@dataclass(frozen=True)
class Finished:
    """A process that has ended, and what it wrote until then."""

    exit_code: int
    output: bytes
    errors: bytes
    stopped: Stop | None


async def run(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    bounds: Bounds,
    given: bytes = b"",
    secs: Callable[[], float] | None = None,
) -> Finished:
    """Run *command* in *folder*, with *given* as its input. It does not outlive this call.

    *secs* gives the time that it may have, which can become less meanwhile. Raises OSError when it
    can't be started.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
        cwd=folder,
        preexec_fn=confinement(),
    )
    stops: list[Stop] = []

    def stop(why: Stop) -> None:
        if process.returncode is None:
            stops.append(why)
            process.kill()

    assert process.stdin is not None  # noqa: S101 - they are pipes
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    watch = asyncio.create_task(_watch(process.pid, bounds, secs, stop))
    try:
        output, errors, _ = await asyncio.gather(
            _read(process.stdout, bounds.output_bytes, stop),
            _read(process.stderr, bounds.output_bytes, stop),
            _write(process.stdin, given),
        )
        exit_code = await process.wait()
    finally:
        watch.cancel()
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Finished(exit_code, output, errors, stops[0] if stops else None)


async def _watch(
    pid: int, bounds: Bounds, secs: Callable[[], float] | None, stop: Callable[[Stop], None]
) -> None:
    """Stop the process once it exceeds its time or memory."""
    meter, begun = Meter(pid), time.monotonic()
    while time.monotonic() - begun < min(bounds.seconds, secs() if secs else bounds.seconds):
        try:
            if meter.memory().resident > bounds.resident_bytes:
                stop(Stop.MEMORY)
                return
        except ProcessLookupError:
            return
        await asyncio.sleep(LOOK_SECS)
    stop(Stop.TIME)


async def _read(stream: asyncio.StreamReader, most: int, stop: Callable[[Stop], None]) -> bytes:
    """Everything until the end, or the first *most* bytes; then the process is stopped."""
    parts, size = [], 0
    while size <= most and (part := await stream.read(_PIECE)):
        parts.append(part)
        size += len(part)
    if size > most:
        stop(Stop.OUTPUT)
    return b"".join(parts)[:most]


async def _write(stream: asyncio.StreamWriter, given: bytes) -> None:
    try:
        stream.write(given)
        await stream.drain()
        stream.close()
        await stream.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        # The process did not want all of it, or has ended.
        return
