"""What PostgreSQL's catalogue says about the tables of a script, read by the script's own role."""

from __future__ import annotations

from aiwebengine.core.errors import NotFound
from aiwebengine.database.restricted import RestrictedConnection
from aiwebengine.script_database.limits import MOST_TABLES_LISTED
from aiwebengine.script_tables.types import Column, Table, TableInfo, TableKind

MOST_COLUMNS = 1_600
"""PostgreSQL's own limit."""
LONGEST_DEFAULT = 200
"""Characters of a default that are shown."""

# A role has the name of its schema.
_OWN = "c.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = current_user)"
_KINDS = "c.relkind in ('r', 'p', 'v', 'm')"

_TABLES = f"""
  select c.relname::text as name, c.relkind::text as kind, c.reltuples::bigint as rows,
    pg_catalog.pg_total_relation_size(c.oid) as bytes,
    (select count(*) from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_catalog.pg_class c
  where {_OWN} and {_KINDS}
  order by c.relname
"""

_COLUMNS = f"""
  select c.relkind::text as kind, a.attname::text as name,
    pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
    pg_catalog.format_type(a.atttypid, -1) as cast_type,
    not a.attnotnull as is_nullable,
    a.attgenerated <> '' or a.attidentity = 'a' as is_generated,
    a.atthasdef or a.attidentity <> '' as has_default,
    pg_catalog.left(pg_catalog.pg_get_expr(d.adbin, d.adrelid), {LONGEST_DEFAULT}) as default,
    pg_catalog.array_position(i.indkey::int2[], a.attnum)::int as key_position
  from pg_catalog.pg_class c
  left join pg_catalog.pg_attribute a
    on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  left join pg_catalog.pg_index i on i.indrelid = c.oid and i.indisprimary
  where {_OWN} and {_KINDS} and c.relname = cast($1 as text)
  order by a.attnum
"""


async def tables(connection: RestrictedConnection) -> list[TableInfo]:
    """The tables and views of the script by name, at most MOST_TABLES_LISTED."""
    result = await connection.run(_TABLES, lambda _: [], MOST_TABLES_LISTED)
    return [
        TableInfo(
            row["name"],
            TableKind(row["kind"]),
            row["rows"] if row["rows"] >= 0 else None,
            row["bytes"],
            row["columns"],
        )
        for row in result.rows
    ]


async def table(connection: RestrictedConnection, name: str) -> Table:
    """A table or view with its columns. Raises NotFound."""
    rows = []
    if name and "\0" not in name:
        rows = (await connection.run(_COLUMNS, lambda _: [name], MOST_COLUMNS)).rows
    if not rows:
        raise NotFound(f"The script has no table {name[:70]!r}.")
    return Table(
        name,
        TableKind(rows[0]["kind"]),
        tuple(
            Column(
                row["name"],
                row["type"],
                row["cast_type"],
                row["is_nullable"],
                row["is_generated"],
                row["has_default"],
                row["default"],
                row["key_position"],
            )
            for row in rows
            # A table may have no columns.
            if row["name"] is not None
        ),
    )
