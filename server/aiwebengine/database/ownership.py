"""The engine's role in the embedded server: it owns the database and is not a superuser.

Versions before 0.3.0 connected as the superuser that initdb creates. At each start, the objects
that this superuser owns in the engine's database get the engine's role as their owner. The
superuser is used for nothing else, and only the account that runs the server can use the socket.
"""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]

DATABASE = "aiwebengine"
ROLE = "aiwebengine"
SUPERUSER = "postgres"
# Lets a role that is not a superuser see the sessions of all roles, and drop a database while it is
# vacuumed automatically. The second one exists since PostgreSQL 18.
_GRANTED = ("pg_read_all_stats", "pg_signal_autovacuum_worker")
_IS_MISSING = "select from pg_roles where rolname = %s and not pg_has_role(%s, oid, 'member')"

_RELATIONS = """
  select case c.relkind when 'S' then 'sequence' when 'v' then 'view'
      when 'm' then 'materialized view' else 'table' end, c.relname
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relowner = %(superuser)s::regrole
    and c.relkind in ('r', 'p', 'v', 'm', 'S')
    -- Sequences of identity columns change their owner with the table.
    and not exists (
      select from pg_depend d
      where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('i', 'a', 'e')
    )
"""
_FUNCTIONS = """
  select p.oid::regprocedure::text from pg_proc p
  where p.pronamespace = 'public'::regnamespace and p.proowner = %(superuser)s::regrole
    and not exists (
      select from pg_depend d
      where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e'
    )
"""


def prepare(address: str) -> None:
    """Create the role and the database, and make the role the owner of the superuser's objects.

    *address* is the superuser's address, with `{}` for the name of the database. Idempotent.
    Raises psycopg.OperationalError while the server does not answer.
    """
    with psycopg.connect(address.format("postgres"), connect_timeout=2) as connection:
        connection.autocommit = True
        _make_role(connection)
        _make_database(connection)
        _hand_over_databases(connection)
    with psycopg.connect(address.format(DATABASE), connect_timeout=2) as connection:
        _hand_over_objects(connection)


def _make_role(connection: Connection) -> None:
    if not _finds(connection, "select from pg_roles where rolname = %s", ROLE):
        connection.execute(sql.SQL("create role {} login createdb").format(sql.Identifier(ROLE)))
    if not _finds(connection, "select from pg_roles where rolname = %s and rolcreaterole", ROLE):
        # For the roles of scripts.
        connection.execute(sql.SQL("alter role {} createrole").format(sql.Identifier(ROLE)))
    for name in _GRANTED:
        is_missing = (
            "select from pg_roles where rolname = %s and not pg_has_role(%s, oid, 'member')"
        )
        if _finds(connection, is_missing, name, ROLE):
            connection.execute(
                sql.SQL("grant {} to {}").format(sql.Identifier(name), sql.Identifier(ROLE))
            )


def _make_database(connection: Connection) -> None:
    if not _finds(connection, "select from pg_database where datname = %s", DATABASE):
        connection.execute(
            sql.SQL("create database {} owner {}").format(
                sql.Identifier(DATABASE), sql.Identifier(ROLE)
            )
        )


def _hand_over_databases(connection: Connection) -> None:
    """Make the role the owner of all databases, also of replaced ones that a restore has kept.

    Only an owner can rename and drop a database.
    """
    rows = connection.execute(
        """
        select datname from pg_database
        where datdba = %s::regrole and not datistemplate and datname <> 'postgres'
        """,
        (SUPERUSER,),
    ).fetchall()
    for (name,) in rows:
        connection.execute(
            sql.SQL("alter database {} owner to {}").format(
                sql.Identifier(name), sql.Identifier(ROLE)
            )
        )


def _hand_over_objects(connection: Connection) -> None:
    if connection.info.server_version < 150_000:
        # Until then every role could create objects there, the roles of scripts as well.
        connection.execute("revoke create on schema public from public")
        connection.execute(sql.SQL("grant all on schema public to {}").format(sql.Identifier(ROLE)))
    for kind, name in connection.execute(_RELATIONS, {"superuser": SUPERUSER}).fetchall():
        connection.execute(
            sql.SQL("alter {} {} owner to {}").format(
                sql.SQL(kind), sql.Identifier("public", name), sql.Identifier(ROLE)
            )
        )
    for (signature,) in connection.execute(_FUNCTIONS, {"superuser": SUPERUSER}).fetchall():
        # A regprocedure as text: PostgreSQL has quoted the name and the argument types.
        connection.execute(
            sql.SQL("alter function {} owner to {}").format(
                sql.SQL(signature), sql.Identifier(ROLE)
            )
        )


def _finds(connection: Connection, query: LiteralString, *values: str) -> bool:
    return connection.execute(query, values).fetchone() is not None
