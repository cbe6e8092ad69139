"""SQL statements of the plain names of tools and prompts, each of which belongs to one script."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiwebengine.database import Database


async def claim_names(db: Database, kind: str, names: Sequence[str], script_id: UUID) -> None:
    """Give the script those names that no other script has; free those that it no longer uses."""
    await db.execute(
        """
        delete from script_mcp_names
        where kind = :kind and script_id = :script_id and name <> all(:names)
        """,
        kind=kind,
        names=list(names),
        script_id=script_id,
    )
    await db.execute(
        """
        insert into script_mcp_names (kind, name, script_id)
        select :kind, name, :script_id from unnest(cast(:names as text[])) as name
        on conflict do nothing
        """,
        kind=kind,
        names=list(names),
        script_id=script_id,
    )


async def release_names(db: Database, script_id: UUID) -> None:
    """Free all names of the script."""
    await db.execute("delete from script_mcp_names where script_id = :id", id=script_id)


async def owners(db: Database, kind: str) -> dict[str, UUID]:
    """The script of each name."""
    rows = await db.all(
        "select name, script_id from script_mcp_names where kind = :kind", kind=kind
    )
    return {row["name"]: row["script_id"] for row in rows}


async def owner(db: Database, kind: str, name: str) -> UUID | None:
    """The script with this name, or None."""
    found: UUID | None = await db.value(
        "select script_id from script_mcp_names where kind = :kind and name = :name",
        kind=kind,
        name=name,
    )
    return found
