"""SQL statements that read what belongs to many scripts or versions at once."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.scripts.log_store import conditions_of, line_of
from aiwebengine.scripts.log_types import ScriptLogFilter, ScriptLogLine
from aiwebengine.scripts.types import ScriptFile, ScriptRoute, ScriptVersion
from aiwebengine.scripts.version_store import COLUMNS, version_of

Page = tuple[UUID, int | None, int]
"""A script, the number below which its page begins (None: the newest), and how many rows."""
NumberedVersion = tuple[UUID, int]
"""A script and the number of one of its versions."""


async def versions(db: Database, wanted: Sequence[NumberedVersion]) -> list[ScriptVersion]:
    """The versions that exist, in no order."""
    rows = await db.all(
        f"""
        select {COLUMNS}
        from script_versions v
        join unnest(cast(:script_ids as uuid[]), cast(:numbers as integer[]))
          as w (script_id, number) on (v.script_id, v.number) = (w.script_id, w.number)
        """,
        script_ids=[script_id for script_id, _ in wanted],
        numbers=[number for _, number in wanted],
    )
    return [version_of(row) for row in rows]


async def pages_of_versions(db: Database, wanted: Sequence[Page]) -> list[list[ScriptVersion]]:
    """The versions of each page, newest first."""
    rows = await db.all(
        f"""
        select w.place, found.*
        from unnest(
          cast(:script_ids as uuid[]), cast(:befores as integer[]), cast(:limits as integer[])
        ) with ordinality as w (script_id, before, most, place)
        cross join lateral (
          select {COLUMNS} from script_versions v
          where v.script_id = w.script_id and (w.before is null or v.number < w.before)
          order by v.number desc
          limit w.most
        ) found
        order by w.place, found.number desc
        """,
        **_columns_of(wanted),
    )
    pages: list[list[ScriptVersion]] = [[] for _ in wanted]
    for row in rows:
        values = dict(row)
        pages[values.pop("place") - 1].append(version_of(values))
    return pages


async def files(
    db: Database, wanted: Sequence[NumberedVersion]
) -> dict[NumberedVersion, list[ScriptFile]]:
    """The files of each version by path, without their contents."""
    distinct = set(wanted)
    rows = await db.all(
        """
        select f.script_id, f.version, f.path, f.digest, length(b.content) as size
        from script_files f
        join script_blobs b using (digest)
        join unnest(cast(:script_ids as uuid[]), cast(:numbers as integer[]))
          as w (script_id, number) on (f.script_id, f.version) = (w.script_id, w.number)
        order by f.path
        """,
        script_ids=[script_id for script_id, _ in distinct],
        numbers=[number for _, number in distinct],
    )
    found: dict[NumberedVersion, list[ScriptFile]] = {key: [] for key in wanted}
    for row in rows:
        file = ScriptFile(path=row["path"], size=row["size"], digest=row["digest"])
        found[row["script_id"], row["version"]].append(file)
    return found


async def routes(db: Database, script_ids: Sequence[UUID]) -> dict[UUID, list[ScriptRoute]]:
    """The routes of each script."""
    rows = await db.all(
        """
        select script_id, method, path, kind, handler, shape
        from script_routes
        where script_id = any(:script_ids) and method = declared_method
        order by path, method
        """,
        script_ids=list(script_ids),
    )
    found: dict[UUID, list[ScriptRoute]] = {script_id: [] for script_id in script_ids}
    for row in rows:
        values = dict(row)
        found[values.pop("script_id")].append(ScriptRoute(**values))
    return found


async def pages_of_log(
    db: Database, wanted: Sequence[Page], criteria: ScriptLogFilter
) -> list[list[ScriptLogLine]]:
    """The log lines of each page that match the filter, newest first."""
    conditions, values = conditions_of(criteria)
    rows = await db.all(
        f"""
        select w.place, found.*
        from unnest(
          cast(:script_ids as uuid[]), cast(:befores as bigint[]), cast(:limits as integer[])
        ) with ordinality as w (script_id, before, most, place)
        cross join lateral (
          select l.id, l.version, l.at, l.level, l.request_id, l.route, l.text, l.file, l.line,
            l.col
          from script_log l
          where {" and ".join(["l.script_id = w.script_id", *conditions])}
            and (w.before is null or l.id < w.before)
          order by l.id desc
          limit w.most
        ) found
        order by w.place, found.id desc
        """,
        **{**values, **_columns_of(wanted)},
    )
    pages: list[list[ScriptLogLine]] = [[] for _ in wanted]
    for row in rows:
        pages[row["place"] - 1].append(line_of(row))
    return pages


async def counts_of_log(
    db: Database, script_ids: Sequence[UUID], criteria: ScriptLogFilter
) -> dict[UUID, int]:
    """The number of log lines of each script that match the filter."""
    conditions, values = conditions_of(criteria)
    rows = await db.all(
        f"""
        select l.script_id, count(*) as lines
        from script_log l
        where {" and ".join(["l.script_id = any(:script_ids)", *conditions])}
        group by l.script_id
        """,
        **{**values, "script_ids": list(script_ids)},
    )
    found = {row["script_id"]: int(row["lines"]) for row in rows}
    return {script_id: found.get(script_id, 0) for script_id in script_ids}


def _columns_of(wanted: Sequence[Page]) -> dict[str, list[object]]:
    script_ids, befores, limits = zip(*wanted, strict=True)
    return {"script_ids": list(script_ids), "befores": list(befores), "limits": list(limits)}
