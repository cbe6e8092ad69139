"""SQL statements about drafts of scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from aiwebengine.database import Database, Row
from aiwebengine.script_drafts.types import ScriptDraft, ScriptDraftFile

Key = tuple[UUID, UUID]
"""A script and a user."""

_COLUMNS = "d.script_id as script_key, d.user_id, d.base_version, d.revision, d.saved_at"
_WANTED = """
  unnest(cast(:script_ids as uuid[]), cast(:user_ids as uuid[])) as w (script_id, user_id)
"""


async def many(db: Database, keys: Sequence[Key]) -> dict[Key, ScriptDraft]:
    """The drafts that exist."""
    rows = await db.all(
        f"""
        select {_COLUMNS} from script_drafts d join {_WANTED} using (script_id, user_id)
        """,
        **_columns_of(keys),
    )
    return {(row["script_key"], row["user_id"]): ScriptDraft(**dict(row)) for row in rows}


async def bytes_of(db: Database, keys: Sequence[Key]) -> int:
    """The bytes of all files of these drafts."""
    return int(
        await db.value(
            f"""
            select coalesce(sum(length(f.content)), 0)
            from script_draft_files f join {_WANTED} using (script_id, user_id)
            """,
            **_columns_of(keys),
        )
    )


async def files(db: Database, keys: Sequence[Key]) -> dict[Key, list[ScriptDraftFile]]:
    """The files of each draft, by path."""
    rows = await db.all(
        f"""
        select f.script_id, f.user_id, f.path, f.content
        from script_draft_files f join {_WANTED} using (script_id, user_id)
        order by f.path
        """,
        **_columns_of(keys),
    )
    found: dict[Key, list[ScriptDraftFile]] = {key: [] for key in keys}
    for row in rows:
        file = ScriptDraftFile(path=row["path"], content=row["content"])
        found[row["script_id"], row["user_id"]].append(file)
    return found


async def lock(db: Database, key: Key, base_version: int) -> tuple[ScriptDraft, bool]:
    """The draft, locked until the end of the transaction, and whether it was created for that.

    A new one has the revision 0.
    """
    while True:
        added = await db.value(
            """
            insert into script_drafts (script_id, user_id, base_version, revision)
            values (:script_id, :user_id, :base_version, 0)
            on conflict do nothing
            returning true
            """,
            **_key(key),
            base_version=base_version,
        )
        draft = await locked(db, key)
        # None: another transaction that had removed it was committed in between.
        if draft is not None:
            return draft, bool(added)


async def put_files(db: Database, key: Key, contents: Mapping[str, bytes | None]) -> None:
    """Add or replace files."""
    await db.execute(
        """
        insert into script_draft_files (script_id, user_id, path, content)
        select :script_id, :user_id, f.path, f.content
        from unnest(cast(:paths as text[]), cast(:contents as bytea[])) as f (path, content)
        on conflict (script_id, user_id, path) do update set content = excluded.content
        """,
        **_key(key),
        paths=list(contents),
        contents=list(contents.values()),
    )


async def remove_files(db: Database, key: Key, paths: Sequence[str] | None) -> None:
    """Remove these files, or all."""
    await db.execute(
        """
        delete from script_draft_files
        where script_id = :script_id and user_id = :user_id
          and (cast(:paths as text[]) is null or path = any(:paths))
        """,
        **_key(key),
        paths=None if paths is None else list(paths),
    )


async def size(db: Database, key: Key) -> tuple[int, int, int]:
    """The number of files, their bytes together, and the bytes of all drafts of the user."""
    row = await db.one(
        """
        select count(*) filter (where d.script_id = :script_id) as files,
          coalesce(sum(length(f.content)) filter (where d.script_id = :script_id), 0) as bytes,
          coalesce(sum(length(f.content)), 0) as bytes_of_user
        from script_drafts d join script_draft_files f using (script_id, user_id)
        where d.user_id = :user_id
        """,
        **_key(key),
    )
    assert row is not None  # noqa: S101 - it counts
    return int(row["files"]), int(row["bytes"]), int(row["bytes_of_user"])


async def touch(db: Database, key: Key, base_version: int) -> ScriptDraft:
    """Note a change: the draft gets a revision that no draft had before."""
    row: Row | None = await db.one(
        f"""
        update script_drafts d
        set base_version = :base_version, saved_at = now(),
          revision = nextval('script_draft_revisions')
        where d.script_id = :script_id and d.user_id = :user_id
        returning {_COLUMNS}
        """,
        **_key(key),
        base_version=base_version,
    )
    assert row is not None  # noqa: S101 - the caller has locked it
    return ScriptDraft(**dict(row))


async def locked(db: Database, key: Key) -> ScriptDraft | None:
    """The draft, locked until the end of the transaction; None if there is none."""
    row = await db.one(
        f"""
        select {_COLUMNS} from script_drafts d
        where d.script_id = :script_id and d.user_id = :user_id
        for update
        """,
        **_key(key),
    )
    return None if row is None else ScriptDraft(**dict(row))


async def remove(db: Database, key: Key) -> bool:
    """Remove a draft; False if there is none."""
    return bool(
        await db.value(
            """
            delete from script_drafts where script_id = :script_id and user_id = :user_id
            returning true
            """,
            **_key(key),
        )
    )


async def remove_beyond(db: Database, user_id: UUID, most: int) -> None:
    """Remove the drafts of a user that were not changed for the longest time, but keep *most*."""
    await db.execute(
        """
        delete from script_drafts d
        using (
          select script_id from script_drafts
          where user_id = :user_id
          order by saved_at desc, script_id
          offset :most
        ) old
        where d.user_id = :user_id and d.script_id = old.script_id
        """,
        user_id=user_id,
        most=most,
    )


async def remove_old(db: Database, keep_days: int) -> int:
    """Remove drafts that were not changed for so many days; their number."""
    rows = await db.all(
        """
        delete from script_drafts
        where saved_at < now() - make_interval(days => cast(:keep_days as integer))
        returning script_id
        """,
        keep_days=keep_days,
    )
    return len(rows)


def _key(key: Key) -> dict[str, UUID]:
    return {"script_id": key[0], "user_id": key[1]}


def _columns_of(keys: Sequence[Key]) -> dict[str, list[UUID]]:
    return {"script_ids": [key[0] for key in keys], "user_ids": [key[1] for key in keys]}
