"""Measures a search in a day of log lines: `python -m bench.logs FOLDER [LINES]`.

Writes the day into FOLDER once (about 4.5 GB for 10,000,000 lines; its compressed copy beside it),
then looks for one request in the middle and for errors, in a process of its own each, and prints
seconds and the most memory that the process held. FOLDER is left as it is, for another run.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiwebengine.logs.files import compress, stored_files
from aiwebengine.logs.search import Matcher, count, newest
from aiwebengine.logs.types import LogFilter, LogLevel

LINES = 10_000_000
DAY = datetime(2026, 1, 31, tzinfo=UTC)
LINE = (
    '{"timestamp":"%s","level":"%s","event":"request","logger":"aiwebengine.web.access_log",'
    '"request_id":"%016x","method":"POST","path":"/graphql","operation":"users","kind":"query",'
    '"door":"graphql","user":"user%d@example.com","user_id":"%032x","roles":["Administrator",'
    '"Authenticated"],"session_id":"%032x","address":"192.0.2.%d","status":200,"ms":%d.5,'
    '"db_ms":4.2,"db_queries":3}\n'
)
# Any odd number gives ids that look random and never repeat.
SCATTER = 0x9E3779B97F4A7C15


def main() -> None:
    """Write the day if need be, and measure."""
    folder, lines = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else LINES
    plain, packed = folder / "plain" / "day.log", folder / "packed" / "day.log"
    if not plain.exists():
        write(plain, lines)
    if not packed.parent.exists():
        pack(plain, packed)
    sought = request_id(lines // 2)
    print(f"{lines:,} lines, {plain.stat().st_size / 1e9:.2f} GB", flush=True)
    for log in (plain, packed):
        for what in (sought, "error", "all errors", "text no-such-text", "around the request"):
            run = [sys.executable, "-m", "bench.logs", "--one", str(log), what, sought, str(lines)]
            subprocess.run(run, check=True)


def write(log: Path, lines: int) -> None:
    """A day with so many requests, one in 100,000 of which failed."""
    log.parent.mkdir(parents=True)
    step, began = timedelta(days=1) / lines, time.perf_counter()
    with log.open("w") as file:
        for number in range(lines):
            at = (DAY + number * step).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            level = "error" if number % 100_000 == 77 else "info"
            user = number % 5_000
            file.write(
                LINE % (at, level, scattered(number), user, user, user, number % 250, number % 90)
            )
    print(f"written in {time.perf_counter() - began:.0f} s")


def pack(plain: Path, packed: Path) -> None:
    """The same day, put aside and compressed."""
    packed.parent.mkdir()
    aside = packed.with_name(f"{packed.name}.{DAY:%Y-%m-%d}")
    aside.hardlink_to(plain)
    began = time.perf_counter()
    result = compress(stored_files(packed)[0])
    took, size = time.perf_counter() - began, result.stat().st_size
    print(f"compressed in {took:.0f} s to {size / 1e9:.2f} GB")


def one(log: Path, what: str, sought: str, lines: int) -> None:
    """One search, in a process that does nothing else."""
    began = time.perf_counter()
    if what == "all errors":
        found = count(log, Matcher(LogFilter(level=LogLevel.ERROR)), is_over=lambda: False)
    else:
        middle = DAY + timedelta(days=1) / 2
        filters = {
            "error": LogFilter(level=LogLevel.ERROR),
            "text no-such-text": LogFilter(text="no-such-text"),
            "around the request": LogFilter(
                request_id=sought,
                since=middle - timedelta(minutes=5),
                until=middle + timedelta(minutes=5),
            ),
        }
        wanted = Matcher(filters.get(what, LogFilter(request_id=sought)))
        found = len(newest(log, wanted, 100).entries)
    took = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    kind = "compressed" if log.parent.name == "packed" else "plain"
    print(f"{kind:10}  {what:20}  {found:>6} found  {took:6.2f} s  {memory:4.0f} MiB", flush=True)


def request_id(number: int) -> str:
    """The id of a request of that day."""
    return f"{scattered(number):016x}"


def scattered(number: int) -> int:
    """A number that looks random."""
    return number * SCATTER % 2**64


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        one(Path(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]))
    else:
        main()
