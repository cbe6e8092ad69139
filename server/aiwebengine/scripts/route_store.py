"""SQL statements about routes, and about all that is served."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiwebengine.database import Database, Row
from aiwebengine.runtimes.types import Limits
from aiwebengine.scripts.records import ActiveScript
from aiwebengine.scripts.routes import claims_of
from aiwebengine.scripts.types import Dialect, PageMode, ScriptRoute


@dataclass(frozen=True)
class Clash:
    """A route that belongs to another script."""

    method: str
    path: str
    slug: str


async def replace(
    db: Database, script_id: UUID, host: str | None, routes: Sequence[ScriptRoute]
) -> bool:
    """Make *routes* the script's only ones; False when another script has one of them.

    Then the caller must roll back, because the others are stored.
    """
    claims = claims_of(routes)
    stored = await db.value(
        """
        with wanted as (
          select cast(:host as text) as host, w.* from unnest(
            cast(:shapes as text[]), cast(:methods as text[]), cast(:declared as text[]),
            cast(:paths as text[]), cast(:kinds as text[]), cast(:handlers as text[])
          ) as w (shape, method, declared_method, path, kind, handler)
        ), gone as (
          delete from script_routes r
          where r.script_id = :script_id and not exists (
            select from wanted w
            where w.host = r.host and w.shape = r.shape and w.method = r.method
          )
        ), stored as (
          insert into script_routes
            (host, shape, method, declared_method, path, kind, handler, script_id)
          select w.host, w.shape, w.method, w.declared_method, w.path, w.kind, w.handler, :script_id
          from wanted w
          on conflict (host, shape, method) do update
          set declared_method = excluded.declared_method, path = excluded.path,
            kind = excluded.kind, handler = excluded.handler
          where script_routes.script_id = excluded.script_id
          returning 1
        )
        select count(*) from stored
        """,
        script_id=script_id,
        host=host or "",
        shapes=[route.shape for _, route in claims],
        methods=[method for method, _ in claims],
        declared=[route.method for _, route in claims],
        paths=[route.path for _, route in claims],
        kinds=[route.kind for _, route in claims],
        handlers=[route.handler for _, route in claims],
    )
    return int(stored) == len(claims)


async def clashes(
    db: Database, script_id: UUID | None, host: str | None, routes: Sequence[ScriptRoute]
) -> list[Clash]:
    """The routes among *routes* that belong to another script."""
    claims = claims_of(routes)
    rows = await db.all(
        """
        select distinct w.declared_method, w.path, s.slug
        from unnest(
          cast(:shapes as text[]), cast(:methods as text[]), cast(:declared as text[]),
          cast(:paths as text[])
        ) as w (shape, method, declared_method, path)
        join script_routes r on r.host = :host and r.shape = w.shape and r.method = w.method
        join scripts s on s.id = r.script_id
        where s.id is distinct from cast(:script_id as uuid)
        order by w.path, w.declared_method
        """,
        script_id=script_id,
        host=host or "",
        shapes=[route.shape for _, route in claims],
        methods=[method for method, _ in claims],
        declared=[route.method for _, route in claims],
        paths=[route.path for _, route in claims],
    )
    return [Clash(row["declared_method"], row["path"], row["slug"]) for row in rows]


async def remove(db: Database, script_id: UUID) -> None:
    """Remove all routes of a script."""
    await db.execute("delete from script_routes where script_id = :script_id", script_id=script_id)


async def of_script(db: Database, script_id: UUID) -> list[ScriptRoute]:
    """The routes of a script, by path."""
    rows = await db.all(
        """
        select method, path, kind, handler, shape from script_routes
        where script_id = :script_id and method = declared_method
        order by path, method
        """,
        script_id=script_id,
    )
    return [ScriptRoute(**dict(row)) for row in rows]


async def active(
    db: Database, since: int | None, limits_of: Callable[[dict[str, Any]], Limits]
) -> list[ActiveScript]:
    """All scripts that are served; with *since* those that changed after this activation, also the
    ones that are no longer served.
    """
    changed = (
        "s.deleted_at is null and s.active_version is not null"
        if since is None
        else "s.activation > :since"
    )
    rows = await db.all(
        f"""
        select s.id, s.slug, s.activation, s.limits, s.host, s.page_mode,
          s.suspended_at is not null as is_suspended,
          case when s.deleted_at is null then v.number end as version,
          coalesce(v.digest, '') as digest, coalesce(v.entry, '') as entry,
          coalesce(v.dialect, 'module') as dialect,
          coalesce(v.registrations, '[]') as registrations,
          (
            select coalesce(
              jsonb_agg(
                jsonb_build_object(
                  'method', r.method, 'path', r.path, 'kind', r.kind, 'handler', r.handler,
                  'shape', r.shape
                )
                order by r.path, r.method
              ), '[]'
            )
            from script_routes r
            where r.script_id = s.id and r.method = r.declared_method
          ) as routes
        from scripts s
        left join script_versions v on v.script_id = s.id and v.number = s.active_version
        where {changed}
        order by s.activation
        """,
        **({} if since is None else {"since": since}),
    )
    return [_active(row, limits_of) for row in rows]


async def active_digests(db: Database) -> list[tuple[UUID, str]]:
    """The id of each script that is served, and the digest of its active version."""
    rows = await db.all(
        """
        select s.id, v.digest
        from scripts s join script_versions v on v.script_id = s.id and v.number = s.active_version
        where s.deleted_at is null
        """
    )
    return [(row["id"], row["digest"]) for row in rows]


def _active(row: Row, limits_of: Callable[[dict[str, Any]], Limits]) -> ActiveScript:
    return ActiveScript(
        **{
            **dict(row),
            "limits": limits_of(row["limits"]),
            "dialect": Dialect(row["dialect"]),
            "page_mode": PageMode(row["page_mode"]),
            "routes": [ScriptRoute(**route) for route in row["routes"]],
        }
    )
