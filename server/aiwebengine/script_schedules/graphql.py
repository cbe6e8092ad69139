"""GraphQL operations about schedules of scripts."""

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.script_schedules.types import ScriptSchedule, ScriptScheduleRun
from aiwebengine.scripts.paging import number_of
from aiwebengine.scripts.rights import EDITORS

SCHEDULES = "scriptSchedules"
RUNS = "scriptScheduleRuns"


@strawberry.input
class RunScriptScheduleInput:
    """The schedule to run.

    Attributes:
        slug: the script.
        name: name of the schedule.
    """

    slug: str
    name: str


@strawberry.type
class ScriptSchedulePayload:
    """The schedule that was changed.

    Attributes:
        schedule: the schedule now.
    """

    schedule: ScriptSchedule


@strawberry.field
@needs(EDITORS)
async def script_schedules(
    info: Info, slug: str, first: int = 50, after: str | None = None
) -> Connection[ScriptSchedule]:
    """Schedules of a script, by name. Only for its owners and administrators.

    Args:
        slug: the script.
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
    """
    viewer, service = info.context.viewer, info.context.services.script_schedules
    first, cursors = page_size(first), info.context.cursors
    found = await service.page(
        viewer, slug, _name_in(cursors.decode(SCHEDULES, slug, after)), first
    )
    return connect(
        found,
        first,
        after=after,
        cursor=lambda schedule: cursors.encode(SCHEDULES, slug, (schedule.name,)),
        count=lambda: service.count(viewer, slug),
    )


@strawberry.field
@needs(EDITORS)
async def script_schedule_runs(
    info: Info, slug: str, name: str | None = None, first: int = 50, after: str | None = None
) -> Connection[ScriptScheduleRun]:
    """Runs of the schedules of a script, newest first. Only for its owners and administrators.

    Args:
        slug: the script.
        name: only runs of this schedule.
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
    """
    viewer, service = info.context.viewer, info.context.services.script_schedules
    first, bound, cursors = page_size(first), repr((slug, name)), info.context.cursors
    before = number_of(cursors.decode(RUNS, bound, after))
    found = await service.runs(viewer, slug, name, before, first)
    return connect(
        found,
        first,
        after=after,
        cursor=lambda run: cursors.encode(RUNS, bound, (run.number,)),
        count=lambda: service.count_runs(viewer, slug, name),
    )


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def run_script_schedule(info: Info, input: RunScriptScheduleInput) -> ScriptSchedulePayload:
    """Run a schedule now, outside of its plan. Fails with CONFLICT if it is running.

    Args:
        input: the schedule.
    """
    service = info.context.services.script_schedules
    schedule = await service.run_now(info.context.viewer, input.slug, input.name)
    return ScriptSchedulePayload(schedule=schedule)


def _name_in(decoded: tuple[object, ...] | None) -> str | None:
    match decoded:
        case None:
            return None
        case (str() as name,):
            return name
    raise BadUserInput("`after` is not a cursor of this list.")


queries = [script_schedules, script_schedule_runs]
mutations = [run_script_schedule]
