"""All recurring work of the engine: scheduled tasks, and what each process repeats.

Another task is one more `Task(...)` in a list of this file:

    Task("vacuum", "Vacuum", "Frees the space of dead rows.", "0 4 * * 0", vacuum)

The function takes `note`, calls it with lines for the log of the run, and returns one sentence.
Work that each process repeats, without a record of each run, is one more `Periodic(...)`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiwebengine.audit.chain import HashChain
from aiwebengine.backups.service import Backups
from aiwebengine.backups.types import BackupRunState
from aiwebengine.core.config import Config
from aiwebengine.core.formats import count, size
from aiwebengine.core.identity import engine
from aiwebengine.database import Database
from aiwebengine.database_admin.service import DatabaseAdmin
from aiwebengine.jobs.types import Note, Task, TaskFailed
from aiwebengine.rate_limits.service import RateLimits
from aiwebengine.scripts.service import Scripts
from aiwebengine.sessions.service import Sessions
from aiwebengine.signing_keys.service import REFRESH_SECS, SigningKeys
from aiwebengine.users.service import Users

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


@dataclass(frozen=True)
class Periodic:
    """Work that each process repeats, with a pause of *every_secs*.

    *needs_database*: it begins once the engine is ready. The rest also runs during an outage.
    """

    name: str
    every_secs: float
    run: Callable[[Engine], Awaitable[object]]
    needs_database: bool = True


PERIODIC = (
    Periodic("tidy the log files", 60.0, lambda engine: engine.services.logs.tidy()),
    Periodic("seal the audit trail", 1.0, lambda engine: engine.services.chain.seal()),
    Periodic("share denied requests", 10.0, lambda engine: engine.services.denials.share()),
    Periodic("end expired grants", 2.0, lambda engine: engine.services.users.end_expired_grants()),
    Periodic("share rate limits", 1.0, lambda engine: engine.services.rate_limits.share()),
    Periodic("thin out samples", 60.0, lambda engine: engine.services.telemetry.thin_out()),
    Periodic(
        "sample the database size",
        600.0,
        lambda engine: engine.services.database_admin.sample_size(),
    ),
    Periodic("refresh the cursor keys", REFRESH_SECS, lambda engine: engine.cursor_keys.refresh()),
    Periodic("check health", 2.0, lambda engine: engine.alert_monitor.look(), needs_database=False),
    Periodic(
        "deliver alerts", 0.5, lambda engine: engine.alert_monitor.deliver(), needs_database=False
    ),
    Periodic(
        "tidy alerts", 600.0, lambda engine: engine.alert_monitor.tidy(), needs_database=False
    ),
)
"""What each process repeats."""


def own_tasks(
    db: Database,
    sessions: Sessions,
    rates: RateLimits,
    users: Users,
    chain: HashChain,
    keys: SigningKeys,
) -> list[Task]:
    """Tasks that maintain the engine's own tables."""

    async def sessions_removed(note: Note) -> str:
        await sessions.remove_ended()
        return "Sessions, sign-in links and attempts that had ended are gone."

    async def rates_forgotten(note: Note) -> str:
        await rates.forget()
        return "Counts of minutes that are over are gone."

    async def grants_ended(note: Note) -> str:
        ended = await users.end_expired_grants()
        return f"{count(ended, 'expired role')} removed."

    async def analyzed(note: Note) -> str:
        note("analyze")
        await db.maintain("analyze")
        return "The planner's statistics are up to date."

    async def keys_forgotten(note: Note) -> str:
        return f"{count(await keys.remove_ended(), 'expired key')} removed."

    return [
        Task(
            "end-sessions",
            "Remove ended sessions",
            "Removes sessions, sign-in links and sign-in attempts that can't be used any more.",
            "*/10 * * * *",
            sessions_removed,
        ),
        Task(
            "forget-rates",
            "Forget counted requests",
            "Removes what was counted for the rate limit in minutes that are over.",
            "*/10 * * * *",
            rates_forgotten,
        ),
        Task(
            "end-grants",
            "Take away ended roles",
            "Looks whether a role is left whose end has passed. They end by themselves anyway.",
            "5 0 * * *",
            grants_ended,
        ),
        Task(
            "analyze",
            "Analyze the database",
            "Brings the statistics up to date that PostgreSQL plans queries with.",
            "40 3 * * *",
            analyzed,
        ),
        Task(
            "verify-audit",
            "Verify the audit trail",
            "Goes through all seals and tells whether an event was changed or removed.",
            "20 4 * * 0",
            _trail_proved(chain),
        ),
        Task(
            "rotate-secrets",
            "Rotate the signing keys",
            "Makes a new key for each purpose. What old ones signed goes on to be valid for a day.",
            "0 4 1 1,4,7,10 *",
            _keys_rotated(keys),
        ),
        Task(
            "forget-keys",
            "Forget ended signing keys",
            "Removes keys whose last signature is not valid any more.",
            "15 0 * * *",
            keys_forgotten,
        ),
    ]


def script_task(scripts: Scripts) -> Task:
    """The task that removes what is left of scripts."""

    async def tidied(note: Note) -> str:
        removed, lines = await scripts.remove_old()
        trees = await scripts.remove_unused_trees()
        note(f"{count(trees, 'unused folder')} removed")
        return f"{count(removed, 'deleted script')} and {count(lines, 'log line')} removed."

    return Task(
        "tidy-scripts",
        "Tidy scripts",
        "Removes scripts that were deleted more than 30 days ago, and script logs after 14 days.",
        "45 3 * * *",
        tidied,
    )


def _trail_proved(chain: HashChain) -> Callable[[Note], Awaitable[str]]:
    async def run(note: Note) -> str:
        await chain.seal()
        found = await chain.verify(
            engine(), None, lambda done, total: note(f"{done} of {total} events")
        )
        if found.problem is not None:
            place = "" if found.event_id is None else f" at event {found.event_id}"
            raise TaskFailed(f"The trail was tampered with{place}: {found.problem}.")
        return f"The audit trail is intact: {count(found.sealed, 'event')}, head {found.head}."

    return run


def _keys_rotated(keys: SigningKeys) -> Callable[[Note], Awaitable[str]]:
    async def run(note: Note) -> str:
        made = await keys.rotate(engine(), None)
        for key in made:
            note(f"{key.purpose}: key {key.number}")
        return f"{count(len(made), 'new key')}."

    return run


def data_tasks(config: Config, backups: Backups, database_admin: DatabaseAdmin) -> list[Task]:
    """Tasks for the data: backups, drills, vacuum."""

    async def backed_up(note: Note) -> str:
        made = await backups.create(engine(), note)
        return f"{made.name}, {size(made.size_bytes)}."

    async def pruned(note: Note) -> str:
        gone = await backups.prune(engine(), note)
        if gone.failed:
            raise TaskFailed("; ".join(f"{name}: {why}" for name, why in gone.failed.items()))
        archives = len({*gone.local, *gone.remote})
        return f"{archives} archives and {len(gone.databases)} replaced databases removed."

    async def drilled(note: Note) -> str:
        run = await backups.drill(engine(), note)
        if run.state is not BackupRunState.SUCCEEDED:
            raise TaskFailed(f"{run.backup_name} can't be restored: {run.problem}")
        return f"{run.backup_name} was restored, and holds what its manifest says."

    async def vacuumed(note: Note) -> str:
        run = await database_admin.vacuum(engine(), None, note)
        return f"{len(run.tables)} tables vacuumed and analyzed."

    return [
        Task(
            "backup",
            "Back up",
            "Makes an archive of the database, the configuration and the newest logs.",
            config.backup.schedule,
            backed_up,
        ),
        Task(
            "prune-backups",
            "Remove old backups",
            "Removes the archives that the rules of retention do not keep.",
            "30 3 * * *",
            pruned,
        ),
        Task(
            "drill",
            "Prove the newest backup",
            "Restores it into a scratch database, compares it with its manifest, drops it.",
            "0 5 * * 0",
            drilled,
        ),
        Task(
            "vacuum",
            "Vacuum the database",
            "Makes the room of dead rows usable again, and the planner's statistics up to date.",
            "0 4 * * 6",
            vacuumed,
        ),
    ]
