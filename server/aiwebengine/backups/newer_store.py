"""Queries of a restore on the newer database: the audit trail since the backup.

Blocking, for threads.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiwebengine.backups.cluster_store import Connection
from aiwebengine.backups.undone import MOST_EVENTS, Since, Undone, counted


def hold_trail(old: Connection) -> None:
    """Let nobody record an audit event until the transaction ends. Must be its first statement."""
    old.execute("lock table audit_events in share mode")


def head(connection: Connection, at_most: int | None = None) -> tuple[Any, ...] | None:
    """The newest audit event, or the newest up to a number: number, instant and action."""
    return connection.execute(
        "select id, at, action from audit_events where %(most)s::bigint is null or id <= %(most)s"
        " order by id desc limit 1",
        {"most": at_most},
    ).fetchone()


def has_event(connection: Connection, number: int, before: datetime) -> bool:
    """Whether there is an audit event with this number from before this instant."""
    query = "select exists (select from audit_events where id = %s and at <= %s)"
    row = connection.execute(query, (number, before)).fetchone()
    return bool(row and row[0])


def events_after(connection: Connection, number: int) -> int:
    """How many audit events came after this one."""
    row = connection.execute(
        "select count(*) from audit_events where id > %s", (number,)
    ).fetchone()
    return int(row[0]) if row else 0


def undone_since(connection: Connection, since: Since) -> Undone:
    """What going back to *since* undoes in the database of this connection.

    Either way one index is followed, and no more than `MOST_EVENTS` events are counted.
    """
    is_by_number = since.event is not None
    rows = connection.execute(
        "select at, action, actor_label, target_label from audit_events"
        + (" where id > %s order by id" if is_by_number else " where at > %s order by at")
        + " desc limit %s",
        (since.event if is_by_number else since.at, MOST_EVENTS + 1),
    ).fetchall()
    return counted(rows[:MOST_EVENTS], is_more=len(rows) > MOST_EVENTS)


def replaced_by_event(connection: Connection, kept: str) -> int | None:
    """The number of the event of the restore that replaced the database which is called *kept*
    now; None when the trail does not have it.
    """
    row = connection.execute(
        "select max(id) from audit_events"
        " where action in ('backup.restored', 'backup.restore_undone')"
        " and after->>'kept_database' = %s",
        (kept,),
    ).fetchone()
    return row[0] if row else None


def deletions(old: Connection, event: int) -> list[Any]:
    """The users whom the trail of *old* says were deleted after this event."""
    rows = old.execute(
        "select distinct target_id from audit_events where id > %s and action = 'user.deleted'",
        (event,),
    ).fetchall()
    return [row[0] for row in rows]


def role_removals(old: Connection, event: int) -> list[tuple[Any, str]]:
    """Users and roles that the trail of *old* says were taken away after this event."""
    return old.execute(
        "select distinct target_id, before->>'role' from audit_events"
        " where id > %s and action in ('role.revoked', 'role.expired')",
        (event,),
    ).fetchall()


def explanations(
    old: Connection, event: int, users: list[Any], actions: list[str]
) -> dict[tuple[Any, str, str], tuple[datetime, str]]:
    """When and by whom these users lost something after an event, by the trail of *old*.

    By user, action, and the role or token. The newest wins.
    """
    rows = old.execute(
        """
        select target_id, action, coalesce(before->>'role', before->>'token', ''), at, actor_label
        from audit_events
        where target_id = any(%s) and id > %s and action = any(%s)
        order by id
        """,
        (users, event, actions),
    ).fetchall()
    return {(user, action, key): (at, by) for user, action, key, at, by in rows}
