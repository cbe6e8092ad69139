"""SQL statements about secrets of scripts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from aiwebengine.database import Database, Row
from aiwebengine.script_secrets.types import ScriptSecret, Sealed

_COLUMNS = "id, script_id, user_id, name, hosts, key_number, ciphertext"


async def of_scripts(db: Database, script_ids: Sequence[UUID]) -> dict[UUID, list[ScriptSecret]]:
    """The secrets of each script by name, without those of visitors."""
    rows = await db.all(
        """
        select script_id, name, hosts, set_at, set_by
        from script_secrets
        where script_id = any(:script_ids) and user_id is null
        order by name
        """,
        script_ids=list(script_ids),
    )
    found: dict[UUID, list[ScriptSecret]] = {script_id: [] for script_id in script_ids}
    for row in rows:
        values = dict(row)
        found[values.pop("script_id")].append(ScriptSecret(**values))
    return found


async def named(
    db: Database, script_id: UUID, user_id: UUID | None, names: Collection[str]
) -> list[Sealed]:
    """The secrets with these names: the visitor's, else the script's."""
    rows = await db.all(
        f"""
        select distinct on (name) {_COLUMNS}
        from script_secrets
        where script_id = :script_id and name = any(:names)
          and (user_id is null or user_id = cast(:user_id as uuid))
        order by name, user_id nulls last
        """,
        script_id=script_id,
        user_id=user_id,
        names=list(names),
    )
    return [_sealed(row) for row in rows]


async def ids_of_scripts(db: Database, script_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """The ids of the secrets of each script that has some, without those of visitors."""
    rows = await db.all(
        """
        select script_id, id from script_secrets
        where script_id = any(:script_ids) and user_id is null
        """,
        script_ids=list(script_ids),
    )
    found: dict[UUID, set[UUID]] = {}
    for row in rows:
        found.setdefault(row["script_id"], set()).add(row["id"])
    return found


async def of_script(db: Database, script_id: UUID) -> list[Sealed]:
    """The secrets of a script, without those of visitors."""
    rows = await db.all(
        f"""
        select {_COLUMNS} from script_secrets where script_id = :script_id and user_id is null
        """,
        script_id=script_id,
    )
    return [_sealed(row) for row in rows]


async def count_others(
    db: Database, script_id: UUID, user_id: UUID | None, name: str
) -> tuple[int, int]:
    """How many secrets with other names the script or the visitor has, and all visitors."""
    row = await db.one(
        """
        select
          count(*) filter (where user_id is not distinct from cast(:user_id as uuid)) as own,
          count(*) filter (where user_id is not null) as of_users
        from script_secrets
        where script_id = :script_id
          and not (name = :name and user_id is not distinct from cast(:user_id as uuid))
        """,
        script_id=script_id,
        user_id=user_id,
        name=name,
    )
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return row["own"], row["of_users"]


async def lock_secrets(db: Database, script_id: UUID) -> None:
    """Let other visitors of the script set their secrets after the end of the transaction."""
    await db.execute(
        "select pg_advisory_xact_lock(hashtext('script-secrets'), hashtext(:script_id))",
        script_id=str(script_id),
    )


async def find(db: Database, script_id: UUID, name: str) -> ScriptSecret | None:
    """The script's secret with this name, or None."""
    row = await db.one(
        """
        select name, hosts, set_at, set_by from script_secrets
        where script_id = :script_id and name = :name and user_id is null
        """,
        script_id=script_id,
        name=name,
    )
    return None if row is None else ScriptSecret(**dict(row))


async def put(db: Database, sealed: Sealed, set_by: str) -> None:
    """Store a secret in the place of the one with its script, visitor and name."""
    await remove(db, sealed.script_id, sealed.user_id, sealed.name)
    await db.execute(
        """
        insert into script_secrets
          (id, script_id, user_id, name, hosts, key_number, ciphertext, set_by)
        values (:id, :script_id, :user_id, :name, :hosts, :key_number, :ciphertext, :set_by)
        """,
        set_by=set_by,
        **{**vars(sealed), "hosts": list(sealed.hosts)},
    )


async def remove(
    db: Database,
    script_id: UUID,
    user_id: UUID | None,
    name: str | None,
    set_by: str | None = None,
) -> bool:
    """Remove the secret of the script or visitor with this name, or all; False without any.

    With *set_by* only those that were set so.
    """
    rows = await db.all(
        """
        delete from script_secrets
        where script_id = :script_id and user_id is not distinct from cast(:user_id as uuid)
          and (name = :name or cast(:name as text) is null)
          and (set_by = :set_by or cast(:set_by as text) is null)
        returning id
        """,
        script_id=script_id,
        user_id=user_id,
        name=name,
        set_by=set_by,
    )
    return bool(rows)


async def lock_older(
    db: Database, number: int, readable: Collection[int], limit: int
) -> list[Sealed]:
    """Secrets with keys before *number*, locked; only those with *readable* keys."""
    rows = await db.all(
        f"""
        select {_COLUMNS} from script_secrets
        where key_number < :number and key_number = any(:readable)
        order by id
        limit :limit
        for update skip locked
        """,
        number=number,
        readable=list(readable),
        limit=limit,
    )
    return [_sealed(row) for row in rows]


async def reseal(db: Database, secret_id: UUID, key_number: int, ciphertext: bytes) -> None:
    """Store the same value with another key."""
    await db.execute(
        """
        update script_secrets set key_number = :key_number, ciphertext = :ciphertext
        where id = :secret_id
        """,
        secret_id=secret_id,
        key_number=key_number,
        ciphertext=ciphertext,
    )


async def lowest_key(db: Database) -> int | None:
    """The oldest key that a secret is encrypted with; None without secrets."""
    number: int | None = await db.value("select min(key_number) from script_secrets")
    return number


async def samples(db: Database) -> list[tuple[int, Sealed, str]]:
    """Of each key: how many secrets it encrypts, one of them, and the slug of its script."""
    rows = await db.all(
        f"""
        select distinct on (s.key_number) {", ".join(f"s.{one}" for one in _COLUMNS.split(", "))},
          count(*) over (partition by s.key_number) as number, scripts.slug
        from script_secrets s join scripts on scripts.id = s.script_id
        order by s.key_number, s.id
        """
    )
    return [(row["number"], _sealed(row), row["slug"]) for row in rows]


def _sealed(row: Row) -> Sealed:
    return Sealed(
        id=row["id"],
        script_id=row["script_id"],
        user_id=row["user_id"],
        name=row["name"],
        hosts=tuple(row["hosts"]),
        key_number=row["key_number"],
        ciphertext=bytes(row["ciphertext"]),
    )
