"""Every statement by which a restored database takes over what the newer one had removed.

Blocking, for threads. *old* is the newer database, in one snapshot; *new* is the restored one, in
one transaction. What *old* holds comes to *new* as temporary tables, so a million users are one
pass. Either database may lack a table or a column that a later migration made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import sql

from aiwebengine.backups import copying_store
from aiwebengine.backups.cluster_store import Connection

NEEDED = ("audit_events", "users", "user_roles", "identities", "sessions", "api_tokens")
_COPIES: dict[LiteralString, tuple[LiteralString, LiteralString]] = {
    "old_users": ("id uuid primary key, status text", "select id, status from users"),
    "old_roles": (
        "user_id uuid, role text, expires_at timestamptz, primary key (user_id, role)",
        "select user_id, role, expires_at from user_roles",
    ),
    "old_identities": (
        "provider text, subject text, user_id uuid, email_verified boolean,"
        " primary key (provider, subject)",
        "select provider, subject, user_id, email_verified from identities",
    ),
    "old_sessions": (
        "id uuid primary key, user_id uuid, secret_hash bytea, expires_at timestamptz",
        "select id, user_id, secret_hash, expires_at from sessions where expires_at > now()",
    ),
    "old_links": ("secret_hash bytea primary key", "select secret_hash from sign_in_links"),
    "old_tokens": (
        "id uuid primary key, revoked_at timestamptz, expires_at timestamptz, role_ceiling text,"
        " scopes text[]",
        "select id, revoked_at, expires_at, role_ceiling, scopes from api_tokens",
    ),
}
_RANK: LiteralString = "array_position(array['Authenticated', 'Editor', 'Administrator'], {})"


@dataclass(frozen=True)
class Known:
    """What of a backup the newer database must have known.

    *event*: the newest audit event that both have. *until*: what was made later than this, the
    newer database never had, so its absence there means nothing; None: it knew all of it.
    """

    event: int
    until: datetime | None


def copy_state(old: Connection, new: Connection) -> None:
    """Let *new* see who may do what in *old*, until its transaction ends."""
    for name, (columns, query) in _COPIES.items():
        copying_store.copy(old, new, name, columns, query)


def delete_users(new: Connection, known: Known, deleted: list[Any]) -> list[tuple[Any, ...]]:
    """Remove whom *old* had removed; id, address and status of each."""
    return new.execute(
        """
        delete from users u
        where not exists (select from old_users o where o.id = u.id)
          and (%(until)s::timestamptz is null or u.created_at <= %(until)s
            or u.id = any(%(deleted)s))
        returning u.id, u.email, u.status
        """,
        {"until": known.until, "deleted": deleted},
    ).fetchall()


def suspend_users(new: Connection) -> list[tuple[Any, ...]]:
    """Suspend who is suspended in *old*; id, address and former status of each."""
    return new.execute(
        """
        with before as (
          select u.id, u.status from users u join old_users o on o.id = u.id
          where o.status = 'suspended' and u.status <> 'suspended'
        )
        update users u set status = 'suspended', version = u.version + 1, updated_at = now()
        from before b where b.id = u.id
        returning u.id, u.email, b.status
        """
    ).fetchall()


def add_suspended_users(old: Connection, new: Connection) -> list[tuple[Any, ...]]:
    """Add whom *old* made and suspended after the backup, without roles; id and address of each.

    Without them they could sign up again. Who has the same address in *new* is suspended instead.
    """
    if not copying_store.has_same_columns(old, new, "users"):
        # A database that could not be migrated: its rows would lack what the new columns need.
        return []
    suspended: LiteralString = "(select id from users where status = 'suspended')"
    copying_store.copy_rows(old, new, "users", "old_suspended", "status = 'suspended'")
    copying_store.copy_rows(
        old, new, "identities", "old_suspended_identities", "user_id in " + suspended
    )
    columns = copying_store.common_columns(old, new, "users")
    added = new.execute(
        sql.SQL(
            "insert into users ({0}) select {0} from old_suspended s"
            " where not exists (select from users u where u.id = s.id)"
            " on conflict do nothing returning id, email"
        ).format(columns)
    ).fetchall()
    namesakes = new.execute(
        """
        update users u set status = 'suspended', version = u.version + 1, updated_at = now()
        from old_suspended s
        where lower(s.email) = lower(u.email) and u.id <> s.id and u.status <> 'suspended'
          and not exists (select from users k where k.id = s.id)
        returning u.id, u.email
        """
    ).fetchall()
    columns = copying_store.common_columns(old, new, "identities")
    new.execute(
        sql.SQL(
            "insert into identities ({0}) select {0} from old_suspended_identities"
            " where user_id = any(%s) on conflict do nothing"
        ).format(columns),
        ([row[0] for row in added],),
    )
    copying_store.keep_addresses(old, new)
    return [*added, *namesakes]


def remove_roles(
    new: Connection, known: Known, removed: list[tuple[Any, str]]
) -> list[tuple[Any, ...]]:
    """Take away the roles that *old* had taken away; user, address, role and end of each."""
    return new.execute(
        """
        delete from user_roles r using users u
        where u.id = r.user_id and (r.expires_at is null or r.expires_at > now())
          and not exists (
            select from old_roles o where o.user_id = r.user_id and o.role = r.role
          )
          and (%(until)s::timestamptz is null or r.granted_at <= %(until)s
            or (r.user_id, r.role) in (
              select * from unnest(%(users)s::uuid[], %(roles)s::text[])
            ))
        returning u.id, u.email, r.role, r.expires_at
        """,
        {
            "until": known.until,
            "users": [user for user, _ in removed],
            "roles": [role for _, role in removed],
        },
    ).fetchall()


def shorten_roles(new: Connection) -> list[tuple[Any, ...]]:
    """Let no role last longer than in *old*; user, address, role, former end and end of each."""
    return new.execute(
        """
        with before as (
          select r.user_id, r.role, r.expires_at, o.expires_at as earlier
          from user_roles r join old_roles o using (user_id, role)
          where o.expires_at < coalesce(r.expires_at, 'infinity')
        )
        update user_roles r set expires_at = b.earlier
        from before b join users u on u.id = b.user_id
        where r.user_id = b.user_id and r.role = b.role
        returning u.id, u.email, r.role, b.expires_at, r.expires_at
        """
    ).fetchall()


def remove_identities(new: Connection, known: Known) -> list[tuple[Any, ...]]:
    """Unlink what *old* had unlinked, or linked to somebody else; user, address and provider."""
    return new.execute(
        """
        delete from identities i using users u
        where u.id = i.user_id
          and not exists (
            select from old_identities o
            where o.provider = i.provider and o.subject = i.subject and o.user_id = i.user_id
          )
          and (%(until)s::timestamptz is null or i.created_at <= %(until)s
            or exists (
              select from old_identities o
              where o.provider = i.provider and o.subject = i.subject
            ))
        returning u.id, u.email, i.provider
        """,
        {"until": known.until},
    ).fetchall()


def unprove_addresses(old: Connection, new: Connection) -> list[tuple[Any, ...]]:
    """Let no address be verified that is not in *old*; user and address of each.

    The other way round nothing is taken over: a proof that came later belongs to an identity that
    the backup does not have.
    """
    new.execute(
        "update identities i set email_verified = false from old_identities o"
        " where o.provider = i.provider and o.subject = i.subject"
        " and i.email_verified and not o.email_verified"
    )
    if all(copying_store.has(one, "identities", "address_proved_at") for one in (old, new)):
        copying_store.copy(
            old,
            new,
            "old_proofs",
            "provider text, subject text, primary key (provider, subject)",
            "select provider, subject from identities where address_proved_at is not null",
        )
        new.execute(
            "update identities i set address_proved_at = null from old_identities o"
            " where o.provider = i.provider and o.subject = i.subject"
            " and i.address_proved_at is not null and not exists ("
            "   select from old_proofs p where p.provider = i.provider and p.subject = i.subject)"
        )
    if not all(copying_store.has(one, "user_addresses", "email_key") for one in (old, new)):
        return []
    copying_store.copy(
        old,
        new,
        "old_unproved",
        "id uuid primary key",
        "select u.id from users u left join user_addresses a on a.user_id = u.id"
        " where a.email_verified_at is null",
    )
    return new.execute(
        "update user_addresses a set email_verified_at = null, email_verified_by = null"
        " from old_unproved o, users u where o.id = a.user_id and u.id = a.user_id"
        " and a.email_verified_at is not null returning u.id, u.email"
    ).fetchall()


def end_sessions(new: Connection) -> int:
    """End the sessions that do not live in *old*, and of everybody suspended; how many.

    Of another user, or under another secret, it is another session, whatever its id.
    """
    new.execute(
        "update sessions s set expires_at = o.expires_at from old_sessions o"
        " where o.id = s.id and o.expires_at < s.expires_at"
    )
    return new.execute(
        """
        delete from sessions s
        where not exists (
            select from old_sessions o
            where o.id = s.id and o.user_id = s.user_id and o.secret_hash = s.secret_hash
          )
          or s.user_id in (select id from users where status = 'suspended')
        """
    ).rowcount


def end_links(new: Connection) -> None:
    """Forget one-use links that *old* does not have any more, and sign-ins that had begun."""
    new.execute(
        "delete from sign_in_links l"
        " where not exists (select from old_links o where o.secret_hash = l.secret_hash)"
    )
    new.execute("delete from sign_in_attempts")


def end_all_sign_ins(new: Connection) -> int:
    """End every session, link and sign-in that had begun; how many sessions."""
    new.execute("delete from sign_in_links")
    new.execute("delete from sign_in_attempts")
    return new.execute("delete from sessions").rowcount


def revoke_tokens(new: Connection) -> list[tuple[Any, ...]]:
    """Revoke tokens that do not work in *old*, and of everybody suspended.

    User, address, token, name and prefix of those that would have worked.
    """
    return new.execute(
        """
        with ended as (
          select t.id, o.revoked_at
          from api_tokens t join users u on u.id = t.user_id
          left join old_tokens o on o.id = t.id
          where t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
            and (o.id is null or o.revoked_at is not null or o.expires_at <= now()
              or u.status = 'suspended')
        )
        update api_tokens t set revoked_at = coalesce(e.revoked_at, now())
        from ended e, users u
        where t.id = e.id and u.id = t.user_id
        returning u.id, u.email, t.id, t.name, t.prefix
        """
    ).fetchall()


def limit_tokens(new: Connection) -> list[tuple[Any, ...]]:
    """Let no token last longer, be more or do more than in *old*; columns as `revoke_tokens`."""
    return new.execute(
        sql.SQL(
            """
            update api_tokens t
            set expires_at = least(t.expires_at, o.expires_at),
              role_ceiling = case when {old_rank} < {new_rank} then o.role_ceiling
                else t.role_ceiling end,
              scopes = array(select s from unnest(t.scopes) s where s = any(o.scopes))
            from old_tokens o, users u
            where o.id = t.id and u.id = t.user_id and t.revoked_at is null
              and (o.expires_at < coalesce(t.expires_at, 'infinity') or {old_rank} < {new_rank}
                or not t.scopes <@ o.scopes)
            returning u.id, u.email, t.id, t.name, t.prefix
            """
        ).format(
            old_rank=sql.SQL(_RANK.format("coalesce(o.role_ceiling, 'Administrator')")),
            new_rank=sql.SQL(_RANK.format("coalesce(t.role_ceiling, 'Administrator')")),
        )
    ).fetchall()


def active_administrators(new: Connection) -> int:
    """How many active users hold the role Administrator now."""
    row = new.execute(
        "select count(*) from user_roles r join users u on u.id = r.user_id"
        " where r.role = 'Administrator' and u.status = 'active'"
        " and (r.expires_at is null or r.expires_at > now())"
    ).fetchone()
    return int(row[0]) if row else 0
