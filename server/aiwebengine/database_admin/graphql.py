"""GraphQL operations for the database."""

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
        tables: names of the tables; all tables if omitted.
        analyze: whether to also update the planner statistics.
    """

    tables: list[str] | None = None
    analyze: bool = True


@strawberry.type
class VacuumPayload:
    """The vacuum run that was started.

    Attributes:
        run: the run; follow its progress with `database { lastVacuum { … } }`.
    """

    run: VacuumRun


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def database(info: Info) -> DatabaseInfo:
    """The database."""
    return await info.context.services.database_admin.info(info.context.viewer)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE)
async def vacuum_database(info: Info, input: VacuumDatabaseInput) -> VacuumPayload:
    """Vacuum tables in the background.

    Args:
        input: the tables, and options.
    """
    run = await info.context.services.database_admin.start_vacuum(
        info.context.viewer, input.tables, VacuumOptions(analyze=input.analyze)
    )
    return VacuumPayload(run=run)


queries = [database]
mutations = [vacuum_database]
