"""Every SQL statement that carries records of runs into a restored database."""

from __future__ import annotations

from psycopg import sql

from aiwebengine.backups import copying_store
from aiwebengine.backups.cluster_store import Connection

_COLUMNS = sql.SQL(
    "id, kind, subject, state, outcome, started_at, beat_at, is_locked, ended_at, started_by,"
    " actor, instance, stopped_by, result, problem, progress, step, lines, facts"
)
_FINISHED = sql.SQL(
    """
    select {columns} from runs where starts_with(kind, 'backup.') and state <> 'running'
    """
).format(columns=_COLUMNS)
# Of a database that is not migrated to the table of all runs yet.
_FINISHED_BEFORE = sql.SQL(
    """
    select b.id, 'backup.' || coalesce(to_jsonb(b) ->> 'transfer', b.kind), b.backup_name, b.state,
      b.state, b.started_at, b.ended_at, true, b.ended_at, b.actor_label, b.actor_label, '', null,
      null, b.problem, b.progress, b.step, cast('{}' as text[]), b.details
    from backup_runs b
    where b.state <> 'running'
    """
)


def forget_unfinished_runs(connection: Connection) -> None:
    """Drop the records of backup runs that were running when the backup was taken.

    Their end is not known here.
    """
    if copying_store.has(connection, "runs"):
        connection.execute(
            "delete from runs where state = 'running' and starts_with(kind, 'backup.')"
        )


def keep_finished_runs(old: Connection, new: Connection) -> None:
    """Add the backup runs that only *old* has to *new*: a proved backup stays proved.

    Both count runs by themselves, so a run is the same when its subject, kind and start are. Runs
    keep their numbers where *new* has none of these yet, otherwise they get the next ones.
    """
    finished = _FINISHED if copying_store.has(old, "runs") else _FINISHED_BEFORE
    if not copying_store.has(new, "runs") or not (
        finished is _FINISHED or copying_store.has(old, "backup_runs")
    ):
        return
    with new.transaction():
        new.execute("create temporary table seen (like runs) on commit drop")
        with (
            old.cursor().copy(sql.SQL("copy ({}) to stdout").format(finished)) as out,
            new.cursor().copy(sql.SQL("copy seen ({}) from stdin").format(_COLUMNS)) as into,
        ):
            for piece in out:
                into.write(piece)
        new.execute(
            """
            delete from seen s using runs r
            where r.subject = s.subject and r.kind = s.kind and r.started_at = s.started_at
            """
        )
        new.execute(
            """
            update seen set id = id + (
              select greatest(0, coalesce((select max(id) from runs), 0) - min(id) + 1) from seen
            )
            """
        )
        new.execute(
            sql.SQL(
                "insert into runs ({columns}) overriding system value"
                " select {columns} from seen order by id"
            ).format(columns=_COLUMNS)
        )
        new.execute(
            "select setval(pg_get_serial_sequence('runs', 'id'),"
            " (select coalesce(max(id), 1) from runs))"
        )
