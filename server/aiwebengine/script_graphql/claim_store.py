"""SQL statements about the names that scripts take in GraphQL."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.script_graphql.claims import TYPE, Claim, Clash

# Scripts of the engine's host are also served on the host of scripts, so both share their names.
_HOST = "coalesce(nullif({script}.host, cast(:scripts_host as text)), '')"


async def lock(db: Database) -> None:
    """Until the transaction ends, no other script changes what it serves.

    An activation holds this lock already.
    """
    await db.execute("select from script_activations for update")


async def host_of(db: Database, script_id: UUID | None, scripts_host: str | None) -> str:
    """The host whose names a script shares; that of a new script is the engine's: ""."""
    host = await db.value(
        f"select {_HOST.format(script='s')} from scripts s where s.id = cast(:script_id as uuid)",
        script_id=script_id,
        scripts_host=scripts_host,
    )
    return str(host or "")


async def clashes(
    db: Database,
    script_id: UUID | None,
    host: str,
    scripts_host: str | None,
    claims: Sequence[Claim],
) -> list[Clash]:
    """The claims among *claims* on names that have another meaning on this host."""
    rows = await db.all(
        f"""
        select distinct on (w.kind, w.name) w.kind, w.name, w.digest, s.slug
        from unnest(
          cast(:kinds as text[]), cast(:names as text[]), cast(:digests as text[])
        ) as w (kind, name, digest)
        join script_graphql_names n on n.kind = w.kind and n.name = w.name
        join scripts s on s.id = n.script_id
        where {_HOST.format(script="s")} = :host
          and s.id is distinct from cast(:script_id as uuid)
          and (w.kind <> :type or n.digest <> w.digest)
        order by w.kind, w.name, s.slug
        """,
        script_id=script_id,
        host=host,
        scripts_host=scripts_host,
        type=TYPE,
        **_columns(claims),
    )
    return [Clash(Claim(row["kind"], row["name"], row["digest"]), row["slug"]) for row in rows]


async def count(db: Database, script_id: UUID | None, host: str, scripts_host: str | None) -> int:
    """How many names the other scripts of this host take."""
    return int(
        await db.value(
            f"""
            select count(*) from script_graphql_names n join scripts s on s.id = n.script_id
            where {_HOST.format(script="s")} = :host
              and s.id is distinct from cast(:script_id as uuid)
            """,
            script_id=script_id,
            host=host,
            scripts_host=scripts_host,
        )
    )


async def replace(db: Database, script_id: UUID, claims: Sequence[Claim]) -> None:
    """Make *claims* the only ones of the script."""
    await remove(db, script_id)
    if claims:
        await db.execute(
            """
            insert into script_graphql_names (script_id, kind, name, digest)
            select :script_id, * from unnest(
              cast(:kinds as text[]), cast(:names as text[]), cast(:digests as text[])
            )
            """,
            script_id=script_id,
            **_columns(claims),
        )


async def of_script(db: Database, script_id: UUID) -> list[Claim]:
    """The names that a script takes."""
    rows = await db.all(
        "select kind, name, digest from script_graphql_names where script_id = :script_id",
        script_id=script_id,
    )
    return [Claim(**dict(row)) for row in rows]


async def remove(db: Database, script_id: UUID) -> None:
    """Remove all claims of a script."""
    await db.execute(
        "delete from script_graphql_names where script_id = :script_id", script_id=script_id
    )


def _columns(claims: Sequence[Claim]) -> dict[str, list[str]]:
    return {
        "kinds": [claim.kind for claim in claims],
        "names": [claim.name for claim in claims],
        "digests": [claim.digest for claim in claims],
    }
