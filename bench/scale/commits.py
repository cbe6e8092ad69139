"""Changes a second with and without an announcement: PostgreSQL lets these commit in turn."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import psycopg

from aiwebengine.database.embedded import programs
from bench.engines import Bench
from bench.report import Result, ratio

WRITERS = (1, 4, 16, 64)
SECONDS = 5
_INSERT = "insert into scale_changes (what) values ('role.granted');\n"
_ANNOUNCED = f"begin;\n{_INSERT}select pg_notify('scale', 'role.granted');\ncommit;\n"
_ALONE = f"begin;\n{_INSERT}select length('role.granted');\ncommit;\n"
_RATE = re.compile(r"tps = ([0-9.]+)")


def measure(bench: Bench) -> Result:
    """Commits a second by how many write at once."""
    with psycopg.connect(bench.url, autocommit=True) as connection:
        connection.execute("create table scale_changes (id bigserial primary key, what text)")
        try:
            rates = {
                count: (_rate(bench.url, _ALONE, count), _rate(bench.url, _ANNOUNCED, count))
                for count in WRITERS
            }
        finally:
            connection.execute("drop table scale_changes")
    return Result(
        "Changes a second",
        f"pgbench, {SECONDS} s each: a transaction with one inserted row, with and without an"
        " announcement. Those that announce commit one after the other, in every database of the"
        " server, so this is the limit for all instances together.",
        ("writers", "silent, commits/s", "announced, commits/s", "ratio"),
        [
            (str(count), f"{alone:.0f}", f"{announced:.0f}", ratio(announced, alone))
            for count, (alone, announced) in rates.items()
        ],
    )


def _rate(url: str, script: str, writers: int) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [
            *(str(Path(programs()) / "pgbench"), "--no-vacuum", f"--file={file.name}"),
            *(f"--client={writers}", f"--time={SECONDS}", "--protocol=prepared", url),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = _RATE.search(done.stdout)
    if found is None:
        raise SystemExit(f"pgbench says nothing of its rate: {done.stdout!r}")
    return float(found[1])
