"""Deno as the runtime: its command line, and whether it can run on this machine."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from aiwebengine.runtimes.dialects import CLASSIC
from aiwebengine.runtimes.import_map import FOLDER, import_map, start_module
from aiwebengine.runtimes.types import Program

# A function that asks the host waits for the reply, and with it everything in the process.
BLOCKING_DIALECTS = frozenset({CLASSIC})
PROBE_TIMEOUT_SECS = 10.0
# In kB: recursion ends with an exception of the program long before the thread's stack ends.
STACK_KB = 800
OPEN_FILES = 256
NICE = 5
# The kernel ends these processes first when the machine has no memory left.
OUT_OF_MEMORY_SCORE = "500"
# prctl(2)
_PR_SET_PDEATHSIG = 1


class Deno:
    """Starts programs with Deno.

    *cache* is a folder that only this instance writes to. *folder* has the `runtime.js` that runs
    programs, with its `deno.json`.
    """

    def __init__(self, cache: Path, folder: Path = FOLDER) -> None:
        self._cache = cache
        self._folder = folder
        self._binary = _binary()
        self._is_jitless = False

    async def problem(self) -> str | None:
        """Why no program can run on this machine, or None.

        A machine that forbids writing executable memory runs programs without V8's compiler.
        """
        if self._binary is None:
            return "Deno is not installed. Install the Python package `deno` for this platform."
        reasons = []
        for self._is_jitless in (False, True):
            reason = await self._probe()
            if reason is None:
                return None
            reasons.append(reason)
        return f"Deno does not start on this machine: {reasons[0]}"

    def blocks(self, dialect: str) -> bool:
        """Whether a program waits for replies without reading its input."""
        return dialect in BLOCKING_DIALECTS

    def command(self, program: Program, pipe: Path | None) -> list[str]:
        """The command line of a process; *pipe* is where replies come to what blocks."""
        readable = [program.folder] if pipe is None else [program.folder, str(pipe)]
        settings = {
            "folder": program.folder,
            "entry": program.entry,
            "dialect": program.dialect,
            "pipe": None if pipe is None else str(pipe),
            "max_answer": program.limits.answer_max_bytes,
            "tests": program.tests,
        }
        flags = [f"--max-old-space-size={program.limits.heap_mb}", f"--stack-size={STACK_KB}"]
        return [
            str(self._binary),
            "run",
            *"--quiet --no-prompt --no-remote --no-npm --no-lock --config".split(),
            str(self._folder / "deno.json"),
            f"--import-map={import_map(program.folder, self._folder)}",
            self._v8_flags(*flags, "--single-threaded-gc"),
            # A comma in a path is written twice.
            "--allow-read=" + ",".join(path.replace(",", ",,") for path in readable),
            start_module(self._folder),
            json.dumps(settings),
        ]

    def tool(self, name: str, *flags: str) -> list[str]:
        """The beginning of the command line of one of Deno's tools; some take flags for V8."""
        return [str(self._binary), name, *([self._v8_flags(*flags)] if flags else [])]

    def environment(self) -> dict[str, str]:
        """All variables of a process: nothing of the engine's environment reaches a program."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "DENO_DIR": str(self._cache),
            "DENO_NO_UPDATE_CHECK": "1",
            "NO_COLOR": "1",
        }

    def ran_out_of_memory(self, error_output: str) -> bool:
        """Whether a process ended because its heap was full, by the end of its error output."""
        return "out of memory" in error_output

    def _v8_flags(self, *flags: str) -> str:
        return "--v8-flags=" + ",".join([*flags, *(["--jitless"] if self._is_jitless else [])])

    async def _probe(self) -> str | None:
        try:
            process = await asyncio.create_subprocess_exec(
                str(self._binary),
                *"eval --quiet --no-config --no-lock".split(),
                # As programs are started; Deno refuses an empty list of flags.
                self._v8_flags("--single-threaded-gc"),
                "0",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=self.environment(),
                cwd="/",
                preexec_fn=confinement(),
            )
        except OSError as error:
            return f"{self._binary}: {error.strerror}"
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_SECS):
                _, errors = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return f"no answer within {PROBE_TIMEOUT_SECS:.0f} s"
        if process.returncode == 0:
            return None
        lines = [line.strip("# ") for line in errors.decode(errors="replace").splitlines()]
        text = next(filter(None, lines), "no error message")
        return f"{text[:300]} (status {process.returncode})"


def confinement() -> Callable[[], None]:
    """What a new process does before its program: it gives up what it does not need.

    It runs after a fork, so all that can fail or import is done here, before.
    """
    parent, is_linux = os.getpid(), sys.platform == "linux"
    prctl = ctypes.CDLL(None).prctl if is_linux else None

    def confine() -> None:
        # A service manager may forbid these; the process is as harmless without them.
        with suppress(OSError):
            os.nice(NICE)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError, ValueError):
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            files = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        if prctl is None:
            return
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # The parent may have ended before that.
        if os.getppid() != parent:
            os._exit(1)
        with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
            score.write(OUT_OF_MEMORY_SCORE)

    return confine


def _binary() -> str | None:
    """Deno of the wheel, else of the PATH."""
    try:
        import deno

        return str(deno.find_deno_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("deno")
