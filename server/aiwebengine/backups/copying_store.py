"""Rows of one database as temporary tables of another, and the tables that are taken over whole.

Blocking, for threads. Either database may lack a table or a column that a later migration made.
"""

from __future__ import annotations

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import sql

from aiwebengine.backups.cluster_store import Connection


def has(connection: Connection, table: str, column: str = "id") -> bool:
    """Whether there is a table with this column."""
    row = connection.execute(
        "select exists (select from pg_attribute where attrelid = to_regclass(%s)"
        " and attname = %s and not attisdropped)",
        (table, column),
    ).fetchone()
    return bool(row and row[0])


def keep_keys(old: Connection, new: Connection) -> None:
    """Let *new* sign with the newest keys of *old*; keys for cursors that had ended stay so."""
    if not (has(old, "signing_keys", "number") and has(new, "signing_keys", "number")):
        return
    take_rows(old, new, "signing_keys", "old_keys")
    new.execute(
        "update signing_keys k set ends_at = o.ends_at from old_keys o"
        " where o.purpose = k.purpose and o.number = k.number"
        # The restored secrets of scripts may be encrypted with a key that had ended in *old*.
        " and o.purpose <> 'script-secrets'"
        " and o.ends_at < coalesce(k.ends_at, 'infinity')"
    )
    # Those for settings stay until the next start: what they made is in the restored tables.
    new.execute(
        "delete from signing_keys k where k.purpose = 'cursors'"
        " and exists (select from old_keys o where o.purpose = k.purpose)"
        " and not exists ("
        "   select from old_keys o where o.purpose = k.purpose and o.number = k.number)"
    )


def keep_session(old: Connection, new: Connection, session_id: UUID) -> bool:
    """Let *new* have this session of *old*; whether it does.

    Only while it lives, and while its user is an active administrator in both: what was suspended
    or revoked in *old* must have been taken over before.
    """
    if not has_same_columns(old, new, "sessions"):
        # A database that could not be migrated: its row would lack what the new columns need.
        return False
    columns = common_columns(old, new, "sessions")
    query = sql.SQL("select {} from sessions where id = %s and expires_at > now()").format(columns)
    found = old.execute(query, (session_id,))
    row = found.fetchone()
    if row is None or found.description is None:
        return False
    user_id = row[[column.name for column in found.description].index("user_id")]
    if not all(is_active_administrator(one, user_id) for one in (old, new)):
        return False
    new.execute("delete from sessions where id = %s", (session_id,))
    values = sql.SQL(", ").join(sql.Placeholder() * len(row))
    return (
        new.execute(
            sql.SQL("insert into sessions ({}) values ({}) on conflict do nothing").format(
                columns, values
            ),
            row,
        ).rowcount
        == 1
    )


def is_active_administrator(
    connection: Connection, user_id: UUID, since: datetime | None = None
) -> bool:
    """Whether the user is active and holds the role Administrator; since an instant, if given."""
    row = connection.execute(
        "select exists (select from users u join user_roles r on r.user_id = u.id"
        " where u.id = %(user)s and u.status = 'active' and r.role = 'Administrator'"
        " and (r.expires_at is null or r.expires_at > now())"
        " and (%(since)s::timestamptz is null or r.granted_at <= %(since)s))",
        {"user": user_id, "since": since},
    ).fetchone()
    return bool(row and row[0])


def keep_token_addresses(old: Connection, new: Connection) -> None:
    """Let *new* know from where its tokens were used: none of these is new to their owners."""
    if has(old, "token_addresses", "token_id") and has(new, "token_addresses", "token_id"):
        take_rows(
            old, new, "token_addresses", "old_addresses", "token_id in (select id from api_tokens)"
        )


def keep_appointments(old: Connection, new: Connection) -> None:
    """Let *new* know every address that was ever appointed: none is appointed twice."""
    table = "bootstrap_appointments"
    if has(old, table, "email_key") and has(new, table, "email_key"):
        take_rows(old, new, table, "old_appointments")


def keep_addresses(old: Connection, new: Connection) -> None:
    """Let users who came from *old* keep the keys by which their addresses are compared."""
    table = "user_addresses"
    wanted: LiteralString = "user_id in (select u.id from users u join old_suspended s using (id))"
    if has(old, table, "email_key") and has(new, table, "email_key"):
        take_rows(old, new, table, "old_addresses_of_users", wanted)


def number_reviews_on(old: Connection, new: Connection) -> None:
    """Give the next access review of *new* a number that *old* did not give."""
    if not (has(old, "access_reviews") and has(new, "access_reviews")):
        return
    row = old.execute("select max(id) from access_reviews").fetchone()
    if row and row[0]:
        new.execute(
            "select setval(pg_get_serial_sequence('access_reviews', 'id'),"
            " greatest(%s, (select coalesce(max(id), 1) from access_reviews)))",
            (row[0],),
        )


def take_rows(
    old: Connection, new: Connection, table: str, name: str, wanted: LiteralString = "true"
) -> None:
    """Add the rows of a table of *old* that *new* lacks; all of them stay in *name*."""
    columns, here = common_columns(old, new, table), sql.Identifier(table)
    copy_rows(old, new, table, name)
    new.execute(
        sql.SQL(
            "insert into {0} ({1}) select {1} from {2} where {3} on conflict do nothing"
        ).format(here, columns, sql.Identifier(name), sql.SQL(wanted))
    )


def copy_rows(
    old: Connection, new: Connection, table: str, name: str, wanted: LiteralString = "true"
) -> None:
    """Make the temporary table *name* in *new*: rows of a table of *old*, in common columns."""
    columns, there = common_columns(old, new, table), sql.Identifier(table)
    new.execute(
        sql.SQL(
            "create temporary table {} on commit drop as select {} from {} with no data"
        ).format(sql.Identifier(name), columns, there)
    )
    query = sql.SQL("select {} from {} where {}").format(columns, there, sql.SQL(wanted))
    _fill(old, new, name, query)


def copy(
    old: Connection, new: Connection, name: str, columns: LiteralString, query: LiteralString
) -> None:
    """Make the temporary table *name* in *new*, with what *query* finds in *old*."""
    new.execute(
        sql.SQL("create temporary table {} ({}) on commit drop").format(
            sql.Identifier(name), sql.SQL(columns)
        )
    )
    _fill(old, new, name, sql.SQL(query))


def common_columns(old: Connection, new: Connection, table: str) -> sql.Composable:
    """The columns that both databases have and that are written, not worked out."""
    there = set(_columns(old, table))
    here = _columns(new, table)
    return sql.SQL(", ").join(sql.Identifier(name) for name in here if name in there)


def has_same_columns(old: Connection, new: Connection, table: str) -> bool:
    """Whether a row of *old* is a whole row of *new*."""
    return _columns(old, table) == _columns(new, table)


def _columns(connection: Connection, table: str) -> list[str]:
    rows = connection.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0"
        " and not attisdropped and attgenerated = '' order by attnum",
        (table,),
    ).fetchall()
    return [row[0] for row in rows]


def _fill(old: Connection, new: Connection, name: str, query: sql.Composable) -> None:
    table = sql.Identifier(name)
    with (
        old.cursor().copy(sql.SQL("copy ({}) to stdout").format(query)) as out,
        new.cursor().copy(sql.SQL("copy {} from stdin").format(table)) as copied,
    ):
        for piece in out:
            copied.write(piece)
    new.execute(sql.SQL("analyze {}").format(table))
