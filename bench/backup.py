"""Backup and restore beside bare pg_dump and pg_restore, in one run: time and peak memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg

from aiwebengine.backups.cluster_store import at
from aiwebengine.database.embedded import embedded_postgres, programs

USERS = int(os.environ.get("BENCH_USERS", "100000"))
EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))


@dataclass(frozen=True)
class Cost:
    seconds: float
    peak_mb: float


def main() -> None:
    """Fill a database, let the contestants take turns, print medians and ratios."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        url = stack.enter_context(embedded_postgres(folder / "data"))
        os.environ["APP_REPOSITORY__DATABASE_URL"] = url
        os.environ["APP_BACKUP__DIRECTORY"] = str(folder / "backups")
        _engine("demo", "--users", str(USERS))
        _fill(url)
        dump, restored = folder / "bare.dump", "bare"
        bare_dump = [str(programs() / "pg_dump"), "--format=custom", f"--file={dump}", url]
        bare_restore = [
            *(str(programs() / "pg_restore"), "--no-owner", "--exit-on-error"),
            *("--single-transaction", f"--dbname={at(url, restored)}", str(dump)),
        ]
        create = [sys.executable, "-m", "aiwebengine", "backup", "create", "--json"]
        nothing = [sys.executable, "-m", "aiwebengine", "backup", "list"]
        contestants: dict[str, tuple[Callable[[], None], Callable[[], list[str]]]] = {
            "starting, for nothing": (lambda: None, lambda: nothing),
            "pg_dump": (lambda: None, lambda: bare_dump),
            "backup create": (lambda: _emptied(folder / "backups"), lambda: create),
            "pg_restore": (lambda: _fresh(url, restored), lambda: bare_restore),
            "backup restore --into": (
                lambda: _fresh(url, "ours"),
                lambda: [
                    *(sys.executable, "-m", "aiwebengine", "backup", "restore"),
                    *(next((folder / "backups").glob("*.tar")).name, "--into", at(url, "ours")),
                ],
            ),
        }
        costs: dict[str, list[Cost]] = {name: [] for name in contestants}
        for _ in range(ROUNDS):
            for name, (prepare, command) in contestants.items():
                prepare()
                costs[name].append(_measured(command()))
        _tell(costs)


def _tell(costs: dict[str, list[Cost]]) -> None:
    print(f"{USERS} users, {EVENTS} audit events, median of {ROUNDS} rounds")
    medians = {name: median(cost.seconds for cost in all) for name, all in costs.items()}
    beside = {"backup create": "pg_dump", "backup restore --into": "pg_restore"}
    for name, seconds in medians.items():
        peak = max(cost.peak_mb for cost in costs[name])
        ratio = f"{seconds / medians[beside[name]]:.2f} times" if name in beside else ""
        print(f"{name:24} {seconds:8.2f} s  {peak:7.0f} MB at most  {ratio}")


def _fill(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            """
            insert into audit_events (action, actor_kind, actor_id, actor_label, target_type,
              target_id, target_label, after, request_id, address, user_agent, door)
            select 'role.granted', 'user', gen_random_uuid(), 'ada@example.com', 'user',
              gen_random_uuid(), 'user' || n || '@example.com', '{"role": "Editor"}',
              md5(cast(n as text)), '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64)', 'graphql'
            from generate_series(1, %s) n
            """,
            (EVENTS,),
        )
        connection.commit()
        connection.autocommit = True
        connection.execute("vacuum analyze")


def _measured(command: list[str]) -> Cost:
    """Wall-clock time, and the largest resident set of the process and its children."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    output = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:5]} failed: {output.decode()[-500:]}")
    return Cost(time.perf_counter() - began, usage.ru_maxrss / 1024)


def _fresh(url: str, name: str) -> None:
    with psycopg.connect(at(url, "postgres"), autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(f"create database {name} template template0")
        connection.execute("checkpoint")


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _engine(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "aiwebengine", *arguments], check=True)


if __name__ == "__main__":
    main()
