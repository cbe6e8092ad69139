"""SQL statements about scripts and their owners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from aiwebengine.database import Database, Row
from aiwebengine.scripts.types import (
    PageMode,
    Script,
    ScriptFilter,
    ScriptOwner,
    ScriptState,
)

COLUMNS = """
  s.id, s.slug, s.title, s.newest_version, s.active_version, s.host, s.page_mode, s.limits,
  s.suspended_at, s.suspension_reason, s.activation, s.created_at, s.created_by, s.deleted_at,
  exists (
    select from script_owners o where o.script_id = s.id and o.user_id = cast(:viewer_id as uuid)
  ) as is_owner
"""
"""The columns of a script `s`, for the viewer with the id `:viewer_id`."""

_OF_STATE = {
    ScriptState.DELETED: "s.deleted_at is not null",
    ScriptState.SUSPENDED: "s.suspended_at is not null",
    ScriptState.ACTIVE: "s.active_version is not null and s.suspended_at is null",
    ScriptState.DRAFT: "s.active_version is null and s.suspended_at is null",
}

Key = tuple[str, UUID]


async def page(
    db: Database, wanted: ScriptFilter, viewer_id: UUID | None, after: Key | None, limit: int
) -> list[Script]:
    """At most *limit* scripts, in the order of their slugs, that come after the key *after*."""
    conditions, values = _conditions(wanted, viewer_id)
    if after is not None:
        conditions.append("(s.slug, s.id) > (:after_slug, :after_id)")
        values |= {"after_slug": after[0], "after_id": after[1]}
    rows = await db.all(
        f"""
        select {COLUMNS}
        from scripts s
        where {" and ".join(conditions)}
        order by s.slug, s.id
        limit :limit
        """,
        **{**values, "viewer_id": viewer_id, "limit": limit},
    )
    return [script_of(row) for row in rows]


async def count(db: Database, wanted: ScriptFilter, viewer_id: UUID | None) -> int:
    """Number of scripts that match the filter."""
    conditions, values = _conditions(wanted, viewer_id)
    return int(
        await db.value(f"select count(*) from scripts s where {' and '.join(conditions)}", **values)
    )


async def find(db: Database, slug: str, viewer_id: UUID | None) -> Script | None:
    """The script, or None; deleted ones are not found."""
    row = await db.one(
        f"select {COLUMNS} from scripts s where s.slug = :slug and s.deleted_at is null",
        slug=slug,
        viewer_id=viewer_id,
    )
    return None if row is None else script_of(row)


async def find_by_id(db: Database, script_id: UUID, viewer_id: UUID | None) -> Script | None:
    """The script, or None; deleted ones are found."""
    row = await db.one(
        f"select {COLUMNS} from scripts s where s.id = :script_id",
        script_id=script_id,
        viewer_id=viewer_id,
    )
    return None if row is None else script_of(row)


async def find_deleted(db: Database, slug: str, viewer_id: UUID | None) -> Script | None:
    """The script with this slug that was deleted last, or None."""
    row = await db.one(
        f"""
        select {COLUMNS} from scripts s
        where s.slug = :slug and s.deleted_at is not null
        order by s.deleted_at desc
        limit 1
        """,
        slug=slug,
        viewer_id=viewer_id,
    )
    return None if row is None else script_of(row)


async def lock(db: Database, slug: str, viewer_id: UUID | None) -> Script | None:
    """Lock the script until the end of the transaction; None when there is none, or it is deleted.

    It is read by a second statement, which sees what was committed while this one waited. Rows that
    refer to the script can be added meanwhile: a deployment must not stop what its visitors store.
    """
    script_id: UUID | None = await db.value(
        "select id from scripts where slug = :slug and deleted_at is null for no key update",
        slug=slug,
    )
    return None if script_id is None else await find_by_id(db, script_id, viewer_id)


async def lock_by_id(db: Database, script_id: UUID, viewer_id: UUID | None) -> Script | None:
    """The same by id, also for a deleted script."""
    await db.execute(
        "select from scripts where id = :script_id for no key update", script_id=script_id
    )
    return await find_by_id(db, script_id, viewer_id)


async def next_activation(db: Database) -> int:
    """The number of the change of what is served that this transaction makes.

    Until it ends, other such changes wait here. To prevent deadlocks, the script is locked before.
    Numbers are about the time in milliseconds, so that after a restore of a backup none is given
    again.
    """
    return int(
        await db.value(
            """
            update script_activations
            set number = greatest(
              number + 1, cast(1000 * extract(epoch from clock_timestamp()) as bigint)
            )
            returning number
            """
        )
    )


async def latest_activation(db: Database) -> int:
    """The number of the last change of what is served."""
    return int(await db.value("select number from script_activations"))


async def add(
    db: Database, script_id: UUID, slug: str, title: str, created_by: str, owner_id: UUID | None
) -> bool:
    """Create a script with one owner, or none; False when the slug is taken."""
    created = await db.value(
        """
        with script as (
          insert into scripts (id, slug, title, created_by)
          values (:script_id, :slug, :title, :created_by)
          on conflict (slug) where deleted_at is null do nothing
          returning id
        ), owner as (
          insert into script_owners (script_id, user_id, added_by)
          select id, cast(:owner_id as uuid), :created_by from script
          where cast(:owner_id as uuid) is not null
        )
        select id from script
        """,
        script_id=script_id,
        slug=slug,
        title=title,
        created_by=created_by,
        owner_id=owner_id,
    )
    return created is not None


async def suspend(db: Database, script_id: UUID, reason: str, activation: int) -> None:
    """Suspend a script."""
    await db.execute(
        """
        update scripts
        set suspended_at = now(), suspension_reason = :reason, activation = :activation
        where id = :script_id
        """,
        script_id=script_id,
        reason=reason,
        activation=activation,
    )


async def resume(db: Database, script_id: UUID, activation: int) -> None:
    """Resume a suspended script."""
    await db.execute(
        """
        update scripts
        set suspended_at = null, suspension_reason = null, activation = :activation
        where id = :script_id
        """,
        script_id=script_id,
        activation=activation,
    )


async def delete(db: Database, script_id: UUID, activation: int) -> None:
    """Mark a script as deleted, with no active version."""
    await db.execute(
        """
        update scripts
        set deleted_at = now(), active_version = null, activation = :activation
        where id = :script_id
        """,
        script_id=script_id,
        activation=activation,
    )


async def restore(db: Database, script_id: UUID) -> bool:
    """Restore a deleted script; False when another script has its slug."""
    return bool(
        await db.value(
            """
            update scripts s set deleted_at = null
            where s.id = :script_id and not exists (
              select from scripts o where o.slug = s.slug and o.deleted_at is null
            )
            returning true
            """,
            script_id=script_id,
        )
    )


async def set_limits(
    db: Database, script_id: UUID, limits: dict[str, Any], activation: int
) -> None:
    """Replace the limits that differ from the default."""
    await db.execute(
        "update scripts set limits = :limits, activation = :activation where id = :script_id",
        script_id=script_id,
        limits=limits,
        activation=activation,
    )


async def set_title(db: Database, script_id: UUID, title: str) -> None:
    """Set the title."""
    await db.execute(
        "update scripts set title = :title where id = :script_id", script_id=script_id, title=title
    )


async def set_host(
    db: Database, script_id: UUID, host: str | None, page_mode: PageMode, activation: int
) -> None:
    """Set the host and the page mode."""
    await db.execute(
        """
        update scripts set host = :host, page_mode = :page_mode, activation = :activation
        where id = :script_id
        """,
        script_id=script_id,
        host=host,
        page_mode=page_mode.value,
        activation=activation,
    )


async def owners(db: Database, script_ids: Sequence[UUID]) -> dict[UUID, list[ScriptOwner]]:
    """The owners of each script, oldest first."""
    rows = await db.all(
        """
        select o.script_id, o.user_id, u.email, u.name, o.added_at, o.added_by
        from script_owners o join users u on u.id = o.user_id
        where o.script_id = any(:script_ids)
        order by o.added_at, o.user_id
        """,
        script_ids=list(script_ids),
    )
    found: dict[UUID, list[ScriptOwner]] = {script_id: [] for script_id in script_ids}
    for row in rows:
        values = dict(row)
        found[values.pop("script_id")].append(ScriptOwner(**values))
    return found


async def add_owner(db: Database, script_id: UUID, user_id: UUID, added_by: str) -> bool:
    """Add an owner; False when the user is one."""
    return bool(
        await db.value(
            """
            insert into script_owners (script_id, user_id, added_by)
            values (:script_id, :user_id, :added_by)
            on conflict do nothing
            returning true
            """,
            script_id=script_id,
            user_id=user_id,
            added_by=added_by,
        )
    )


async def remove_owner(db: Database, script_id: UUID, user_id: UUID) -> None:
    """Remove an owner."""
    await db.execute(
        "delete from script_owners where script_id = :script_id and user_id = :user_id",
        script_id=script_id,
        user_id=user_id,
    )


async def remove_deleted(db: Database, keep_days: int) -> list[UUID]:
    """Remove scripts that were deleted more than *keep_days* days ago; their IDs."""
    rows = await db.all(
        """
        delete from scripts
        where deleted_at < now() - make_interval(days => cast(:keep_days as integer))
        returning id
        """,
        keep_days=keep_days,
    )
    return [row["id"] for row in rows]


def _conditions(wanted: ScriptFilter, viewer_id: UUID | None) -> tuple[list[str], dict[str, Any]]:
    """The conditions of a filter on `scripts s`, and their values."""
    is_for_deleted = wanted.state is ScriptState.DELETED
    conditions = [] if is_for_deleted else ["s.deleted_at is null"]
    values: dict[str, Any] = {}
    if wanted.state is not None:
        conditions.append(_OF_STATE[wanted.state])
    if wanted.search:
        # `strpos` has no characters with a meaning of their own, unlike a pattern.
        conditions.append(
            "(strpos(lower(s.slug || ' ' || s.title), lower(:search)) > 0 or s.id in ("
            " select r.script_id from script_routes r"
            " where strpos(lower(r.path), lower(:search)) > 0))"
        )
        values["search"] = wanted.search
    if wanted.mine:
        conditions.append(
            "exists (select from script_owners m where m.script_id = s.id"
            " and m.user_id = cast(:viewer_id as uuid))"
        )
        values["viewer_id"] = viewer_id
    if wanted.ownerless:
        conditions.append("not exists (select from script_owners n where n.script_id = s.id)")
    return conditions, values


def script_of(row: Row) -> Script:
    """The script of a row with these columns."""
    return Script(
        id=strawberry.ID(str(row["id"])),
        key=row["id"],
        slug=row["slug"],
        title=row["title"],
        newest_version=row["newest_version"],
        active_version=row["active_version"],
        host=row["host"],
        page_mode=PageMode(row["page_mode"]),
        overrides=row["limits"],
        suspended_at=row["suspended_at"],
        suspension_reason=row["suspension_reason"],
        activation=row["activation"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        deleted_at=row["deleted_at"],
        is_owner=row["is_owner"],
    )
