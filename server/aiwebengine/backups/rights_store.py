"""Every statement about what a role may do on the server, and to whom a database is open.

Blocking, for threads.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from aiwebengine.backups.cluster_store import Connection


@dataclass(frozen=True)
class Rights:
    """What the role of a connection may do with databases, and with one of them."""

    role: str
    makes_databases: bool
    owner: str | None
    """Who owns the database; None when it is not there."""
    acts_as_owner: bool


def rights(connection: Connection, database: str) -> Rights:
    """The rights of the connection's role, with regard to the database of this name."""
    row = connection.execute(
        """
        select r.rolname, r.rolcreatedb or r.rolsuper, pg_get_userbyid(d.datdba),
          coalesce(pg_has_role(d.datdba, 'usage'), true)
        from pg_roles r left join pg_database d on d.datname = %s
        where r.rolname = current_user
        """,
        (database,),
    ).fetchone()
    assert row is not None  # noqa: S101 - the role of a connection is there
    return Rights(*row)


def may_make_tables(connection: Connection) -> bool:
    """Whether the role can make tables in the schema public of the connection's database."""
    row = connection.execute(
        "select coalesce((select has_schema_privilege(oid, 'create') from pg_namespace"
        " where nspname = 'public'), false)"
    ).fetchone()
    return bool(row and row[0])


def unreadable(connection: Connection) -> list[tuple[str, str]]:
    """Schema and name of tables and sequences that the role may not read: pg_dump stops at them."""
    return connection.execute(
        """
        select n.nspname, c.relname
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'S')
          and n.nspname not in ('pg_catalog', 'information_schema')
          and n.nspname !~ '^pg_(toast|temp)'
          and not (
            has_schema_privilege(n.oid, 'usage')
            and case c.relkind when 'S' then has_sequence_privilege(c.oid, 'select')
              else has_table_privilege(c.oid, 'select') end
          )
          and not exists (
            select from pg_depend d
            where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e'
          )
        order by 1, 2
        """
    ).fetchall()


def copy_access(connection: Connection, name: str, like: str) -> None:
    """Open the new database *name* to the roles that *like* is open to, and to no others."""
    if not _has_access_list(connection, like):
        return
    database = sql.Identifier(name)
    connection.execute(sql.SQL("revoke all on database {} from public").format(database))
    granted = connection.execute(
        """
        select a.privilege_type, a.is_grantable,
          case when a.grantee <> 0 then pg_get_userbyid(a.grantee) end
        from pg_database d, aclexplode(d.datacl) as a
        where d.datname = %s and a.grantee <> d.datdba
        """,
        (like,),
    ).fetchall()
    for privilege, is_grantable, role in granted:
        connection.execute(
            sql.SQL("grant {} on database {} to {}{}").format(
                sql.SQL(privilege),
                database,
                sql.SQL("public") if role is None else sql.Identifier(role),
                sql.SQL(" with grant option" if is_grantable else ""),
            )
        )


def _has_access_list(connection: Connection, name: str) -> bool:
    row = connection.execute(
        "select datacl is not null from pg_database where datname = %s", (name,)
    ).fetchone()
    return bool(row and row[0])
