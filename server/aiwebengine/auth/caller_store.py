"""SQL statements that find the user of a session or token and record its use."""

from __future__ import annotations

from uuid import UUID

from aiwebengine.database import Database, Row

# The caller's address and roles are read with the session or token in one statement: this runs
# before every request.
_CALLER = "u.id as user_id, u.email, u.name, held.roles, held.next_role_end"
# Both in one subquery: for the earliest end alone, PostgreSQL would scan the ends of all users.
_CALLERS_ROLES = """
  cross join lateral (
    select coalesce(array_agg(r.role), '{}') as roles, min(r.expires_at) as next_role_end
    from user_roles r
    where r.user_id = u.id and (r.expires_at is null or r.expires_at > now())
  ) held
"""
# Of another user who created the token; null when that user is no longer active.
_MAKERS_ROLES = """
  left join lateral (
    select coalesce(array_agg(r.role) filter (where r.role is not null), '{}') as roles,
      min(r.expires_at) as next_role_end
    from users m
    left join user_roles r
      on r.user_id = m.id and (r.expires_at is null or r.expires_at > now())
    where t.made_by_id <> t.user_id and m.id = t.made_by_id and m.status = 'active'
    group by m.id
  ) maker on true
"""


async def caller_by_session(
    db: Database, *, idle_secs: float, secret_hash: bytes | None = None, id: UUID | None = None
) -> Row | None:
    """The active user of an active session, or None."""
    return await db.one(
        f"""
        select s.id as session_id, s.provider,
          coalesce(s.authenticated_at, s.created_at) as authenticated_at,
          least(s.expires_at, s.last_seen_at + make_interval(secs => :idle_secs)) as ends_at,
          -- To the minute, or more often where that would be too late to stay in use.
          s.last_seen_at < now() - make_interval(secs => least(60, :idle_secs / 4)) as stale,
          {_CALLER}
        from sessions s join users u on u.id = s.user_id {_CALLERS_ROLES}
        where {"s.secret_hash = :key" if id is None else "s.id = :key"}
          and s.expires_at > now()
          and s.last_seen_at > now() - make_interval(secs => :idle_secs)
          and u.status = 'active'
        """,
        key=secret_hash if id is None else id,
        idle_secs=idle_secs,
    )


async def caller_by_token(
    db: Database,
    *,
    secret_hash: bytes | None = None,
    id: UUID | None = None,
    address: str | None = None,
) -> Row | None:
    """The active user of a valid token, or None.

    `made_by` and `makers_roles` describe a creator who is another user; the operator of the machine
    has no limits and is named by the token alone.
    `is_new_address`: whether the token is used from *address* for the first time.
    """
    return await db.one(
        f"""
        select t.id as token_id, t.expires_at, t.secret_expires_at, t.audience, t.scopes,
          t.role_ceiling,
          t.made_by_id, case when t.made_by_id <> u.id then t.made_by end as made_by,
          maker.roles as makers_roles, maker.next_role_end as makers_role_end,
          t.last_used_at is null or t.last_used_at < now() - interval '1 minute' as stale,
          cast(:address as text) is not null and not exists (
            select from token_addresses a where a.token_id = t.id and a.address = :address
          ) as is_new_address,
          {_CALLER}
        from api_tokens t join users u on u.id = t.user_id {_CALLERS_ROLES} {_MAKERS_ROLES}
        where {"t.secret_hash = :key" if id is None else "t.id = :key"}
          and t.revoked_at is null
          and (t.expires_at is null or t.expires_at > now())
          and (t.secret_expires_at is null or t.secret_expires_at > now())
          and u.status = 'active'
          and (t.made_by_id is null or t.made_by_id = u.id or maker.roles is not null)
        """,
        key=secret_hash if id is None else id,
        address=address,
    )


async def touch_session(db: Database, session_id: UUID) -> None:
    """Record a use of the session."""
    await db.execute("update sessions set last_seen_at = now() where id = :id", id=session_id)


async def touch_token(db: Database, token_id: UUID, address: str | None) -> None:
    """Record a use of the token and its address."""
    await db.execute(
        "update api_tokens set last_used_at = now(), last_used_address = :address where id = :id",
        id=token_id,
        address=address,
    )


async def add_token_address(db: Database, token_id: UUID, address: str) -> bool:
    """Store an address of the token; return whether it is new."""
    new = await db.value(
        """
        insert into token_addresses (token_id, address) values (:token_id, :address)
        on conflict do nothing returning true
        """,
        token_id=token_id,
        address=address,
    )
    return bool(new)
