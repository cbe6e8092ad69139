"""SQL statements about the hosts that scripts send requests to."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiwebengine.database import Database


async def of_scripts(db: Database, script_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The list of each script that has one."""
    rows = await db.all(
        "select script_id, hosts from script_fetch_hosts where script_id = any(:script_ids)",
        script_ids=list(script_ids),
    )
    return {row["script_id"]: list(row["hosts"]) for row in rows}


async def put(db: Database, script_id: UUID, hosts: Sequence[str] | None) -> None:
    """Replace the list; None removes it."""
    if hosts is None:
        await db.execute(
            "delete from script_fetch_hosts where script_id = :script_id", script_id=script_id
        )
        return
    await db.execute(
        """
        insert into script_fetch_hosts (script_id, hosts) values (:script_id, :hosts)
        on conflict (script_id) do update set hosts = excluded.hosts
        """,
        script_id=script_id,
        hosts=list(hosts),
    )
