"""Every SQL statement about sessions, tokens and sign-in links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from aiwebengine.auth.types import ApiToken, Attempt, Session
from aiwebengine.database import Database, Row
from aiwebengine.users.types import Role

_SESSION_COLUMNS = """
  s.id, s.user_id, s.provider, s.address, s.user_agent, s.created_at, s.last_seen_at, s.expires_at
"""
_API_COLUMNS = """
  t.id, t.user_id, t.name, t.prefix, t.scopes, t.role_ceiling, t.created_at, t.expires_at,
  t.last_used_at, t.last_used_address, t.revoked_at
"""
# The caller's address and roles come with the session or token, in the same round trip: this
# runs before every request.
_CALLER = "u.id as user_id, u.email, u.name, held.roles, held.next_role_end"
# Both in one look: asked for the earliest end alone, PostgreSQL would walk everybody's ends.
_CALLERS_ROLES = """
  cross join lateral (
    select coalesce(array_agg(r.role), '{}') as roles, min(r.expires_at) as next_role_end
    from user_roles r
    where r.user_id = u.id and (r.expires_at is null or r.expires_at > now())
  ) held
"""


async def caller_by_session(
    db: Database, *, idle_secs: float, secret_hash: bytes | None = None, id: UUID | None = None
) -> Row | None:
    """The active user behind a live session, or None."""
    return await db.one(
        f"""
        select s.id as session_id, s.created_at, s.expires_at,
          s.last_seen_at < now() - interval '1 minute' as stale, {_CALLER}
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
    """The active user behind a working token, or None.

    `is_new_address`: whether the token was never before used from *address*.
    """
    return await db.one(
        f"""
        select t.id as token_id, t.expires_at, t.scopes, t.role_ceiling,
          t.last_used_at is null or t.last_used_at < now() - interval '1 minute' as stale,
          cast(:address as text) is not null and not exists (
            select from token_addresses a where a.token_id = t.id and a.address = :address
          ) as is_new_address,
          {_CALLER}
        from api_tokens t join users u on u.id = t.user_id {_CALLERS_ROLES}
        where {"t.secret_hash = :key" if id is None else "t.id = :key"}
          and t.revoked_at is null
          and (t.expires_at is null or t.expires_at > now())
          and u.status = 'active'
        """,
        key=secret_hash if id is None else id,
        address=address,
    )


async def email_of(db: Database, user_id: UUID) -> str | None:
    """The user's address; None when there is no such user."""
    email: str | None = await db.value("select email from users where id = :id", id=user_id)
    return email


async def add_session(
    db: Database,
    *,
    user_id: UUID,
    secret_hash: bytes,
    provider: str,
    address: str | None,
    user_agent: str | None,
    lasts_secs: float,
) -> Session:
    """Begin a session."""
    row = await db.one(
        f"""
        insert into sessions as s (
          user_id, secret_hash, provider, address, user_agent, expires_at
        )
        values (
          :user_id, :secret_hash, :provider, :address, :user_agent,
          now() + make_interval(secs => :lasts_secs)
        )
        returning {_SESSION_COLUMNS}
        """,
        user_id=user_id,
        secret_hash=secret_hash,
        provider=provider,
        address=address,
        user_agent=user_agent,
        lasts_secs=lasts_secs,
    )
    assert row is not None  # noqa: S101 - an insert without conflict clause always returns
    return _session(row)


async def keep_newest_sessions(db: Database, user_id: UUID, most: int) -> None:
    """End the user's oldest sessions above *most*."""
    await db.execute(
        """
        delete from sessions
        where id in (
          select id from sessions where user_id = :user_id
          order by created_at desc, id desc offset :most
        )
        """,
        user_id=user_id,
        most=most,
    )


async def touch_session(db: Database, session_id: UUID) -> None:
    """Note that the session is in use."""
    await db.execute("update sessions set last_seen_at = now() where id = :id", id=session_id)


async def sessions_of(
    db: Database, user_ids: Sequence[UUID], idle_secs: float
) -> dict[UUID, list[Session]]:
    """The live sessions of each user, newest first."""
    rows = await db.all(
        f"""
        select {_SESSION_COLUMNS}
        from sessions s
        where s.user_id = any(:user_ids) and s.expires_at > now()
          and s.last_seen_at > now() - make_interval(secs => :idle_secs)
        order by s.created_at desc, s.id desc
        """,
        user_ids=list(user_ids),
        idle_secs=idle_secs,
    )
    sessions: dict[UUID, list[Session]] = {user_id: [] for user_id in user_ids}
    for row in rows:
        sessions[row["user_id"]].append(_session(row))
    return sessions


async def count_live_sessions(db: Database, idle_secs: float) -> int:
    """How many sessions of all users are live."""
    counted: int = await db.value(
        """
        select count(*) from sessions
        where expires_at > now() and last_seen_at > now() - make_interval(secs => :idle_secs)
        """,
        idle_secs=idle_secs,
    )
    return counted


async def session(db: Database, session_id: UUID) -> Session | None:
    """The session, or None."""
    row = await db.one(f"select {_SESSION_COLUMNS} from sessions s where s.id = :id", id=session_id)
    return None if row is None else _session(row)


async def remove_session(db: Database, session_id: UUID) -> bool:
    """End a session; whether it was there."""
    removed = await db.value("delete from sessions where id = :id returning id", id=session_id)
    return removed is not None


async def remove_sessions_of(db: Database, user_id: UUID) -> int:
    """End all sessions of a user; how many there were."""
    rows = await db.all(
        "delete from sessions where user_id = :user_id returning id", user_id=user_id
    )
    return len(rows)


async def remove_ended(db: Database, idle_secs: float) -> None:
    """Drop sessions and links that can't be used any more."""
    await db.execute(
        """
        delete from sessions
        where expires_at <= now() or last_seen_at <= now() - make_interval(secs => :idle_secs)
        """,
        idle_secs=idle_secs,
    )
    await db.execute("delete from sign_in_links where expires_at <= now()")
    await db.execute("delete from sign_in_attempts where expires_at <= now()")


async def add_token(
    db: Database,
    *,
    user_id: UUID,
    name: str,
    prefix: str,
    secret_hash: bytes,
    scopes: Sequence[str],
    role_ceiling: Role | None,
    expires_at: datetime | None,
) -> ApiToken:
    """Make a token."""
    row = await db.one(
        f"""
        insert into api_tokens as t (
          user_id, name, prefix, secret_hash, scopes, role_ceiling, expires_at
        )
        values (:user_id, :name, :prefix, :secret_hash, :scopes, :role_ceiling, :expires_at)
        returning {_API_COLUMNS}
        """,
        user_id=user_id,
        name=name,
        prefix=prefix,
        secret_hash=secret_hash,
        scopes=list(scopes),
        role_ceiling=None if role_ceiling is None else role_ceiling.value,
        expires_at=expires_at,
    )
    assert row is not None  # noqa: S101 - an insert without conflict clause always returns
    return _token(row)


async def token(db: Database, token_id: UUID) -> ApiToken | None:
    """The token, revoked or not; or None."""
    row = await db.one(f"select {_API_COLUMNS} from api_tokens t where t.id = :id", id=token_id)
    return None if row is None else _token(row)


async def tokens_of(db: Database, user_ids: Sequence[UUID]) -> dict[UUID, list[ApiToken]]:
    """The tokens of each user that are not revoked, newest first."""
    rows = await db.all(
        f"""
        select {_API_COLUMNS}
        from api_tokens t
        where t.user_id = any(:user_ids) and t.revoked_at is null
        order by t.created_at desc, t.id desc
        """,
        user_ids=list(user_ids),
    )
    tokens: dict[UUID, list[ApiToken]] = {user_id: [] for user_id in user_ids}
    for row in rows:
        tokens[row["user_id"]].append(_token(row))
    return tokens


async def all_tokens(db: Database) -> list[ApiToken]:
    """Every token that is not revoked, newest first."""
    rows = await db.all(
        f"select {_API_COLUMNS} from api_tokens t where t.revoked_at is null"
        " order by t.created_at desc, t.id desc"
    )
    return [_token(row) for row in rows]


async def touch_token(db: Database, token_id: UUID, address: str | None) -> None:
    """Note that the token is in use, and from where."""
    await db.execute(
        "update api_tokens set last_used_at = now(), last_used_address = :address where id = :id",
        id=token_id,
        address=address,
    )


async def add_token_address(db: Database, token_id: UUID, address: str) -> bool:
    """Remember that the token is used from there; whether that is new."""
    new = await db.value(
        """
        insert into token_addresses (token_id, address) values (:token_id, :address)
        on conflict do nothing returning true
        """,
        token_id=token_id,
        address=address,
    )
    return bool(new)


async def revoke_token(db: Database, token_id: UUID) -> bool:
    """Revoke a token; whether it still worked."""
    revoked = await db.value(
        """
        update api_tokens set revoked_at = now()
        where id = :id and revoked_at is null
        returning id
        """,
        id=token_id,
    )
    return revoked is not None


async def add_link(
    db: Database, secret_hash: bytes, email: str, first_administrator: bool, lasts_secs: float
) -> None:
    """Make a one-use sign-in link."""
    await db.execute(
        """
        insert into sign_in_links (secret_hash, email, first_administrator, expires_at)
        values (
          :secret_hash, :email, :first_administrator, now() + make_interval(secs => :lasts_secs)
        )
        """,
        secret_hash=secret_hash,
        email=email,
        first_administrator=first_administrator,
        lasts_secs=lasts_secs,
    )


async def use_link(db: Database, secret_hash: bytes) -> tuple[str, bool] | None:
    """Use up a link: its address and whether it makes the first administrator; None: no such."""
    row = await db.one(
        """
        delete from sign_in_links
        where secret_hash = :secret_hash
        returning email, first_administrator, expires_at > now() as is_live
        """,
        secret_hash=secret_hash,
    )
    return (row["email"], row["first_administrator"]) if row and row["is_live"] else None


async def add_attempt(
    db: Database, state_hash: bytes, browser_hash: bytes, attempt: Attempt, lasts_secs: float
) -> None:
    """Note a sign-in that goes to a provider."""
    await db.execute(
        """
        insert into sign_in_attempts (
          state_hash, browser_hash, provider, nonce, verifier, redirect, expires_at
        )
        values (
          :state_hash, :browser_hash, :provider, :nonce, :verifier, :redirect,
          now() + make_interval(secs => :lasts_secs)
        )
        """,
        state_hash=state_hash,
        browser_hash=browser_hash,
        provider=attempt.provider,
        nonce=attempt.nonce,
        verifier=attempt.verifier,
        redirect=attempt.redirect,
        lasts_secs=lasts_secs,
    )


async def use_attempt(
    db: Database, state_hash: bytes, browser_hash: bytes, provider: str
) -> Attempt | None:
    """Use up a sign-in that comes back to the browser that began it; None: no such."""
    row = await db.one(
        """
        delete from sign_in_attempts
        where state_hash = :state_hash and browser_hash = :browser_hash and provider = :provider
          and expires_at > now()
        returning provider, nonce, verifier, redirect
        """,
        state_hash=state_hash,
        browser_hash=browser_hash,
        provider=provider,
    )
    return None if row is None else Attempt(**row)


async def remove_first_links(db: Database) -> None:
    """Make every start banner's link unusable."""
    await db.execute("delete from sign_in_links where first_administrator")


def _session(row: Row) -> Session:
    return Session(
        **_without(row, "id", "user_id"),
        id=strawberry.ID(str(row["id"])),
        key=row["id"],
        user_key=row["user_id"],
    )


def _token(row: Row) -> ApiToken:
    ceiling = row["role_ceiling"]
    return ApiToken(
        **_without(row, "id", "user_id", "role_ceiling"),
        id=strawberry.ID(str(row["id"])),
        key=row["id"],
        user_key=row["user_id"],
        role_ceiling=None if ceiling is None else Role(ceiling),
    )


def _without(row: Row, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
