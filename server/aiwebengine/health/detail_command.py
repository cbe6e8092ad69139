"""Implementation of `aiwebengine health --detail`."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aiwebengine.core.config import Config
from aiwebengine.core.errors import Unavailable
from aiwebengine.core.identity import operator
from aiwebengine.database.embedded import EmbeddedFailed, running_postgres
from aiwebengine.health.types import HealthCheck, HealthState
from aiwebengine.terminal.commands import (
    FAILED,
    NOWHERE,
    configuration,
    make_engine,
    say,
    show,
    table,
)
from aiwebengine.terminal.output import exit_at_once

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

CONNECT_SECS = 0.7
# Each check has its own limit; this one covers everything else that can hang. On a busy machine
# the time that the command waits for a processor is added, up to the hard limit.
LONGEST_SECS = 4.5
HARD_LIMIT_SECS = 60.0
# These check the current process, which here is the command.
_OF_THE_PROCESS = {"event_loop", "workers"}


def look(path: Path | None, as_json: bool) -> None:
    """Run every check from this machine, and exit. Changes neither the server nor the tables.

    A hanging name lookup or disk blocks its thread; the process exits without waiting for it.
    """
    threading.Thread(target=_exit_when_late, args=(time.monotonic(),), daemon=True).start()
    config = configuration(path)
    seen = asyncio.Runner().run(_seen_by(make_engine(config, _address(config))))
    found = [one for one in seen if one.name not in _OF_THE_PROCESS]
    data = [
        {
            "name": one.name,
            "title": one.title,
            "state": one.state.name,
            "detail": one.detail,
            "since": one.since,
            "checkedAt": one.checked_at,
            "remedy": one.remedy,
        }
        for one in found
    ]
    rows = [(one.state.name, one.title, one.detail, one.remedy) for one in found]
    show(as_json, data, table(("State", "What", "Seen", "What to do"), rows))
    exit_at_once(FAILED if any(one.state is HealthState.FAILING for one in found) else 0)


def _exit_when_late(begun: float) -> None:
    while (left := begun + _limit_secs() - time.monotonic()) > 0:
        time.sleep(left)
    say(
        f"Error: The checks did not finish within {LONGEST_SECS:g} s. Something hangs that no check"
        " can interrupt, such as a disk or a name lookup.",
        err=True,
    )
    os._exit(FAILED)


def _limit_secs() -> float:
    """The limit, with the time that this process has waited for a processor so far."""
    try:
        # Linux, Documentation/scheduler/sched-stats.rst: nanoseconds on a run queue.
        waited = int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        waited = 0.0
    return min(LONGEST_SECS + waited, HARD_LIMIT_SECS)


async def _seen_by(engine: Engine) -> list[HealthCheck]:
    # If the database does not answer, the first check reports it.
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(CONNECT_SECS):
            await engine.db.connect()
    return await engine.services.health.checks(operator("health"))


def _address(config: Config) -> str:
    """URL of the configured database; does not start an embedded server."""
    url = config.repository.database_url.get_secret_value()
    if url:
        return url
    try:
        return running_postgres(config.repository.data_dir)
    except EmbeddedFailed as error:
        say(f"Error: {error}", err=True)
        return NOWHERE
