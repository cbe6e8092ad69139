"""GraphQL operations that read scripts."""

from typing import Annotated

import strawberry

from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.scripts import graphql_changes, graphql_hosting, graphql_roles
from aiwebengine.scripts.graphql_events import subscriptions
from aiwebengine.scripts.paging import LIST, binding, key, key_of
from aiwebengine.scripts.rights import EDITORS, Act, must_be_allowed
from aiwebengine.scripts.templates import ScriptTemplate, templates
from aiwebengine.scripts.types import FileChange, Script, ScriptFilter, ScriptVersion


@strawberry.field
@needs(EDITORS)
async def scripts(
    info: Info, first: int = 50, after: str | None = None, filter: ScriptFilter | None = None
) -> Connection[Script]:
    """Scripts, in the order of their slugs.

    Args:
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
        filter: filter for the scripts.
    """
    viewer, cursors = info.context.viewer, info.context.cursors
    service = info.context.services.scripts
    must_be_allowed(viewer, Act.READ)
    wanted = filter or ScriptFilter()
    first, bound = page_size(first), binding(wanted)
    found = await service.page(viewer, wanted, key_of(cursors.decode(LIST, bound, after)), first)
    return connect(
        found,
        first,
        after=after,
        cursor=lambda script: cursors.encode(LIST, bound, key(script)),
        count=lambda: service.count(viewer, wanted),
    )


@strawberry.field
@needs(EDITORS)
async def script(info: Info, slug: str) -> Script | None:
    """One script; null when there is none with this slug, or it is deleted.

    Args:
        slug: the script.
    """
    return await info.context.services.scripts.find(info.context.viewer, slug)


@strawberry.field
@needs(EDITORS)
async def script_version(info: Info, slug: str, number: int) -> ScriptVersion | None:
    """One version of a script; null when there is none with this number.

    Args:
        slug: the script.
        number: number of the version.
    """
    service = info.context.services.scripts
    return await service.find_version(info.context.viewer, slug, number)


@strawberry.field
@needs(EDITORS)
async def script_diff(
    info: Info,
    slug: str,
    from_: Annotated[int, strawberry.argument(name="from")],
    to: int,
) -> list[FileChange]:
    """The files that differ between two versions of a script, by path.

    Args:
        slug: the script.
        from_: number of the older version; 0 for no files at all.
        to: number of the newer version.
    """
    return await info.context.services.scripts.diff(info.context.viewer, slug, from_, to)


@strawberry.field
@needs(EDITORS)
async def script_templates(info: Info) -> list[ScriptTemplate]:
    """Scripts to begin with, the simplest first."""
    must_be_allowed(info.context.viewer, Act.READ)
    return templates()


queries = [
    scripts,
    script,
    script_version,
    script_diff,
    script_templates,
    *graphql_roles.queries,
]
mutations = [
    *graphql_changes.mutations,
    *graphql_hosting.mutations,
    *graphql_roles.mutations,
]

__all__ = ["mutations", "queries", "subscriptions"]
