"""SQL statements about the files that scripts store, beside those of their versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from aiwebengine.database import Database, Row
from aiwebengine.script_assets.content_types import type_of
from aiwebengine.script_assets.types import AssetFile

# Of a path that both have, the stored file counts.
_FILES = """
  select a.path, a.digest, a.size, a.content_type, a.created_at, a.updated_at, true as is_stored
  from script_assets a
  where a.script_id = :script_id
  union all
  select f.path, f.digest, length(b.content), null, v.created_at, v.created_at, false
  from script_files f
  join script_blobs b on b.digest = f.digest
  join script_versions v on v.script_id = f.script_id and v.number = f.version
  where f.script_id = :script_id and f.version = :version
    and not exists (
      select from script_assets a where a.script_id = f.script_id and a.path = f.path
    )
"""


async def find(
    db: Database, script_id: UUID, version: int | None, paths: Sequence[str]
) -> dict[str, AssetFile]:
    """The files with these paths."""
    rows = await db.all(
        f"select * from ({_FILES}) as files where path = any(:paths)",
        script_id=script_id,
        version=version,
        paths=list(paths),
    )
    return {row["path"]: _file_of(row) for row in rows}


async def page(
    db: Database,
    script_id: UUID,
    version: int | None,
    prefix: str,
    after: str | None,
    limit: int,
    *,
    only_stored: bool,
) -> list[AssetFile]:
    """At most *limit* files whose paths begin with *prefix*, by path, that come after *after*."""
    rows = await db.all(
        f"""
        select * from ({_FILES}) as files
        where starts_with(path, :prefix)
          and (cast(:after as text) is null or path collate "C" > :after)
          and (is_stored or not :only_stored)
        order by path collate "C"
        limit :limit
        """,
        script_id=script_id,
        version=version,
        prefix=prefix,
        after=after,
        limit=limit,
        only_stored=only_stored,
    )
    return [_file_of(row) for row in rows]


async def count(
    db: Database, script_id: UUID, version: int | None, prefix: str, *, only_stored: bool
) -> int:
    """Number of files whose paths begin with *prefix*."""
    return int(
        await db.value(
            f"""
            select count(*) from ({_FILES}) as files
            where starts_with(path, :prefix) and (is_stored or not :only_stored)
            """,
            script_id=script_id,
            version=version,
            prefix=prefix,
            only_stored=only_stored,
        )
    )


async def stored(db: Database, script_id: UUID) -> dict[str, str]:
    """The digest of each stored file by path."""
    rows = await db.all(
        "select path, digest from script_assets where script_id = :script_id", script_id=script_id
    )
    return {row["path"]: row["digest"] for row in rows}


async def lock(db: Database, script_id: UUID) -> None:
    """Make other changes of the script's files wait until the end of the transaction."""
    await db.execute(
        "select pg_advisory_xact_lock(hashtextextended('script_assets ' || :script_id, 0))",
        script_id=str(script_id),
    )


async def put(
    db: Database,
    script_id: UUID,
    files: Mapping[str, tuple[str, bytes]],
    content_types: Mapping[str, str],
) -> None:
    """Store files: digest and content by path. Contents that are stored already stay.

    It is one statement, so that `remove_unused_contents` sees either both rows or none.
    """
    paths = sorted(files)
    contents = dict(files.values())
    await db.execute(
        """
        with blobs as (
          insert into script_blobs (digest, content)
          select b.digest, b.content
          from unnest(cast(:blobs as text[]), cast(:contents as bytea[])) as b (digest, content)
          order by b.digest
          on conflict do nothing
        )
        insert into script_assets (script_id, path, digest, size, content_type)
        select :script_id, f.path, f.digest, f.size, f.content_type
        from unnest(
          cast(:paths as text[]), cast(:digests as text[]), cast(:sizes as integer[]),
          cast(:content_types as text[])
        ) as f (path, digest, size, content_type)
        on conflict (script_id, path) do update
        set digest = excluded.digest, size = excluded.size, content_type = excluded.content_type,
          updated_at = now()
        """,
        script_id=script_id,
        blobs=list(contents),
        contents=list(contents.values()),
        paths=paths,
        digests=[files[path][0] for path in paths],
        sizes=[len(files[path][1]) for path in paths],
        content_types=[content_types.get(path) for path in paths],
    )


async def remove(db: Database, script_id: UUID, paths: Sequence[str]) -> set[str]:
    """Remove stored files; the paths of those that there were."""
    rows = await db.all(
        """
        delete from script_assets
        where script_id = :script_id and path = any(:paths)
        returning path
        """,
        script_id=script_id,
        paths=list(paths),
    )
    return {row["path"] for row in rows}


async def totals(db: Database, script_id: UUID) -> tuple[int, int]:
    """The number of stored files, and of their bytes."""
    row = await db.one(
        """
        select count(*) as files, coalesce(sum(size), 0) as bytes
        from script_assets
        where script_id = :script_id
        """,
        script_id=script_id,
    )
    assert row is not None  # noqa: S101 - an aggregate has a row
    return int(row["files"]), int(row["bytes"])


async def content(db: Database, digest: str) -> bytes | None:
    """The content with this digest; None if it was removed meanwhile."""
    found: bytes | None = await db.value(
        "select content from script_blobs where digest = :digest", digest=digest
    )
    return found


async def part(db: Database, digest: str, start: int, length: int) -> bytes | None:
    """Part of a content, of which *start* bytes come before."""
    found: bytes | None = await db.value(
        """
        select substring(content from cast(:start as integer) + 1 for cast(:length as integer))
        from script_blobs
        where digest = :digest
        """,
        digest=digest,
        start=start,
        length=length,
    )
    return found


def _file_of(row: Row) -> AssetFile:
    values = dict(row)
    return AssetFile(**values | {"content_type": values["content_type"] or type_of(row["path"])})
