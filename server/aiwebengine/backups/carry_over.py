"""Applies removals from the newer database to a restored one, so that a restore undoes no removal.

The two databases are compared directly. Users suspended in the newer one stay suspended. Users,
roles, identities, sessions and tokens that only the backup has were removed and are removed here
too. What the newer database *added* is undone, as a restore promises. The audit trail is used only
for what the newer database never had: after a restore of an older backup, the safety backup
contains users and roles that were never removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import psycopg

from aiwebengine.audit.types import AuditAction
from aiwebengine.backups import carry_over_store as store
from aiwebengine.backups import cluster_store, copying_store, finished_runs_store, newer_store
from aiwebengine.backups.carry_over_store import Known
from aiwebengine.backups.cluster_store import Connection
from aiwebengine.backups.removals import CarriedOver, Comparison, Removal, RemovalKind
from aiwebengine.core.errors import Unavailable
from aiwebengine.database import timeouts

# Longer than any engine transaction that records an event.
WAIT_FOR_TRAIL_SECS = 60

EVENTS = {
    RemovalKind.USER_DELETED: AuditAction.USER_DELETED,
    RemovalKind.USER_SUSPENDED: AuditAction.USER_SUSPENDED,
    RemovalKind.ROLE_REVOKED: AuditAction.ROLE_REVOKED,
    RemovalKind.ROLE_EXPIRED: AuditAction.ROLE_EXPIRED,
    RemovalKind.ROLE_SHORTENED: AuditAction.ROLE_GRANTED,
    RemovalKind.TOKEN_REVOKED: AuditAction.TOKEN_REVOKED,
}
"""The audit action of each kind; other kinds are only in the event of the restore."""


class Newer:
    """The database that the restore replaces, in one snapshot; *old* is None without one.

    *is_held*: blocks new audit events until this ends. Each removal commits together with its
    event, so none can happen unseen between reading and swapping the databases: it waits, and fails
    with the old database.
    """

    def __init__(self, url: str, *, is_held: bool) -> None:
        self._url = url
        self._is_held = is_held
        self._stack = ExitStack()
        self.old: Connection | None = None

    def __enter__(self) -> Self:
        """Raises Unavailable if the audit trail is locked for too long."""
        try:
            self.old = self._opened()
        except psycopg.errors.LockNotAvailable as error:
            self._close()
            raise Unavailable(
                f"The audit trail was locked for {WAIT_FOR_TRAIL_SECS} s. Try again."
            ) from error
        except psycopg.OperationalError:
            self.old = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    @property
    def process(self) -> int | None:
        """The PID of the server process that locks the trail, if any."""
        return self.old.info.backend_pid if self.old is not None and self._is_held else None

    def _opened(self) -> Connection | None:
        connection = psycopg.connect(
            self._url,
            connect_timeout=10,
            application_name="aiwebengine restore",
            autocommit=True,
        )
        # The server may already have closed the connection, as the database was replaced.
        self._stack.callback(_close_quietly, connection)
        timeouts.lift(connection)
        connection.execute(
            "select set_config('lock_timeout', %s, false)", (f"{WAIT_FOR_TRAIL_SECS}s",)
        )
        if not copying_store.has(connection, "audit_events"):
            return None
        connection.autocommit = False
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        if self._is_held:
            newer_store.hold_trail(connection)
        return connection

    def _close(self) -> None:
        self._stack.close()


def carry_over(newer: Newer, new_url: str, session_id: UUID | None = None) -> CarriedOver:
    """Apply the removals of the newer database to the restored one at *new_url*.

    Runs in one transaction. Without a database to compare with, all sessions and one-time links
    end, because it is unknown which are still valid. *session_id*: the current session, which
    continues if its user is an active administrator in both databases after all removals.
    """
    with cluster_store.connection(new_url) as new:
        finished_runs_store.forget_unfinished_runs(new)
        if newer.old is not None:
            cluster_store.go_on_counting(newer.old, new)
            finished_runs_store.keep_finished_runs(newer.old, new)
        with new.transaction():
            return _carried_over(newer.old, new, session_id)


def _carried_over(old: Connection | None, new: Connection, session_id: UUID | None) -> CarriedOver:
    known = None
    if old is not None and all(copying_store.has(old, table) for table in ("users", "sessions")):
        known = _known(old, new)
    if old is None or known is None:
        return CarriedOver(
            Comparison.UNREADABLE if old is None else Comparison.OTHER_HISTORY,
            sessions_ended=store.end_all_sign_ins(new),
            session_kept=None if session_id is None else False,
            administrators=store.active_administrators(new),
        )
    store.copy_state(old, new)
    removals = [
        *_users(old, new, known),
        *_roles(old, new, known),
        *_identities(old, new, known),
    ]
    sessions = store.end_sessions(new)
    kept = None if session_id is None else copying_store.keep_session(old, new, session_id)
    store.end_links(new)
    removals += _tokens(new)
    copying_store.keep_keys(old, new)
    copying_store.keep_token_addresses(old, new)
    copying_store.keep_appointments(old, new)
    copying_store.number_reviews_on(old, new)
    return CarriedOver(
        Comparison.COMPARED,
        _explained(old, known, removals),
        sessions_ended=sessions,
        session_kept=kept,
        events_left_behind=newer_store.events_after(old, known.event),
        administrators=store.active_administrators(new),
    )


def _known(old: Connection, new: Connection) -> Known | None:
    """The last event that both databases share; None if they have no common history.

    A restored database starts with the trail of its backup and continues with its own numbers, so
    two trails are equal up to some number and differ after it.
    """
    newest = newer_store.head(new)
    if newest is None:
        return None
    if newer_store.head(old, newest[0]) == newest:
        return Known(newest[0], None)
    least, most, shared = 0, newest[0], None
    while least < most:
        middle = (least + most + 1) // 2
        here, there = newer_store.head(new, middle), newer_store.head(old, middle)
        if here is not None and here == there:
            least, shared = middle, here
        else:
            most = middle - 1
    return None if shared is None else Known(shared[0], shared[1])


def _users(old: Connection, new: Connection, known: Known) -> list[Removal]:
    deleted = [] if known.until is None else newer_store.deletions(old, known.event)
    removals = [
        Removal(RemovalKind.USER_DELETED, user, email, before={"status": status})
        for user, email, status in store.delete_users(new, known, deleted)
    ]
    suspended = {"status": "suspended"}
    removals += [
        Removal(RemovalKind.USER_SUSPENDED, user, email, before={"status": was}, after=suspended)
        for user, email, was in store.suspend_users(new)
    ]
    return removals + [
        Removal(RemovalKind.USER_SUSPENDED, user, email, after=suspended)
        for user, email in store.add_suspended_users(old, new)
    ]


def _roles(old: Connection, new: Connection, known: Known) -> list[Removal]:
    taken = [] if known.until is None else newer_store.role_removals(old, known.event)
    removals = [
        Removal(RemovalKind.ROLE_REVOKED, user, email, role, role, before=_grant(role, end))
        for user, email, role, end in store.remove_roles(new, known, taken)
    ]
    return removals + [
        Removal(
            RemovalKind.ROLE_SHORTENED,
            user,
            email,
            role,
            role,
            before=_grant(role, was),
            after=_grant(role, end),
        )
        for user, email, role, was, end in store.shorten_roles(new)
    ]


def _identities(old: Connection, new: Connection, known: Known) -> list[Removal]:
    removals = [
        Removal(RemovalKind.IDENTITY_REMOVED, user, email, provider)
        for user, email, provider in store.remove_identities(new, known)
    ]
    return removals + [
        Removal(RemovalKind.ADDRESS_UNPROVED, user, email)
        for user, email in store.unprove_addresses(old, new)
    ]


def _tokens(new: Connection) -> list[Removal]:
    revoked = store.revoke_tokens(new)
    return [
        Removal(
            kind,
            user,
            email,
            f"“{name}” ({prefix}…)",
            str(token),
            before={"token": str(token), "name": name, "prefix": prefix},
        )
        for kind, rows in (
            (RemovalKind.TOKEN_REVOKED, revoked),
            (RemovalKind.TOKEN_LIMITED, store.limit_tokens(new)),
        )
        for user, email, token, name, prefix in rows
    ]


def _explained(old: Connection, known: Known, removals: Sequence[Removal]) -> list[Removal]:
    """Add time and actor from the newer trail, and mark roles that expired."""
    users: list[UUID] = sorted({one.user_id for one in removals})
    events = newer_store.explanations(
        old, known.event, users, [action.value for action in EVENTS.values()]
    )

    def explained(one: Removal) -> Removal:
        event = EVENTS.get(one.kind)
        found = events.get((one.user_id, event.value, one.key)) if event else None
        if one.kind is RemovalKind.ROLE_REVOKED:
            expired = events.get((one.user_id, AuditAction.ROLE_EXPIRED.value, one.key))
            if expired is not None and (found is None or found < expired):
                return Removal(
                    RemovalKind.ROLE_EXPIRED,
                    one.user_id,
                    one.email,
                    one.subject,
                    one.key,
                    before=one.before,
                    at=expired[0],
                )
        return one if found is None else one.explained(*found)

    return [explained(one) for one in removals]


def _grant(role: str, end: Any) -> dict[str, str]:
    """A grant as audit events show it."""
    return {"role": role} if end is None else {"role": role, "expiresAt": end.isoformat()}


def _close_quietly(connection: Connection) -> None:
    with suppress(psycopg.Error):
        connection.close()
