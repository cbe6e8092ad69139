"""The processes of an engine: workers, the supervisor of the scripts, and the scripts' own."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

WORKER = "worker"
SUPERVISOR = "supervisor"
DENO = "Deno"
KINDS = (WORKER, SUPERVISOR, DENO)


def family(pid: int) -> dict[str, list[psutil.Process]]:
    """The process and all below it, by kind. A server without scripts has workers only."""
    found: dict[str, list[psutil.Process]] = {kind: [] for kind in KINDS}
    root = psutil.Process(pid)
    for one in (root, *root.children(recursive=True)):
        found[_kind(one)].append(one)
    return found


def cpu_secs(processes: Mapping[str, list[psutil.Process]]) -> dict[str, float]:
    """Seconds of processor time so far by kind."""
    return {kind: sum(sum(one.cpu_times()[:2]) for one in some) for kind, some in processes.items()}


def _kind(process: psutil.Process) -> str:
    if process.name() == "deno":
        return DENO
    return SUPERVISOR if "aiwebengine.runtimes" in process.cmdline() else WORKER
