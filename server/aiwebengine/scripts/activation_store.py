"""SQL statements about the list of deployments of each script."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.scripts.activation_types import ActivationKind, ScriptActivation
from aiwebengine.scripts.batch_store import Page


async def add(
    db: Database,
    script_id: UUID,
    version: int,
    previous_version: int | None,
    kind: ActivationKind,
    by: str,
) -> None:
    """Note a deployment in its transaction."""
    await db.execute(
        """
        insert into script_deployments (script_id, version, previous_version, kind, by_name)
        values (:script_id, :version, :previous_version, :kind, :by)
        """,
        script_id=script_id,
        version=version,
        previous_version=previous_version,
        kind=kind.value,
        by=by,
    )


async def pages(db: Database, wanted: Sequence[Page]) -> list[list[ScriptActivation]]:
    """The deployments of each page, newest first."""
    script_ids, befores, limits = zip(*wanted, strict=True)
    rows = await db.all(
        """
        select w.place, found.*
        from unnest(
          cast(:script_ids as uuid[]), cast(:befores as bigint[]), cast(:limits as integer[])
        ) with ordinality as w (script_id, before, most, place)
        cross join lateral (
          select d.id as number, d.version, d.previous_version, d.kind, d.at, d.by_name as by
          from script_deployments d
          where d.script_id = w.script_id and (w.before is null or d.id < w.before)
          order by d.id desc
          limit w.most
        ) found
        order by w.place, found.number desc
        """,
        script_ids=list(script_ids),
        befores=list(befores),
        limits=list(limits),
    )
    found: list[list[ScriptActivation]] = [[] for _ in wanted]
    for row in rows:
        values = dict(row)
        values["kind"] = ActivationKind(values["kind"])
        found[values.pop("place") - 1].append(ScriptActivation(**values))
    return found


async def counts(db: Database, script_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The number of deployments of each script."""
    rows = await db.all(
        """
        select script_id, count(*) as number
        from script_deployments
        where script_id = any(:script_ids)
        group by script_id
        """,
        script_ids=list(script_ids),
    )
    found = {row["script_id"]: int(row["number"]) for row in rows}
    return {script_id: found.get(script_id, 0) for script_id in script_ids}


async def remove_old(db: Database, keep: int) -> None:
    """Remove all but the newest *keep* deployments of each script."""
    await db.execute(
        """
        delete from script_deployments d
        using (
          select id, row_number() over (partition by script_id order by id desc) as place
          from script_deployments
        ) placed
        where d.id = placed.id and placed.place > :keep
        """,
        keep=keep,
    )
