"""Every statement about whole databases, on connections of their own: they outlast any pool.

Blocking, for threads. What is read of the running database is read in one snapshot.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, LiteralString
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from aiwebengine.core.errors import Conflict, Unavailable, in_a_line
from aiwebengine.database import timeouts
from aiwebengine.jobs.types import LOCKS

Connection = psycopg.Connection[Any]

# The first half of the advisory lock that lets one run at a time work; the second is 0.
_LOCKS = 0x6261636B
# Databases of every server, to connect to while another is renamed.
_MAINTENANCE = ("postgres", "template1")
LONGEST_NAME = 63
LET_GO_SECS = 2.0


def name_of(url: str) -> str:
    """The name of the database at this address."""
    return unquote(urlsplit(url).path.removeprefix("/")) or "postgres"


def at(url: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextmanager
def connection(url: str, *, in_transaction: bool = False) -> Iterator[Connection]:
    """A connection of its own, without limits of time.

    Raises Unavailable when it is lost, Conflict when the database user may not do something.
    """
    with (
        _refusals_reported(),
        psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=10,
            application_name="aiwebengine backup",
        ) as made,
    ):
        timeouts.lift(made)
        made.autocommit = not in_transaction
        yield made


@contextmanager
def _refusals_reported() -> Iterator[None]:
    """Turns what psycopg raises for a lost connection or a missing right into a refusal."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise Unavailable(f"The database does not answer: {in_a_line(error)}") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise Conflict(
            f"The database user may not do this: {str(error).strip()}. Restoring and drills need"
            " the right CREATEDB and a database that belongs to the user."
        ) from error


@contextmanager
def maintenance(url: str, *, in_transaction: bool = False) -> Iterator[Connection]:
    """A connection to the server that is not one to the database at *url*."""
    others = [name for name in _MAINTENANCE if name != name_of(url)]
    for name in others[:-1]:
        try:
            psycopg.connect(at(url, name), connect_timeout=10).close()
        except psycopg.OperationalError:
            continue
        others = [name]
    with connection(at(url, others[0]), in_transaction=in_transaction) as made:
        yield made


def hold(connection: Connection) -> bool:
    """Take the place of the one runner of this database, as long as the connection lives.

    Raises Unavailable.
    """
    with _refusals_reported():
        return bool(_value(connection, "select pg_try_advisory_lock(%s, 0)", _LOCKS))


def let_go(connection: Connection) -> None:
    """Give up the place, and close: who only closes holds it until the backend notices.

    A server that does not answer is not waited for.
    """
    with closing(connection):
        connection.pgconn.send_query(b"select pg_advisory_unlock_all()")
        connection.pgconn.flush()
        select.select([connection.fileno()], [], [], LET_GO_SECS)


def hold_run(connection: Connection, lock: int) -> None:
    """Hold the lock of a run, which shows that it is alive, as long as the connection lives.

    Raises Unavailable.
    """
    with _refusals_reported():
        connection.execute("select pg_advisory_lock(%s, %s)", (LOCKS, lock))


def major(connection: Connection) -> int:
    """The server's major version."""
    return connection.info.server_version // 10_000


def uses_tls(connection: Connection) -> bool:
    """Whether the connection is encrypted."""
    return bool(connection.pgconn.ssl_in_use)


def export_snapshot(connection: Connection) -> str:
    """Freeze what this transaction sees, for others to see as well."""
    connection.execute("set transaction isolation level repeatable read, read only")
    return str(_value(connection, "select pg_export_snapshot()"))


def facts(connection: Connection) -> dict[str, Any]:
    """Version, size and time of the database."""
    row = connection.execute(
        "select current_setting('server_version'), pg_database_size(current_database()), now()"
    ).fetchone()
    assert row is not None  # noqa: S101 - a select without from always returns a row
    return {"version": str(row[0]), "bytes": int(row[1]), "now": row[2]}


def tables(connection: Connection) -> dict[str, int]:
    """Every table with rows of its own, and the size of its data."""
    rows = connection.execute(
        """
        select case n.nspname when 'public' then '' else n.nspname || '.' end || c.relname,
          pg_table_size(c.oid)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')
          and n.nspname !~ '^pg_(toast|temp)'
          and not exists (
            select from pg_depend d
            where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e'
          )
        order by 1
        """
    ).fetchall()
    return {row[0]: int(row[1]) for row in rows}


def count(connection: Connection, table: str) -> int:
    """How many rows a table of `tables` has."""
    name = sql.Identifier(*table.split(".", 1)) if "." in table else sql.Identifier("public", table)
    row = connection.execute(sql.SQL("select count(*) from only {}").format(name)).fetchone()
    return 0 if row is None else int(row[0])


def migrations(connection: Connection) -> list[str]:
    """The migrations that were applied."""
    return _column(
        connection, "migration_checksums", "select migration_id from migration_checksums order by 1"
    )


def audit_head(connection: Connection) -> tuple[int | None, str | None]:
    """The newest audit event, and the head of the audit trail."""
    newest = _column(connection, "audit_events", "select max(id) from audit_events")
    seals = _column(
        connection,
        "audit_chain",
        "select position || ':' || encode(hash, 'hex') from audit_chain"
        " order by position desc limit 1",
    )
    return (newest[0] if newest else None, seals[0] if seals else None)


def is_there(connection: Connection, name: str) -> bool:
    """Whether the server has a database of this name."""
    return bool(
        _value(connection, "select exists (select from pg_database where datname = %s)", name)
    )


def is_empty(connection: Connection) -> bool:
    """Whether the database has no table."""
    return not tables(connection)


def sizes_like(connection: Connection, pattern: str) -> dict[str, int]:
    """Name and bytes of our databases whose names match a regular expression, in order."""
    rows = connection.execute(
        "select datname, coalesce(pg_database_size(oid), 0) from pg_database"
        " where datname ~ %s and datallowconn and pg_has_role(datdba, 'usage') order by datname",
        (pattern,),
    ).fetchall()
    return {row[0]: int(row[1]) for row in rows}


def copy(connection: Connection, name: str, of: str) -> None:
    """Make the database *name* as a copy of another, which nobody may use meanwhile."""
    connection.execute(
        sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(of))
    )


def named_like(connection: Connection, pattern: str) -> list[str]:
    """The databases whose names match a regular expression, in order."""
    rows = connection.execute(
        "select datname from pg_database where datname ~ %s order by datname", (pattern,)
    ).fetchall()
    return [row[0] for row in rows]


def create(connection: Connection, name: str, like: str) -> None:
    """Make an empty database; owner, encoding, locale and settings are those of *like*, if any."""
    row = connection.execute(
        "select pg_encoding_to_char(encoding), datcollate, datctype, pg_get_userbyid(datdba)"
        " from pg_database where datname = %s",
        (like,),
    ).fetchone()
    made = sql.SQL("create database {} template template0").format(sql.Identifier(name))
    if row is None:
        connection.execute(made + sql.SQL(" encoding 'UTF8'"))
        return
    made += sql.SQL(" encoding {} lc_collate {} lc_ctype {} owner {}").format(
        sql.Literal(row[0]), sql.Literal(row[1]), sql.Literal(row[2]), sql.Identifier(row[3])
    )
    connection.execute(made + _locale(connection, like))
    settings = connection.execute(
        """
        select unnest(s.setconfig)
        from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
        where d.datname = %s and s.setrole = 0
        """,
        (like,),
    ).fetchall()
    for (setting,) in settings:
        key, _, value = setting.partition("=")
        connection.execute(
            sql.SQL("alter database {} set {} to {}").format(
                sql.Identifier(name), sql.Identifier(key), sql.Literal(value)
            )
        )


def drop(connection: Connection, name: str) -> None:
    """Drop a database, if it exists, and end its connections."""
    connection.execute(
        sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    )


def swap(url: str, new: str, kept: str, last: int | None = None) -> bool:
    """Put the database *new* in the place of the one at *url*, which is called *kept* then.

    Both names change in one transaction: whatever happens, the name leads to the one or the
    other. PostgreSQL renames only what nobody uses, and lets nobody in while it waits for the
    last to leave, so a second connection sends everybody away meanwhile. *last*: the server's
    process that keeps others from changing the old one; it is ended when nobody else is left and
    nobody can come in any more. False when there was no old one.
    """
    name = name_of(url)
    with maintenance(url) as killer, maintenance(url, in_transaction=True) as renaming:
        is_there_now = is_there(killer, name)
        done = threading.Event()
        renamer = renaming.info.backend_pid
        guard = threading.Thread(
            target=_send_away, args=(killer, [name, new], done, renamer, last or 0)
        )
        guard.start()
        try:
            if is_there_now:
                _rename(renaming, name, kept)
            _rename(renaming, new, name)
            renaming.commit()
        except psycopg.errors.ObjectInUse as error:
            raise Conflict(
                f"The database is in use and was left as it is: {str(error).strip()}"
            ) from error
        finally:
            done.set()
            guard.join()
    return is_there_now


def go_on_counting(old: Connection, new: Connection) -> None:
    """Let audit events in *new* have numbers beyond those of *old*: none is given twice."""
    highest = _column(old, "audit_events", "select max(id) from audit_events")
    if highest and highest[0] and _exists(new, "audit_events"):
        new.execute(
            "select setval(pg_get_serial_sequence('audit_events', 'id'),"
            " greatest(%s, (select coalesce(max(id), 1) from audit_events)))",
            (highest[0],),
        )


def _rename(connection: Connection, name: str, to: str) -> None:
    connection.execute(
        sql.SQL("alter database {} rename to {}").format(sql.Identifier(name), sql.Identifier(to))
    )


def _send_away(
    connection: Connection, names: list[str], done: threading.Event, renamer: int, last: int
) -> None:
    while not done.is_set():
        try:
            others = connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = any(%s)"
                " and pid not in (pg_backend_pid(), %s) and usesysid is not null"
                " and pg_has_role(usesysid, 'usage')",
                (names, last),
            ).rowcount
            if others == 0 and _is_shut(connection, renamer):
                connection.execute("select pg_terminate_backend(%s)", (last,))
        except psycopg.Error:
            return  # The rename then fails by itself, and says why.
        done.wait(0.05)


def _is_shut(connection: Connection, renamer: int) -> bool:
    """Whether a database is being renamed by this process: nobody can connect to it any more."""
    query = """
        select exists (
          select from pg_locks
          where pid = %s and classid = 'pg_database'::regclass and granted
            and mode = 'AccessExclusiveLock'
        )
    """
    return bool(_value(connection, query, renamer))


def _locale(connection: Connection, like: str) -> sql.Composed | sql.SQL:
    if major(connection) < 15:
        return sql.SQL("")
    # 15 and 16 know ICU alone, and have its locale in a column of another name.
    column = sql.Identifier("datlocale" if major(connection) >= 17 else "daticulocale")
    row = connection.execute(
        sql.SQL("select datlocprovider, {} from pg_database where datname = %s").format(column),
        (like,),
    ).fetchone()
    provider = {"b": "builtin", "i": "icu"}.get(_text(row[0]) if row else "")
    if provider is None or row is None:
        return sql.SQL("")
    kind = sql.SQL("builtin_locale" if provider == "builtin" else "icu_locale")
    return sql.SQL(" locale_provider {} {} {}").format(
        sql.SQL("builtin" if provider == "builtin" else "icu"), kind, sql.Literal(row[1])
    )


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _exists(connection: Connection, table: LiteralString) -> bool:
    return _value(connection, "select to_regclass(%s)", table) is not None


def _column(connection: Connection, table: LiteralString, query: LiteralString) -> list[Any]:
    """The first column; nothing while the table is not there."""
    if not _exists(connection, table):
        return []
    return [row[0] for row in connection.execute(query).fetchall()]


def _value(connection: Connection, query: LiteralString, *values: object) -> Any:
    row = connection.execute(query, values).fetchone()
    return None if row is None else row[0]
