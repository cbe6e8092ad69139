"""Load by wrk: it costs a tenth of what a client in Python or Node does on the same processors."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.load import NotMeasured
from bench.peers.workloads import Workload, body

SCRIPT = Path(__file__).with_name("post.lua")


@dataclass(frozen=True)
class Load:
    """What came of one load; times in milliseconds."""

    requests: int
    per_second: float
    p50: float
    p99: float


def load(port: int, workload: Workload, token: str, seconds: int) -> Load:
    """Send the workload's requests in turn for so long. Raises NotMeasured."""
    if shutil.which("wrk") is None:
        raise NotMeasured("This needs wrk (Debian's package wrk), which is not installed.")
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(b"\n".join(map(body, workload.questions)))
        file.flush()
        done = subprocess.run(
            [
                *("wrk", "--threads", "1", "--connections", str(workload.clients)),
                *("--duration", f"{seconds}s", "--timeout", "20s", "--script", str(SCRIPT)),
                *(f"http://127.0.0.1:{port}/graphql", "--", file.name, token),
            ],
            capture_output=True,
            text=True,
            check=False,
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
