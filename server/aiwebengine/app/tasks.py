"""Recurring work of the engine: scheduled tasks, and periodic work of each process.

To add a task, add a `Task(...)` to a list of this file:

    Task("vacuum", "Vacuum", "Frees the space of dead rows.", "0 4 * * 0", vacuum)

Its function gets `note`, calls it with lines for the log of the run, and returns one sentence.
For work that each process repeats without a record of its runs, add a `Periodic(...)`.
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
from aiwebengine.script_database.service import ScriptDatabases
from aiwebengine.script_drafts.service import ScriptDrafts
from aiwebengine.script_messages.service import ScriptMessages
from aiwebengine.scripts.service import Scripts
from aiwebengine.sessions.service import Sessions
from aiwebengine.signing_keys.service import REFRESH_SECS, SigningKeys
from aiwebengine.users.service import Users

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


@dataclass(frozen=True)
class Periodic:
    """Work that each process repeats, with a pause of *every_secs* between two runs.

    With *needs_database* it starts once the engine is ready. Other work also runs while the
    database is down.
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
    Periodic(
        "remove unused files of scripts",
        600.0,
        lambda engine: engine.remove_unused_script_files(),
    ),
    Periodic(
        "remove expired values of scripts",
        60.0,
        lambda engine: engine.services.script_values.remove_expired(),
    ),
    Periodic("refresh the cursor keys", REFRESH_SECS, lambda engine: engine.cursor_keys.refresh()),
    Periodic(
        "encrypt secrets of scripts with the newest key",
        REFRESH_SECS,
        lambda engine: engine.services.script_secrets.reseal(),
    ),
    Periodic("check health", 2.0, lambda engine: engine.alert_monitor.look(), needs_database=False),
    Periodic(
        "deliver alerts", 0.5, lambda engine: engine.alert_monitor.deliver(), needs_database=False
    ),
    Periodic(
        "tidy alerts", 600.0, lambda engine: engine.alert_monitor.tidy(), needs_database=False
    ),
)
"""The periodic work of each process."""


def own_tasks(
    db: Database,
    sessions: Sessions,
    rates: RateLimits,
    users: Users,
    chain: HashChain,
    keys: SigningKeys,
) -> list[Task]:
    """Tasks that maintain the engine's own tables."""

    async def end_sessions(note: Note) -> str:
        await sessions.remove_ended()
        return "Ended sessions, sign-in links and sign-in attempts removed."

    async def forget_rates(note: Note) -> str:
        await rates.forget()
        return "Request counts of past minutes removed."

    async def end_grants(note: Note) -> str:
        ended = await users.end_expired_grants()
        return f"{count(ended, 'expired role')} removed."

    async def analyze(note: Note) -> str:
        note("analyze")
        await db.maintain("analyze")
        return "The planner's statistics are up to date."

    async def forget_keys(note: Note) -> str:
        return f"{count(await keys.remove_ended(), 'expired key')} removed."

    return [
        Task(
            "end-sessions",
            "Remove ended sessions",
            "Removes sessions, sign-in links and sign-in attempts that have ended or expired.",
            "*/10 * * * *",
            end_sessions,
        ),
        Task(
            "forget-rates",
            "Remove old request counts",
            "Removes the request counts of the rate limit for past minutes.",
            "*/10 * * * *",
            forget_rates,
        ),
        Task(
            "end-grants",
            "Remove expired roles",
            "Removes roles that have expired but are still stored. They have no effect anyway.",
            "5 0 * * *",
            end_grants,
        ),
        Task(
            "analyze",
            "Analyze the database",
            "Updates the statistics that PostgreSQL uses to plan queries.",
            "40 3 * * *",
            analyze,
        ),
        Task(
            "verify-audit",
            "Verify the audit trail",
            "Checks the hash chain of the audit trail for events that were changed or removed.",
            "20 4 * * 0",
            _verify_audit(chain),
        ),
        Task(
            "rotate-secrets",
            "Rotate the signing keys",
            "Creates a new key for each purpose. Signatures of old keys stay valid for a day.",
            "0 4 1 1,4,7,10 *",
            _rotate_keys(keys),
        ),
        Task(
            "forget-keys",
            "Remove expired signing keys",
            "Removes signing keys whose signatures have all expired.",
            "15 0 * * *",
            forget_keys,
        ),
    ]


def script_task(
    scripts: Scripts, drafts: ScriptDrafts, messages: ScriptMessages, databases: ScriptDatabases
) -> Task:
    """The task that removes what is left of scripts."""

    async def tidied(note: Note) -> str:
        removed, lines = await scripts.remove_old()
        dead = await messages.tidy()
        await databases.remove_unused()
        forgotten = await drafts.remove_old()
        return (
            f"{count(removed, 'deleted script')}, {count(lines, 'log line')},"
            f" {count(dead, 'dead letter')} and {count(forgotten, 'draft')} removed."
        )

    return Task(
        "tidy-scripts",
        "Tidy scripts",
        "Removes scripts that were deleted more than 30 days ago, script logs after 14 days,"
        " dead letters and counts of calls after 30 days, and drafts that nobody changed for 90"
        " days.",
        "45 3 * * *",
        tidied,
    )


def _verify_audit(chain: HashChain) -> Callable[[Note], Awaitable[str]]:
    async def run(note: Note) -> str:
        await chain.seal()
        found = await chain.verify(
            engine(), None, lambda done, total: note(f"{done} of {total} events")
        )
        if found.problem is not None:
            place = "" if found.event_id is None else f" at event {found.event_id}"
            raise TaskFailed(f"The audit trail was tampered with{place}: {found.problem}.")
        return f"The audit trail is intact: {count(found.sealed, 'event')}, head {found.head}."

    return run


def _rotate_keys(keys: SigningKeys) -> Callable[[Note], Awaitable[str]]:
    async def run(note: Note) -> str:
        made = await keys.rotate(engine(), None)
        for key in made:
            note(f"{key.purpose}: key {key.number}")
        return f"{count(len(made), 'new key')}."

    return run


def data_tasks(config: Config, backups: Backups, database_admin: DatabaseAdmin) -> list[Task]:
    """Tasks for the data: backups, drills, vacuum."""

    async def backup(note: Note) -> str:
        made = await backups.create(engine(), note)
        return f"{made.name}, {size(made.size_bytes)}."

    async def prune(note: Note) -> str:
        removed = await backups.prune(engine(), note)
        if removed.failed:
            raise TaskFailed("; ".join(f"{name}: {why}" for name, why in removed.failed.items()))
        archives = len({*removed.local, *removed.remote})
        return f"{archives} archives and {len(removed.databases)} replaced databases removed."

    async def drill(note: Note) -> str:
        run = await backups.drill(engine(), note)
        if run.state is not BackupRunState.SUCCEEDED:
            raise TaskFailed(f"{run.backup_name} can't be restored: {run.problem}")
        return f"{run.backup_name} was restored, and its data matches its manifest."

    async def vacuum(note: Note) -> str:
        run = await database_admin.vacuum(engine(), None, note)
        return f"{len(run.tables)} tables vacuumed and analyzed."

    return [
        Task(
            "backup",
            "Back up",
            "Creates an archive of the database, the configuration and the newest logs.",
            config.backup.schedule,
            backup,
        ),
        Task(
            "prune-backups",
            "Remove old backups",
            "Removes the archives that the retention rules do not keep.",
            "30 3 * * *",
            prune,
        ),
        Task(
            "drill",
            "Drill the newest backup",
            "Restores it into a scratch database, checks the data and drops the database.",
            "0 5 * * 0",
            drill,
        ),
        Task(
            "vacuum",
            "Vacuum the database",
            "Makes the space of dead rows usable again and updates the planner's statistics.",
            "0 4 * * 6",
            vacuum,
        ),
    ]
