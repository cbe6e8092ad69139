"""GraphQL operations on the tables of scripts."""

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import page_size
from aiwebengine.graphql.context import Info
from aiwebengine.script_tables.graphql_types import (
    DeletedScriptRowPayload,
    DeleteScriptRowInput,
    InsertScriptRowInput,
    ScriptRow,
    ScriptRowFilter,
    ScriptRowOrder,
    ScriptRowPage,
    ScriptRowPayload,
    ScriptTable,
    ScriptTableSummary,
    UpdateScriptRowInput,
)
from aiwebengine.script_tables.types import AfterKey, Skip, Start
from aiwebengine.scripts.rights import EDITORS

LIST = "scriptRows"
_AFTER, _SKIP = "after", "skip"


@strawberry.field
@needs(EDITORS)
async def script_tables(info: Info, slug: str) -> list[ScriptTableSummary]:
    """Tables and views of a script, by name, at most 500. For its owners and administrators.

    Args:
        slug: the script.
    """
    found = await info.context.services.script_tables.all(info.context.viewer, slug)
    return [ScriptTableSummary.of(one) for one in found]


@strawberry.field
@needs(EDITORS)
async def script_table(info: Info, slug: str, name: str) -> ScriptTable:
    """A table of a script with its columns. For its owners and administrators.

    Args:
        slug: the script.
        name: the table.
    """
    found = await info.context.services.script_tables.table(info.context.viewer, slug, name)
    return ScriptTable.of(found)


@strawberry.field
@needs(EDITORS)
async def script_rows(
    info: Info,
    slug: str,
    table: str,
    filter: list[ScriptRowFilter] | None = None,
    order: ScriptRowOrder | None = None,
    first: int = 50,
    after: str | None = None,
) -> ScriptRowPage:
    """Rows of a table or view of a script, by primary key. For its owners and administrators.

    The script's own role reads them, in a transaction that writes nothing, within 5 seconds.

    Args:
        slug: the script.
        table: the table.
        filter: conditions that all rows fit; at most 10.
        order: the column to sort by; without it, the primary key.
        first: maximum number of rows, 1 to 200; fewer of a table with more than 100 columns.
        after: the `endCursor` of the previous page.
    """
    first = page_size(first)
    filters = [one.checked() for one in filter or []]
    sorting = None if order is None else order.checked()
    bound, cursors = repr((slug, table, filters, sorting)), info.context.cursors
    start = _start(cursors.decode(LIST, bound, after))
    page = await info.context.services.script_tables.page(
        info.context.viewer, slug, table, filters, sorting, start, first
    )
    end = None if page.next is None else cursors.encode(LIST, bound, _encoded(page.next))
    return ScriptRowPage.of(page, end)


@strawberry.field
@needs(EDITORS)
async def script_row(info: Info, slug: str, table: str, key: list[str]) -> ScriptRow | None:
    """One row of a table, with up to 100,000 characters of each cell; null when there is none.

    For the owners of the script and administrators.

    Args:
        slug: the script.
        table: the table.
        key: the values of its primary key.
    """
    found = await info.context.services.script_tables.row(info.context.viewer, slug, table, key)
    return None if found is None else ScriptRow.of(found)


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def update_script_row(info: Info, input: UpdateScriptRowInput) -> ScriptRowPayload:
    """Change a row of a script's table. Fails with CONFLICT if it was changed meanwhile.

    Args:
        input: the row.
    """
    found = await info.context.services.script_tables.update(
        info.context.viewer,
        input.slug,
        input.table,
        input.key,
        input.version,
        [one.checked() for one in input.values],
    )
    return ScriptRowPayload(row=ScriptRow.of(found))


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def insert_script_row(info: Info, input: InsertScriptRowInput) -> ScriptRowPayload:
    """Insert a row into a script's table.

    Args:
        input: the row.
    """
    found = await info.context.services.script_tables.insert(
        info.context.viewer, input.slug, input.table, [one.checked() for one in input.values]
    )
    return ScriptRowPayload(row=None if found is None else ScriptRow.of(found))


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def delete_script_row(info: Info, input: DeleteScriptRowInput) -> DeletedScriptRowPayload:
    """Delete a row of a script's table. Fails with CONFLICT if it was changed meanwhile.

    Args:
        input: the row.
    """
    await info.context.services.script_tables.delete(
        info.context.viewer, input.slug, input.table, input.key, input.version
    )
    return DeletedScriptRowPayload(key=input.key)


def _encoded(start: Start) -> tuple[object, ...]:
    return (_AFTER, *start.key) if isinstance(start, AfterKey) else (_SKIP, start.rows)


def _start(decoded: tuple[object, ...] | None) -> Start | None:
    match decoded:
        case None:
            return None
        case ("skip", int() as rows):
            return Skip(rows)
        case ("after", *key):
            return AfterKey(tuple(map(str, key)))
    raise BadUserInput("`after` is not a cursor of this list.")


queries = [script_tables, script_table, script_rows, script_row]
mutations = [update_script_row, insert_script_row, delete_script_row]
