"""Load by wrk: it costs a tenth of what a client in Python or Node does on the same processors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.load import NotMeasured
from bench.peers.workloads import Workload, body

SCRIPT = Path(__file__).with_name("post.lua")
REPORT = SCRIPT.with_name("report.lua")
STOP_SECS = 60


@dataclass(frozen=True)
class Load:
    """What came of one load; times in milliseconds."""

    requests: int
    per_second: float
    p50: float
    p99: float


def load(port: int, workload: Workload, token: str, seconds: int) -> Load:
    """Send the workload's requests in turn for so long. Raises NotMeasured."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(b"\n".join(map(body, workload.questions)))
        file.flush()
        address = f"http://127.0.0.1:{port}/graphql"
        return _run(workload.clients, seconds, SCRIPT, address, "--", file.name, token)


def load_page(port: int, path: str, clients: int, seconds: int) -> Load:
    """Send GET requests for one path for so long. Raises NotMeasured."""
    return _run(clients, seconds, REPORT, f"http://127.0.0.1:{port}{path}")


def _run(clients: int, seconds: int, script: Path, *arguments: str) -> Load:
    if shutil.which("wrk") is None:
        raise NotMeasured("This needs wrk (Debian's package wrk), which is not installed.")
    done = subprocess.run(
        [
            *("wrk", "--threads", "1", "--connections", str(clients)),
            *("--duration", f"{seconds}s", "--timeout", "20s", "--script", str(script)),
            *arguments,
        ],
        # Where `require` finds report.lua.
        env={**os.environ, "LUA_PATH": f"{script.parent}/?.lua"},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + STOP_SECS,
    )
    if done.returncode:
        raise NotMeasured(f"wrk failed: {(done.stderr or done.stdout).strip()[-300:]}")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    if result["failed"]:
        raise NotMeasured(f"{result['failed']} of {result['requests']} requests failed.")
    return Load(
        result["requests"],
        result["requests"] / result["micros"] * 1_000_000,
        result["p50"] / 1_000,
        result["p99"] / 1_000,
    )
