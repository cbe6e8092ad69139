"""What PostgreSQL alone gives: the statements of a request by pgbench, the one of the wheel."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile

from aiwebengine.database.embedded import programs
from bench.engines import Bench
from bench.load import NotMeasured
from bench.peers import versions
from bench.peers.people import SQL
from bench.report import Result

CLIENTS = 16
SECONDS = 3


def measure(bench: Bench) -> Result:
    """Transactions a second of the caller's look-up, of a page, and of both."""
    hashed = hashlib.sha256(bench.token.encode()).hexdigest()
    caller = SQL["caller"].replace("$1", f"'\\x{hashed}'").replace("$2", "'127.0.0.1'")
    page = SQL["page"].replace("$1", "51")
    identities = SQL["page_identities"].replace("$1", "51")
    scripts = {
        "viewer": [caller],
        "list of 50": [caller, page],
        "list of 50 with identities": [caller, identities],
    }
    return Result(
        "PostgreSQL alone",
        f"The same statements by pgbench of the embedded server, prepared, {CLIENTS} clients,"
        f" {SECONDS} s; {bench.users:,} users: no server beside PostgreSQL could be quicker.",
        ("", "requests/s"),
        [(name, f"{_rate(bench.url, script):,.0f}") for name, script in scripts.items()],
        versions.description(bench.url),
    )


def _rate(url: str, statements: list[str]) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write("".join(f"{one.strip()};\n" for one in statements))
        file.flush()
        done = subprocess.run(
            [
                *(str(programs() / "pgbench"), "--no-vacuum", "--protocol", "prepared"),
                *("--client", str(CLIENTS), "--time", str(SECONDS), "--file", file.name, url),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        raise NotMeasured(f"pgbench failed: {done.stderr.strip()[-300:]}")
    return float(found[1])
