"""SQL statements about the logs of scripts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import strawberry

from aiwebengine.database import Database, Row
from aiwebengine.scripts.checks import storable
from aiwebengine.scripts.log_types import LogLevel, NewLogLine, ScriptLogFilter, ScriptLogLine

LONGEST_TEXT = 10_000
LONGEST_FILE = 300
LONGEST_ROUTE = 600

_LEVELS = list(LogLevel)


async def append(db: Database, lines: Sequence[NewLogLine]) -> None:
    """Store lines. Lines of scripts that no longer exist are left out."""
    await db.execute(
        """
        insert into script_log
          (script_id, version, at, level, request_id, route, text, file, line, col)
        select l.script_id, l.version, l.at, l.level, l.request_id, l.route, l.text, l.file,
          l.line, l.col
        from unnest(
          cast(:script_ids as uuid[]), cast(:versions as integer[]), cast(:ats as timestamptz[]),
          cast(:levels as text[]), cast(:request_ids as text[]), cast(:routes as text[]),
          cast(:texts as text[]), cast(:files as text[]), cast(:lines as integer[]),
          cast(:cols as integer[])
        ) with ordinality
          as l (script_id, version, at, level, request_id, route, text, file, line, col, place)
        where exists (select from scripts s where s.id = l.script_id)
        order by l.place
        """,
        script_ids=[line.script_id for line in lines],
        versions=[line.version for line in lines],
        ats=[line.at for line in lines],
        levels=[line.level.value for line in lines],
        request_ids=[line.request_id for line in lines],
        routes=[_short(line.route, LONGEST_ROUTE) for line in lines],
        texts=[storable(line.text, LONGEST_TEXT) for line in lines],
        files=[_short(line.file, LONGEST_FILE) for line in lines],
        lines=[line.line for line in lines],
        cols=[line.column for line in lines],
    )


async def page(
    db: Database, script_id: UUID, wanted: ScriptLogFilter, before: int | None, limit: int
) -> list[ScriptLogLine]:
    """At most *limit* lines, newest first, with a number below *before*."""
    conditions, values = conditions_of(wanted)
    if before is not None:
        conditions.append("l.id < :before")
        values["before"] = before
    rows = await db.all(
        f"""
        select l.id, l.version, l.at, l.level, l.request_id, l.route, l.text, l.file, l.line, l.col
        from script_log l
        where {" and ".join(["l.script_id = :script_id", *conditions])}
        order by l.id desc
        limit :limit
        """,
        **{**values, "script_id": script_id, "limit": limit},
    )
    return [line_of(row) for row in rows]


async def newest_number(db: Database) -> int:
    """The highest number of a line; 0 without lines."""
    return int(await db.value("select coalesce(max(id), 0) from script_log"))


async def after(
    db: Database,
    script_id: UUID,
    wanted: ScriptLogFilter,
    floor: int,
    known: Collection[int],
    limit: int,
) -> list[ScriptLogLine]:
    """At most *limit* lines, oldest first, with a number above *floor* that is not *known*."""
    conditions, values = conditions_of(wanted)
    rows = await db.all(
        f"""
        select l.id, l.version, l.at, l.level, l.request_id, l.route, l.text, l.file, l.line, l.col
        from script_log l
        where {" and ".join(["l.script_id = :script_id", *conditions])}
          and l.id > :floor and l.id <> all(cast(:known as bigint[]))
        order by l.id
        limit :limit
        """,
        **{
            **values,
            "script_id": script_id,
            "floor": floor,
            "known": list(known),
            "limit": limit,
        },
    )
    return [line_of(row) for row in rows]


async def count(db: Database, script_id: UUID, wanted: ScriptLogFilter) -> int:
    """Number of lines that match the filter."""
    conditions, values = conditions_of(wanted)
    where = " and ".join(["l.script_id = :script_id", *conditions])
    return int(
        await db.value(
            f"select count(*) from script_log l where {where}", **{**values, "script_id": script_id}
        )
    )


async def remove_old(db: Database, keep_days: int) -> int:
    """Remove lines that are older than *keep_days* days; their number."""
    return int(
        await db.value(
            """
            with gone as (
              delete from script_log
              where at < now() - make_interval(days => cast(:keep_days as integer))
              returning 1
            )
            select count(*) from gone
            """,
            keep_days=keep_days,
        )
    )


def _short(text: str | None, longest: int) -> str | None:
    return None if text is None else storable(text, longest)


def conditions_of(wanted: ScriptLogFilter) -> tuple[list[str], dict[str, Any]]:
    """The conditions of a filter on `script_log l`, and their values."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if wanted.search:
        conditions.append("strpos(lower(l.text), lower(:search)) > 0")
        values["search"] = wanted.search
    if wanted.level is not None:
        conditions.append("l.level = any(:levels)")
        values["levels"] = [one.value for one in _LEVELS[_LEVELS.index(wanted.level) :]]
    if wanted.request_id is not None:
        conditions.append("l.request_id = :request_id")
        values["request_id"] = wanted.request_id
    if wanted.version is not None:
        conditions.append("l.version = :version")
        values["version"] = wanted.version
    return conditions, values


def line_of(row: Row) -> ScriptLogLine:
    """The line of a row with these columns."""
    return ScriptLogLine(
        id=strawberry.ID(str(row["id"])),
        version=row["version"],
        at=row["at"],
        level=LogLevel(row["level"]),
        request_id=row["request_id"],
        route=row["route"],
        text=row["text"],
        file=row["file"],
        line=row["line"],
        column=row["col"],
    )
