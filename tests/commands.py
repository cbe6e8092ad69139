"""Commands of the engine, each a process of its own.

To load the engine takes a second, a command itself a tenth of that. So one process loads it, once
for each worker of the test run, and every command is a fork of that one: with the arguments, the
directory, the environment and the streams that it is given. Tests for which the start itself
matters run `python -m aiwebengine`.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

from aiwebengine.cli.main import COMMAND_PACKAGES, main

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(
    [
        __name__,
        "aiwebengine.app.engine",
        *(f"aiwebengine.{name}.cli" for name in COMMAND_PACKAGES.values()),
    ]
)


def run(
    *arguments: str, cwd: Path, env: Mapping[str, str], given: str | None = None
) -> CompletedProcess[str]:
    """Run `aiwebengine` with these arguments to its end; *given* is its standard input."""
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("in", "out", "err")]
        for stream in streams:
            stream.touch()
        streams[0].write_text(given or "")
        process = _processes.Process(target=_become, args=(arguments, cwd, dict(env), streams))
        process.start()
        process.join()
        code = process.exitcode
        process.close()
        assert code is not None
        return CompletedProcess(arguments, code, *(one.read_text() for one in streams[1:]))


def _become(
    arguments: tuple[str, ...], cwd: Path, env: dict[str, str], streams: list[Path]
) -> None:
    """Be the command from here on."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for number, stream in enumerate(streams):
        # Like the pipes of a shell: append, because other processes may write as well.
        descriptor = os.open(stream, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_APPEND)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, closefd=False) for number, mode in enumerate("rww")
    )
    sys.argv = ["aiwebengine", *arguments]
    main(prog_name="aiwebengine")
