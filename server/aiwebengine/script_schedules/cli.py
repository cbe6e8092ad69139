"""The commands `aiwebengine scripts schedules …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aiwebengine.core.formats import count, second
from aiwebengine.core.identity import Viewer
from aiwebengine.script_schedules.types import ScriptSchedule, ScriptScheduleRun
from aiwebengine.terminal.commands import json_option, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

LARGEST_LIST = 10_000


@click.group()
def schedules() -> None:
    """List and run the schedules of a script."""


@schedules.command("list")
@click.argument("slug")
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(1, LARGEST_LIST),
    help="Maximum number of schedules to list.",
)
@json_option
@click.pass_context
def list_schedules(context: click.Context, slug: str, limit: int, as_json: bool) -> None:
    """List the schedules of the script SLUG."""

    async def work(engine: Engine, viewer: Viewer) -> tuple[list[ScriptSchedule], int]:
        service = engine.services.script_schedules
        found = await service.page(viewer, slug, None, limit)
        return found[:limit], await service.count(viewer, slug)

    found, total = with_engine(context.obj, work)
    rows = [
        (one.name, one.plan, one.state.value, second(one.next_run_at), _outcome(one.last_run))
        for one in found
    ]
    columns = ("Name", "Plan", "State", "Next run", "Last run")
    listing = table(columns, rows, f"{len(found)} of {count(total, 'schedule')}")
    show(as_json, {"schedules": [_json(one) for one in found], "total": total}, listing)


@schedules.command()
@click.argument("slug")
@click.argument("name", required=False)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, LARGEST_LIST),
    help="Maximum number of runs to list.",
)
@json_option
@click.pass_context
def runs(context: click.Context, slug: str, name: str | None, limit: int, as_json: bool) -> None:
    """List the runs of the script SLUG, or of its schedule NAME, newest first."""

    async def work(engine: Engine, viewer: Viewer) -> list[ScriptScheduleRun]:
        found = await engine.services.script_schedules.runs(viewer, slug, name, None, limit)
        return found[:limit]

    found = with_engine(context.obj, work)
    rows = [
        (one.name, second(one.started_at), one.attempt, one.state.value, one.problem)
        for one in found
    ]
    listing = table(("Name", "Started", "Attempt", "State", "Problem"), rows)
    show(as_json, [_run_json(one) for one in found], listing)


@schedules.command()
@click.argument("slug")
@click.argument("name")
@json_option
@click.pass_context
def run(context: click.Context, slug: str, name: str, as_json: bool) -> None:
    """Run the schedule NAME of the script SLUG now. A running engine does it within a second."""

    async def work(engine: Engine, viewer: Viewer) -> ScriptSchedule:
        return await engine.services.script_schedules.run_now(viewer, slug, name)

    schedule = with_engine(context.obj, work)
    show(as_json, _json(schedule), f"{name} is due now.")


def _outcome(run: ScriptScheduleRun | None) -> str | None:
    return None if run is None else f"{run.state.value}, {second(run.started_at)}"


def _json(schedule: ScriptSchedule) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "plan": schedule.plan,
        "time_zone": schedule.time_zone,
        "is_declared": schedule.is_declared,
        "state": schedule.state.value,
        "next_run_at": schedule.next_run_at.isoformat(),
        "attempt": schedule.attempt,
        "retries": schedule.retries,
        "last_run": None if schedule.last_run is None else _run_json(schedule.last_run),
    }


def _run_json(run: ScriptScheduleRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "version": run.version,
        "due_at": run.due_at.isoformat(),
        "attempt": run.attempt,
        "state": run.state.value,
        "started_by": run.started_by,
        "started_at": run.started_at.isoformat(),
        "ended_at": None if run.ended_at is None else run.ended_at.isoformat(),
        "request_id": run.request_id,
        "problem": run.problem,
    }
