"""SQL statements that load rows into the tables that migrations created.

Indexes, keys and triggers are dropped first and recreated afterwards from their definitions in the
same database. So the order of tables does not matter, each index is built in one pass, and triggers
of the audit trail neither reject rows nor hash them twice.
"""

from __future__ import annotations

from typing import Any, LiteralString

from psycopg import sql

from aiwebengine.backups.cluster_store import Connection
from aiwebengine.backups.dump import Rows, SequenceValue
from aiwebengine.migrations.types import KEPT_BY_RUNNER

_TABLES = """
  select c.relname, array(
    select a.attname from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  )
  from pg_class c
  where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
"""
# Dropped first and recreated last.
_TRIGGERS = """
  select c.relname, t.tgname, pg_get_triggerdef(t.oid)
  from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where not t.tgisinternal and c.relnamespace = 'public'::regnamespace
  order by 1, 2
"""
_CONSTRAINTS = """
  select c.relname, k.conname, pg_get_constraintdef(k.oid)
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  where k.contype = any(%s) and c.relnamespace = 'public'::regnamespace
  order by 1, 2
"""
_INDEXES = """
  select c.relname, pg_get_indexdef(i.indexrelid)
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where c.relnamespace = 'public'::regnamespace
    and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
  order by 1
"""
# As text: a name is cut after 63 bytes, which a table's and a constraint's together may have.
_OWN = """
  select cast(relname as text) from pg_class where relnamespace = 'public'::regnamespace
  union all
  select proname from pg_proc where pronamespace = 'public'::regnamespace
  union all
  select c.relname || ' ' || t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where not t.tgisinternal and c.relnamespace = 'public'::regnamespace
  union all
  select c.relname || ' ' || k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid
  where c.relnamespace = 'public'::regnamespace
"""


def tables(connection: Connection) -> dict[str, list[str]]:
    """The tables that rows can be loaded into, and the columns of each."""
    rows = connection.execute(_TABLES).fetchall()
    return {row[0]: row[1] for row in rows if row[0] not in KEPT_BY_RUNNER}


def sequences(connection: Connection) -> set[str]:
    """The sequences whose value can be set."""
    rows = connection.execute(
        "select relname from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace"
    ).fetchall()
    return {row[0] for row in rows}


def own_objects(connection: Connection) -> set[str]:
    """The objects that the migrations made, by the names that pg_restore gives them."""
    return {row[0] for row in connection.execute(_OWN).fetchall()}


def take_off(connection: Connection) -> list[str]:
    """Drop triggers, keys and indexes; the statements that put them back, in order."""
    triggers = connection.execute(_TRIGGERS).fetchall()
    for table, name, _ in triggers:
        _run(connection, "drop trigger {} on {}", name, table)
    references = _constraints(connection, ["f"])
    keys = _constraints(connection, ["p", "u", "x"])
    indexes = connection.execute(_INDEXES).fetchall()
    for name, _ in indexes:
        _run(connection, "drop index {}", name)
    return [
        *(definition for _, definition in indexes),
        *keys,
        *references,
        *(definition for _, _, definition in triggers),
    ]


def put_back(connection: Connection, statement: str) -> None:
    """Run one statement of `take_off`: PostgreSQL's own words for what it had."""
    connection.execute(statement.encode())


def empty(connection: Connection, names: list[str]) -> None:
    """Remove every row that the migrations put in."""
    if names:
        connection.execute(
            sql.SQL("truncate {}").format(sql.SQL(", ").join(map(sql.Identifier, names)))
        )


def fill(connection: Connection, rows: Rows, columns: list[str]) -> None:
    """Load rows into a table of `tables`."""
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier("public", rows.table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor().copy(statement) as copy:
        for piece in rows.pieces:
            copy.write(piece)


def set_sequence(connection: Connection, restored: SequenceValue) -> None:
    """Set the value of a sequence."""
    connection.execute(
        sql.SQL("select setval({}::regclass, %s, %s)").format(
            sql.Literal(sql.Identifier("public", restored.sequence).as_string(connection))
        ),
        (restored.value, restored.is_called),
    )


def analyze(connection: Connection, names: list[str]) -> None:
    """Gather the planner's statistics, so that the database is quick at once."""
    for name in names:
        _run(connection, "analyze {}", name)


def _constraints(connection: Connection, kinds: list[str]) -> list[str]:
    found = connection.execute(_CONSTRAINTS, (kinds,)).fetchall()
    statements = []
    for table, name, definition in found:
        _run(connection, "alter table {} drop constraint {}", table, name)
        head = sql.SQL("alter table {} add constraint {} ").format(
            sql.Identifier("public", table), sql.Identifier(name)
        )
        statements.append(head.as_string(connection) + definition)
    return statements


def _run(connection: Connection, statement: LiteralString, *names: Any) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
