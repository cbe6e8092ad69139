"""The commands `aiwebengine maintenance …`, which include scheduled tasks and access reviews."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from aiwebengine.access_reviews.cli import review
from aiwebengine.core.errors import NotFound, Unavailable
from aiwebengine.core.formats import day, instant
from aiwebengine.core.identity import Viewer
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.database.embedded import EmbeddedFailed
from aiwebengine.health.types import EngineState, EngineStatus
from aiwebengine.jobs.types import RunState, ScheduledTask, TaskRun
from aiwebengine.maintenance.types import MaintenanceBoard, MaintenanceItem, MaintenanceState
from aiwebengine.telemetry.types import Instance
from aiwebengine.terminal.commands import FAILED, json_option, say, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

LARGEST_LIST = 1_000


@click.group()
def maintenance() -> None:
    """Show recurring maintenance, run its tasks and review access."""


@maintenance.command()
@json_option
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """Show the state of the engine and of each maintenance item.

    Exits with status 1 if an item is overdue or the database does not respond.
    """

    async def work(engine: Engine, viewer: Viewer) -> tuple[EngineStatus, MaintenanceBoard]:
        services = engine.services
        services.health.look_from_outside(not_running(await services.telemetry.instances(viewer)))
        board = await services.maintenance.board(viewer)
        return await services.health.engine_state(viewer), board

    try:
        found, board = with_engine(context.obj, work)
    except SystemExit as ended:
        # The reason is already on standard error.
        if isinstance(ended.__context__, Unavailable | EmbeddedFailed):
            show(as_json, {"state": EngineState.DOWN.name}, "State: down")
        raise
    rows = [
        (
            item.frequency.value,
            item.name,
            _words(item.state),
            _instant(item.done_at),
            _instant(item.due_at),
            item.saw,
            _how(item),
        )
        for item in board.items
    ]
    counts = {state: getattr(board, state.value) for state in MaintenanceState}
    caption = ", ".join(f"{number} {_words(state)}" for state, number in counts.items())
    columns = ("Frequency", "Item", "State", "Last done", "Due", "Evidence", "How")
    data = {
        "state": found.state.name,
        "since": found.since,
        "at": board.at,
        **{state.value: number for state, number in counts.items()},
        "items": [_item_data(item) for item in board.items],
    }
    if not as_json:
        say(f"State: {found.state.value} since {instant(found.since)}{_why(found)}")
    show(as_json, data, table(columns, rows, caption))
    if board.overdue:
        sys.exit(FAILED)


def not_running(instances: Sequence[Instance]) -> str | None:
    """Why no engine is running, from the last heartbeats; None if one is running."""
    if any(one.is_up for one in instances):
        return None
    last = max((one.last_seen_at for one in instances), default=None)
    return "is not running" + ("" if last is None else f"; last seen at {instant(last)}")


@maintenance.command()
@click.argument("item")
@click.option("--note", help="Note, at most 500 characters.")
@json_option
@click.pass_context
def tick(context: click.Context, item: str, note: str | None, as_json: bool) -> None:
    """Mark the maintenance item ITEM as done until it is due again."""

    async def work(engine: Engine, viewer: Viewer) -> MaintenanceItem:
        return await engine.services.maintenance.tick(viewer, item, note)

    done = with_engine(context.obj, work)
    due = f" Next due on {day(done.due_at)}." if done.due_at else ""
    show(as_json, _item_data(done), f"{done.title}: {done.state.value}.{due}")


@maintenance.command()
@json_option
@click.pass_context
def tasks(context: click.Context, as_json: bool) -> None:
    """List scheduled tasks."""

    async def work(engine: Engine, viewer: Viewer) -> list[ScheduledTask]:
        return await engine.services.jobs.tasks(viewer)

    found = with_engine(context.obj, work)
    rows = [
        (
            task.name,
            task.schedule,
            _instant(task.next_run_at),
            "" if task.last_run is None else task.last_run.state.value,
            "" if task.last_run is None else _instant(task.last_run.started_at),
            task.title,
        )
        for task in found
    ]
    data = [
        {
            "name": task.name,
            "title": task.title,
            "schedule": task.schedule,
            "time_zone": task.time_zone,
            "next_run_at": task.next_run_at,
            "is_running": task.is_running,
            "last_run": None if task.last_run is None else _run_data(task.last_run),
        }
        for task in found
    ]
    caption = f"Time zone of the schedules: {found[0].time_zone}" if found else ""
    columns = ("Task", "Schedule", "Next run", "Last state", "Last run", "Description")
    show(as_json, data, table(columns, rows, caption))


@maintenance.command()
@click.option("--task", help="Filter by task.")
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1, LARGEST_LIST),
    help="Maximum number of runs to list.",
)
@json_option
@click.pass_context
def runs(context: click.Context, task: str | None, limit: int, as_json: bool) -> None:
    """List task runs, newest first."""

    async def work(engine: Engine, viewer: Viewer) -> list[TaskRun]:
        jobs = engine.services.jobs
        names = [one.name for one in await jobs.tasks(viewer)]
        if task is not None and task not in names:
            raise NotFound(f"There is no task {task[:80]!r}. Tasks: {', '.join(sorted(names))}.")
        return (await jobs.page(viewer, task, None, limit))[:limit]

    found = with_engine(context.obj, work)
    rows = [
        (
            run.id,
            run.task,
            run.state.value,
            _instant(run.started_at),
            _instant(run.ended_at),
            run.started_by,
            run.result,
        )
        for run in found
    ]
    columns = ("Run", "Task", "State", "Started", "Ended", "Started by", "Result")
    show(as_json, [_run_data(run) for run in found], table(columns, rows))


@maintenance.command()
@click.argument("task")
@json_option
@click.pass_context
def run(context: click.Context, task: str, as_json: bool) -> None:
    """Run TASK on this machine and wait for it. Exits with status 1 if it fails."""
    console = Console(stderr=True, soft_wrap=True, quiet=as_json or not sys.stderr.isatty())

    async def work(engine: Engine, viewer: Viewer) -> TaskRun:
        with console.status(Text(on_one_line(task))):
            return await engine.services.jobs.run_here(
                viewer, task, lambda line: console.print(Text(on_one_line(line)))
            )

    done = with_engine(context.obj, work)
    show(as_json, _run_data(done), f"{done.state.value}: {done.result}")
    if done.state is not RunState.SUCCEEDED:
        sys.exit(FAILED)


@maintenance.command()
@click.argument("run_id", type=click.IntRange(1))
@json_option
@click.pass_context
def stop(context: click.Context, run_id: int, as_json: bool) -> None:
    """Stop the task run RUN_ID (see `runs`) on any instance."""

    async def work(engine: Engine, viewer: Viewer) -> TaskRun:
        return await engine.services.jobs.stop(viewer, run_id)

    run = with_engine(context.obj, work)
    outcome = "is stopping." if run.state is RunState.RUNNING else f"has ended: {run.result}"
    show(as_json, _run_data(run), f"Run {run.id} of {run.task} {outcome}")


maintenance.add_command(review)


def _words(state: MaintenanceState) -> str:
    return state.value.replace("_", " ")


def _why(found: EngineStatus) -> str:
    reasons = [f"{name}: {reason}" for name, reason in found.reasons.items()]
    reasons = reasons or [f"{one.title}: {one.detail}" for one in found.failing]
    return f" ({'; '.join(reasons)})" if reasons else ""


def _how(item: MaintenanceItem) -> str:
    if item.action.command:
        return item.action.command
    return f"aiwebengine maintenance tick {item.name}" if item.can_be_ticked else ""


def _instant(at: datetime | None) -> str:
    return "" if at is None else instant(at)


def _item_data(item: MaintenanceItem) -> dict[str, object]:
    return {
        "name": item.name,
        "title": item.title,
        "frequency": item.frequency.name,
        "state": item.state.name,
        "saw": item.saw,
        "done_at": item.done_at,
        "done_by": item.done_by,
        "note": item.note,
        "due_at": item.due_at,
        "can_be_ticked": item.can_be_ticked,
        "task": item.action.task,
        "page": item.action.page,
        "command": item.action.command,
    }


def _run_data(run: TaskRun) -> dict[str, object]:
    return {
        "id": run.id,
        "task": run.task,
        "state": run.state.name,
        "due_at": run.due_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "started_by": run.started_by,
        "stopped_by": run.stopped_by,
        "instance": run.instance,
        "result": run.result,
        "lines": run.lines,
    }
