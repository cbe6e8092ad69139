"""SQL statements about versions and their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from aiwebengine.database import Database, Row
from aiwebengine.scripts.records import Tree
from aiwebengine.scripts.types import Diagnostic, Dialect, ScriptVersion

COLUMNS = """
  v.script_id as script_key, v.number, v.parent, v.message, v.author_id, v.author_name,
  v.created_at, v.digest, v.entry, v.dialect, v.registrations, v.diagnostics, v.deployed_at
"""
"""The columns of a version `v`."""


async def add(
    db: Database,
    script_id: UUID,
    number: int,
    parent: int | None,
    tree: Tree,
    message: str,
    author_id: UUID | None,
    author_name: str,
) -> None:
    """Store a version with its files, as the newest of its script, which the caller has locked.

    Contents that are stored already are not stored again.
    """
    contents = {tree.digests[path]: content for path, content in tree.files.items()}
    paths = sorted(tree.files)
    await db.execute(
        """
        with version as (
          insert into script_versions
            (script_id, number, parent, message, author_id, author_name, digest, entry, dialect)
          values
            (:script_id, :number, :parent, :message, :author_id, :author_name, :digest, :entry,
             :dialect)
        ), newest as (
          update scripts set newest_version = :number where id = :script_id
        ), blobs as (
          insert into script_blobs (digest, content)
          select b.digest, b.content
          from unnest(cast(:blobs as text[]), cast(:contents as bytea[])) as b (digest, content)
          order by b.digest
          on conflict do nothing
        )
        insert into script_files (script_id, version, path, digest)
        select :script_id, :number, f.path, f.digest
        from unnest(cast(:paths as text[]), cast(:digests as text[])) as f (path, digest)
        """,
        script_id=script_id,
        number=number,
        parent=parent,
        message=message,
        author_id=author_id,
        author_name=author_name,
        digest=tree.digest,
        entry=tree.entry,
        dialect=tree.dialect.value,
        blobs=list(contents),
        contents=list(contents.values()),
        paths=paths,
        digests=[tree.digests[path] for path in paths],
    )


async def find(db: Database, script_id: UUID, number: int) -> ScriptVersion | None:
    """The version, or None."""
    row = await db.one(
        f"""
        select {COLUMNS} from script_versions v
        where v.script_id = :script_id and v.number = :number
        """,
        script_id=script_id,
        number=number,
    )
    return None if row is None else version_of(row)


async def page(
    db: Database, script_id: UUID, before: int | None, limit: int
) -> list[ScriptVersion]:
    """At most *limit* versions, newest first, with a number below *before*."""
    rows = await db.all(
        f"""
        select {COLUMNS} from script_versions v
        where v.script_id = :script_id
          and (cast(:before as integer) is null or v.number < :before)
        order by v.number desc
        limit :limit
        """,
        script_id=script_id,
        before=before,
        limit=limit,
    )
    return [version_of(row) for row in rows]


async def deployed_before(db: Database, script_id: UUID, number: int) -> int | None:
    """The newest version below *number* that was ever deployed, or None."""
    found: int | None = await db.value(
        """
        select max(number) from script_versions
        where script_id = :script_id and number < :number and deployed_at is not null
        """,
        script_id=script_id,
        number=number,
    )
    return found


async def note_check(
    db: Database,
    script_id: UUID,
    number: int,
    registrations: list[dict[str, Any]] | None,
    diagnostics: Sequence[Diagnostic],
) -> None:
    """Store what a version reported when it was loaded. *registrations* None keeps those before."""
    await db.execute(
        """
        update script_versions
        set registrations = coalesce(:registrations, registrations), diagnostics = :diagnostics
        where script_id = :script_id and number = :number
        """,
        script_id=script_id,
        number=number,
        registrations=registrations,
        diagnostics=[one.as_json() for one in diagnostics],
    )


async def activate(
    db: Database,
    script_id: UUID,
    number: int,
    activation: int,
    registrations: list[dict[str, Any]],
    diagnostics: Sequence[Diagnostic],
) -> None:
    """Make a version the active one, with what it reported when it was loaded."""
    await db.execute(
        """
        with version as (
          update script_versions
          set registrations = :registrations, diagnostics = :diagnostics, deployed_at = now()
          where script_id = :script_id and number = :number
        )
        update scripts set active_version = :number, activation = :activation
        where id = :script_id
        """,
        script_id=script_id,
        number=number,
        activation=activation,
        registrations=registrations,
        diagnostics=[one.as_json() for one in diagnostics],
    )


async def digests(db: Database, script_id: UUID, number: int) -> dict[str, str]:
    """The digest of each file by path."""
    rows = await db.all(
        """
        select path, digest from script_files
        where script_id = :script_id and version = :number
        order by path
        """,
        script_id=script_id,
        number=number,
    )
    return {row["path"]: row["digest"] for row in rows}


async def files(db: Database, script_id: UUID, number: int) -> dict[str, bytes]:
    """The content of each file by path."""
    rows = await db.all(
        """
        select f.path, b.content
        from script_files f join script_blobs b using (digest)
        where f.script_id = :script_id and f.version = :number
        order by f.path
        """,
        script_id=script_id,
        number=number,
    )
    return {row["path"]: row["content"] for row in rows}


async def sizes(db: Database, wanted: Sequence[str]) -> dict[str, int]:
    """The number of bytes of each content by digest."""
    rows = await db.all(
        "select digest, length(content) as size from script_blobs where digest = any(:wanted)",
        wanted=list(wanted),
    )
    return {row["digest"]: row["size"] for row in rows}


async def sizes_in_script(db: Database, script_id: UUID, wanted: Sequence[str]) -> dict[str, int]:
    """The number of bytes of each content that a version of the script has, by digest."""
    rows = await db.all(
        """
        select b.digest, length(b.content) as size from script_blobs b
        where b.digest = any(:wanted)
          and exists (
            select from script_files f where f.script_id = :script_id and f.digest = b.digest
          )
        """,
        script_id=script_id,
        wanted=list(wanted),
    )
    return {row["digest"]: row["size"] for row in rows}


async def contents(db: Database, wanted: Sequence[str]) -> dict[str, bytes]:
    """Contents by digest."""
    rows = await db.all(
        "select digest, content from script_blobs where digest = any(:wanted)",
        wanted=list(wanted),
    )
    return {row["digest"]: row["content"] for row in rows}


async def remove_unused_contents(db: Database) -> int:
    """Remove contents that neither a version nor a stored file has; their number.

    The caller opens the transaction.
    """
    # What is being saved may rely on a content that nothing has had since: wait until it is stored,
    # and let nothing begin.
    await db.execute("lock table script_files, script_assets in share mode")
    rows = await db.all(
        """
        delete from script_blobs b
        where not exists (select from script_files f where f.digest = b.digest)
          and not exists (select from script_assets a where a.digest = b.digest)
        returning b.digest
        """
    )
    return len(rows)


def version_of(row: Row | Mapping[str, Any]) -> ScriptVersion:
    """The version of a row with these columns."""
    return ScriptVersion(
        **{
            **dict(row),
            "dialect": Dialect(row["dialect"]),
            "diagnostics": [Diagnostic.from_json(one) for one in row["diagnostics"]],
        }
    )
