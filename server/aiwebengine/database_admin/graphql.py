"""GraphQL operations for the database and vacuum."""

import strawberry

from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import needs
from aiwebengine.database_admin.types import DatabaseInfo
from aiwebengine.database_admin.vacuum_types import VacuumOptions, VacuumRun
from aiwebengine.graphql.context import Info


@strawberry.input
class VacuumDatabaseInput:
    """The tables to vacuum.

    Attributes:
        tables: names of tables; all when left out.
        analyze: whether to update the statistics of the planner as well.
    """

    tables: list[str] | None = None
    analyze: bool = True


@strawberry.type
class VacuumPayload:
    """The started run.

    Attributes:
        run: the run; `database { lastVacuum { … } }` has its progress.
    """

    run: VacuumRun


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def database(info: Info) -> DatabaseInfo:
    """State of the database."""
    return await info.context.services.database_admin.info(info.context.viewer)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE)
async def vacuum_database(info: Info, input: VacuumDatabaseInput) -> VacuumPayload:
    """Vacuum tables in the background.

    Args:
        input: the tables and options.
    """
    run = await info.context.services.database_admin.start_vacuum(
        info.context.viewer, input.tables, VacuumOptions(analyze=input.analyze)
    )
    return VacuumPayload(run=run)


queries = [database]
mutations = [vacuum_database]
