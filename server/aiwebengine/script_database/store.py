"""Every statement of the engine about the roles, schemas and migrations of scripts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from aiwebengine.database import Database, Row

# Half of the advisory lock that lets one transaction at a time create a script's role.
_LOCK = 0x73637264
_ROLE = re.compile(r"script_[0-9a-f]{32}")
# What an owner can be given with ALTER … OWNER, by the letter of `pg_class`.
_RELATIONS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "S": "sequence",
    "f": "foreign table",
}


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """What PostgreSQL knows about a role; *is_engines* if the engine acts for it."""

    exists: bool
    is_powerful: bool
    is_engines: bool
    may_create_in_public: bool
    may_connect: bool


async def password(db: Database, script_id: UUID) -> str | None:
    """The password of a script's role; None before its first use."""
    found: str | None = await db.value(
        "select password from script_databases where script_id = :script_id", script_id=script_id
    )
    return found


async def note(db: Database, script_id: UUID, role: str, secret: str) -> None:
    """Keep the password of a role."""
    await db.execute(
        """
        insert into script_databases (script_id, role, password)
        values (:script_id, :role, :secret)
        on conflict (script_id) do nothing
        """,
        script_id=script_id,
        role=role,
        secret=secret,
    )


async def forget(db: Database, script_id: UUID) -> None:
    """Remove the password of a role that is dropped."""
    await db.execute(
        "delete from script_databases where script_id = :script_id", script_id=script_id
    )


async def scripts(db: Database) -> list[UUID]:
    """The scripts that have a database."""
    rows = await db.all(
        "select script_id from script_databases where script_id in (select id from scripts)"
    )
    return [row["script_id"] for row in rows]


async def unused(db: Database) -> list[UUID]:
    """Scripts that have a role for a day and were never saved: their deployment failed."""
    rows = await db.all(
        """
        select script_id from script_databases d
        where created_at < now() - interval '1 day'
          and not exists (select from scripts s where s.id = d.script_id)
        """
    )
    return [row["script_id"] for row in rows]


async def size(db: Database, role: str) -> int:
    """The bytes of all tables and indexes of a schema."""
    found: int = await db.value(
        """
        select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class
        where relnamespace = to_regnamespace(:role) and relkind in ('r', 'm')
        """,
        role=role,
    )
    return found


async def is_used(db: Database) -> bool:
    """Whether any script has a database."""
    found: bool = await db.value("select exists (select from script_databases)")
    return found


async def lock(db: Database, role: str) -> None:
    """Let other transactions that create this role wait until this one ends."""
    await db.execute("select pg_advisory_xact_lock(:kind, hashtext(:role))", kind=_LOCK, role=role)


async def role_facts(db: Database, role: str) -> RoleFacts:
    """What is known about a role that may not exist."""
    row = await db.one(
        """
        select
          rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
            or exists (select from pg_auth_members where member = r.oid) as is_powerful,
          pg_has_role(r.oid, 'usage') as is_engines,
          has_schema_privilege(r.oid, 'public', 'create') as may_create_in_public,
          has_database_privilege(r.oid, current_database(), 'connect') as may_connect
        from pg_roles r where rolname = :role
        """,
        role=role,
    )
    if row is None:
        return RoleFacts(False, False, False, False, False)
    return RoleFacts(True, *row)


async def create_role(db: Database, role: str, verifier: str, connections: int) -> None:
    """Create a role that can log in and nothing else."""
    await db.execute(
        f"create role {_safe(role)} login noinherit connection limit {connections:d}"
        f" password '{verifier}'"
    )


async def set_login(db: Database, role: str, verifier: str, connections: int) -> None:
    """Give an existing role its password and limit."""
    await db.execute(
        f"alter role {_safe(role)} login noinherit connection limit {connections:d}"
        f" password '{verifier}'"
    )


async def act_for(db: Database, role: str) -> None:
    """Make the engine's role a member: it backs up, migrates and drops the schema."""
    await db.execute(f"grant {_safe(role)} to current_user")


async def let_connect(db: Database, role: str) -> None:
    """Let a role connect to this database, where not everybody may."""
    name = quoted(await db.value("select current_database()::text"))
    await db.execute(f"grant connect on database {name} to {_safe(role)}")


async def create_schema(db: Database, role: str) -> None:
    """Create the schema of a role, which has the role's name, unless it exists."""
    if await db.value("select to_regnamespace(:role) is null", role=role):
        await db.execute(f"create schema {_safe(role)} authorization {_safe(role)}")
        await db.execute(f"revoke all on schema {_safe(role)} from public")


async def own_everything(db: Database, role: str) -> None:
    """Make a role the owner of its schema and of all in it, as after a restore by others."""
    schema = _safe(role)
    await db.execute(f"alter schema {schema} owner to {schema}")
    for row in await _foreign(db, role):
        kind = _RELATIONS.get(row["kind"], row["kind"])
        await db.execute(f"alter {kind} {schema}.{quoted(row['name'])} owner to {schema}")


async def _foreign(db: Database, role: str) -> list[Row]:
    """What is in the schema of a role and belongs to another."""
    return await db.all(
        """
        select c.relkind::text as kind, c.relname as name
        from pg_class c
        where c.relnamespace = to_regnamespace(:role)
          and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
          and c.relowner <> (select oid from pg_roles where rolname = :role)
          -- Sequences of columns change their owner with the table.
          and not exists (
            select from pg_depend d
            where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('i', 'a')
          )
        union all
        select case t.typtype when 'd' then 'domain' else 'type' end, t.typname
        from pg_type t
        where t.typnamespace = to_regnamespace(:role) and t.typtype in ('d', 'e', 'r')
          and t.typowner <> (select oid from pg_roles where rolname = :role)
        """,
        role=role,
    )


async def has_code(db: Database, role: str) -> bool:
    """Whether the schema or its role has functions, triggers or rules of its own."""
    found: bool = await db.value(
        """
        select exists (
            select from pg_proc p
            where p.pronamespace = to_regnamespace(:role)
              or p.proowner = (select oid from pg_roles where rolname = :role)
          ) or exists (
            select from pg_trigger t join pg_class c on c.oid = t.tgrelid
            where c.relnamespace = to_regnamespace(:role) and not t.tgisinternal
          ) or exists (
            select from pg_rewrite r join pg_class c on c.oid = r.ev_class
            where c.relnamespace = to_regnamespace(:role) and r.rulename <> '_RETURN'
          )
        """,
        role=role,
    )
    return found


async def drop(db: Database, role: str) -> None:
    """Drop a schema with all in it; and the role, unless other databases need it."""
    await db.execute(f"drop schema if exists {_safe(role)} cascade")
    exists = await db.value("select exists (select from pg_roles where rolname = :role)", role=role)
    if exists:
        await db.execute(f"drop owned by {_safe(role)}")
        await db.execute(f"alter role {_safe(role)} nologin")


async def drop_role(db: Database, role: str) -> None:
    """Drop a role that owns nothing."""
    await db.execute(f"drop role if exists {_safe(role)}")


async def rights(db: Database) -> Row:
    """Whether the engine can create roles and schemas, and whether everybody can use `public`."""
    row = await db.one(
        """
        select current_user::text as engine, current_database()::text as database,
          (select rolsuper or rolcreaterole from pg_roles where rolname = current_user)
            as makes_roles,
          has_database_privilege(current_database(), 'create') as makes_schemas,
          exists (
            select from pg_namespace n, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a
            where n.nspname = 'public' and a.grantee = 0 and a.privilege_type = 'CREATE'
          ) as public_is_open
        """
    )
    assert row is not None  # noqa: S101 - a select without from always returns a row
    return row


# Migrations


async def begin_running(db: Database, role: str) -> None:
    """Create the function that runs statements of a script with the rights of its role.

    A transaction of the engine runs them. In a function with SECURITY DEFINER, PostgreSQL lets
    nobody change the role (manual, SET ROLE). Only the engine may call it: a statement that could
    would run text that was never checked.
    """
    schema = _safe(role)
    await db.execute("set local lock_timeout = '5s'")
    await db.execute("set local statement_timeout = '60s'")
    await db.execute(
        f"""
        create function {schema}.aiwebengine_run(statement text) returns void
        language plpgsql security definer
        set search_path = {schema}, pg_temp
        set standard_conforming_strings = on
        as 'begin execute statement; end'
        """
    )
    await db.execute(f"revoke all on function {schema}.aiwebengine_run(text) from public")
    await db.execute(f"alter function {schema}.aiwebengine_run(text) owner to {schema}")
    await db.execute(f"grant execute on function {schema}.aiwebengine_run(text) to current_user")
    await db.execute(f"revoke all on function {schema}.aiwebengine_run(text) from {schema}")


async def run(db: Database, role: str, statement: str) -> None:
    """Run a statement of a script, after `begin_running`."""
    await db.maintain(f"select {_safe(role)}.aiwebengine_run(:statement)", statement=statement)


async def end_running(db: Database, role: str) -> None:
    """Check what was deferred with the rights of the role, and drop the function."""
    await run(db, role, "set constraints all immediate")
    await db.execute(f"drop function {_safe(role)}.aiwebengine_run(text)")
    await db.execute("set local lock_timeout to default")
    await db.execute("set local statement_timeout to default")


async def has_temporary(db: Database) -> bool:
    """Whether this session has temporary tables or types."""
    found: bool = await db.value(
        "select exists (select from pg_type where typnamespace = pg_my_temp_schema())"
    )
    return found


async def applied(db: Database, script_id: UUID) -> list[Row]:
    """The migrations that were applied, in order."""
    return await db.all(
        """
        select name, source, rollback, digest, version
        from script_migrations where script_id = :script_id order by name
        """,
        script_id=script_id,
    )


async def note_migration(
    db: Database,
    script_id: UUID,
    name: str,
    source: str,
    rollback: str | None,
    digest: str,
    version: int,
) -> None:
    """Record an applied migration."""
    await db.execute(
        """
        insert into script_migrations (script_id, name, source, rollback, digest, version)
        values (:script_id, :name, :source, :rollback, :digest, :version)
        """,
        script_id=script_id,
        name=name,
        source=source,
        rollback=rollback,
        digest=digest,
        version=version,
    )


async def forget_migrations(db: Database, script_id: UUID, names: Sequence[str]) -> None:
    """Remove the records of migrations that were undone."""
    await db.execute(
        "delete from script_migrations where script_id = :script_id and name = any(:names)",
        script_id=script_id,
        names=list(names),
    )


def quoted(name: str) -> str:
    """A name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def _safe(role: str) -> str:
    """The name of a role, which needs no quotes. Raises ValueError for any other text."""
    if not _ROLE.fullmatch(role):
        raise ValueError(f"{role!r} is no role of a script")
    return role
