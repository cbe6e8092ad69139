"""GraphQL operations for scheduled tasks."""

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import ALWAYS, needs
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.jobs.types import ScheduledTask, TaskRun

LIST = "taskRuns"


@strawberry.input
class RunMaintenanceTaskInput:
    """The task to run.

    Attributes:
        name: name of the task.
    """

    name: str


@strawberry.input
class StopMaintenanceTaskInput:
    """The run to stop.

    Attributes:
        run_id: ID of the run.
    """

    run_id: strawberry.ID


@strawberry.type
class TaskRunPayload:
    """The run that was started or stopped.

    Attributes:
        run: current state of the run.
    """

    run: TaskRun


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def scheduled_tasks(info: Info) -> list[ScheduledTask]:
    """All scheduled tasks."""
    return await info.context.services.jobs.tasks(info.context.viewer)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def task_runs(
    info: Info, first: int = 50, after: str | None = None, task: str | None = None
) -> Connection[TaskRun]:
    """Task runs, newest first.

    Args:
        first: maximum number of items, 1 to 200.
        after: `endCursor` of the previous page.
        task: filter by task name.
    """
    viewer, service = info.context.viewer, info.context.services.jobs
    viewer.must_be(Role.ADMINISTRATOR)
    first, bound, cursors = page_size(first), repr(task), info.context.cursors
    found = await service.page(viewer, task, _number_in(cursors.decode(LIST, bound, after)), first)
    return connect(
        found,
        first,
        after=after,
        cursor=lambda run: cursors.encode(LIST, bound, (run.number,)),
        count=lambda: service.count(viewer, task),
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
async def run_maintenance_task(info: Info, input: RunMaintenanceTaskInput) -> TaskRunPayload:
    """Run a task now. Fails with CONFLICT if it is running.

    Args:
        input: the task to run.
    """
    return TaskRunPayload(
        run=await info.context.services.jobs.start(info.context.viewer, input.name)
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE)
async def stop_maintenance_task(info: Info, input: StopMaintenanceTaskInput) -> TaskRunPayload:
    """Stop a run, which ends within seconds.

    Args:
        input: the run to stop.
    """
    return TaskRunPayload(
        run=await info.context.services.jobs.stop(info.context.viewer, _number(input.run_id))
    )


def _number(text: str) -> int:
    """The number in an ID; 0, which matches no run, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _number_in(decoded: tuple[object, ...] | None) -> int | None:
    match decoded:
        case None:
            return None
        case (int() as number,):
            return number
    raise BadUserInput("`after` is not a cursor of this list.")


queries = [scheduled_tasks, task_runs]
mutations = [run_maintenance_task, stop_maintenance_task]
