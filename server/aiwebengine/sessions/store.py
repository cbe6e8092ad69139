"""SQL statements that create, list and end sessions and API tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from aiwebengine.core.identity import Role
from aiwebengine.database import Database, Row
from aiwebengine.sessions.types import ApiToken, Session

_SESSION_COLUMNS = """
  s.id, s.user_id, s.provider, s.address, s.user_agent, s.created_at, s.last_seen_at, s.expires_at
"""
_LIVE = "s.expires_at > now() and s.last_seen_at > now() - make_interval(secs => :idle_secs)"
API_COLUMNS = """
  t.id, t.user_id, t.name, t.prefix, t.scopes, t.role_ceiling, t.created_at, t.expires_at,
  t.last_used_at, t.last_used_address, t.revoked_at, t.parent_id, t.made_by_id, t.made_by,
  t.audience
"""


async def email_of(db: Database, user_id: UUID) -> str | None:
    """The user's address; None for an unknown user."""
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
    authenticated_at: datetime | None,
) -> Session:
    """Create a session."""
    row = await db.one(
        f"""
        insert into sessions as s (
          user_id, secret_hash, provider, address, user_agent, expires_at, authenticated_at
        )
        values (
          :user_id, :secret_hash, :provider, :address, :user_agent,
          now() + make_interval(secs => :lasts_secs),
          -- A provider's clock may be ahead of ours; null stays null.
          case when :authenticated_at > now() then now() else :authenticated_at end
        )
        returning {_SESSION_COLUMNS}
        """,
        user_id=user_id,
        secret_hash=secret_hash,
        provider=provider,
        address=address,
        user_agent=user_agent,
        lasts_secs=lasts_secs,
        authenticated_at=authenticated_at,
    )
    assert row is not None  # noqa: S101 - an insert without conflict clause always returns
    return _session(row)


async def keep_newest_sessions(
    db: Database, user_id: UUID, most: int, idle_secs: float
) -> list[Session]:
    """End the user's oldest sessions above *most*; return the active ones, oldest first."""
    rows = await db.all(
        f"""
        with ended as (
          delete from sessions
          where id in (
            select id from sessions where user_id = :user_id
            order by created_at desc, id desc offset :most
          )
          returning *
        )
        select {_SESSION_COLUMNS}
        from ended s
        where {_LIVE}
        order by s.created_at, s.id
        """,
        user_id=user_id,
        most=most,
        idle_secs=idle_secs,
    )
    return [_session(row) for row in rows]


async def sessions_of(
    db: Database, user_ids: Sequence[UUID], idle_secs: float
) -> dict[UUID, list[Session]]:
    """The active sessions of each user, newest first."""
    rows = await db.all(
        f"""
        select {_SESSION_COLUMNS}
        from sessions s
        where s.user_id = any(:user_ids) and {_LIVE}
        order by s.created_at desc, s.id desc
        """,
        user_ids=list(user_ids),
        idle_secs=idle_secs,
    )
    sessions: dict[UUID, list[Session]] = {user_id: [] for user_id in user_ids}
    for row in rows:
        sessions[row["user_id"]].append(_session(row))
    return sessions


async def newest_sessions(db: Database, limit: int, idle_secs: float) -> list[Session]:
    """At most *limit* active sessions of all users, newest first."""
    rows = await db.all(
        f"""
        select {_SESSION_COLUMNS}
        from sessions s
        where {_LIVE}
        order by s.created_at desc, s.id desc
        limit :limit
        """,
        limit=limit,
        idle_secs=idle_secs,
    )
    return [_session(row) for row in rows]


async def count_live_sessions(db: Database, idle_secs: float) -> int:
    """Number of active sessions of all users."""
    counted: int = await db.value(
        f"select count(*) from sessions s where {_LIVE}", idle_secs=idle_secs
    )
    return counted


async def session(db: Database, session_id: UUID) -> Session | None:
    """The session, or None."""
    row = await db.one(f"select {_SESSION_COLUMNS} from sessions s where s.id = :id", id=session_id)
    return None if row is None else _session(row)


async def remove_session(db: Database, session_id: UUID) -> bool:
    """End a session; return whether it existed."""
    removed = await db.value("delete from sessions where id = :id returning id", id=session_id)
    return removed is not None


async def authenticated_at(db: Database, session_id: UUID) -> datetime | None:
    """When the person signed in, or the session started; None when it has ended."""
    at: datetime | None = await db.value(
        "select coalesce(authenticated_at, created_at) from sessions where id = :session_id",
        session_id=session_id,
    )
    return at


async def remove_sessions_of(db: Database, user_id: UUID) -> int:
    """End all sessions of a user; return their number."""
    rows = await db.all(
        "delete from sessions where user_id = :user_id returning id", user_id=user_id
    )
    return len(rows)


async def remove_ended(db: Database, idle_secs: float) -> None:
    """Delete expired sessions, links, sign-in attempts and codes for the scripts host."""
    await db.execute(
        """
        delete from sessions
        where expires_at <= now() or last_seen_at <= now() - make_interval(secs => :idle_secs)
        """,
        idle_secs=idle_secs,
    )
    await db.execute("delete from sign_in_links where expires_at <= now()")
    await db.execute("delete from sign_in_attempts where expires_at <= now()")
    await db.execute(
        "delete from script_sessions where secret_hash is null and code_expires_at <= now()"
    )


async def lock_tokens_of(db: Database, user_id: UUID) -> None:
    """Lock the user's tokens, so that none is added while others are revoked."""
    await db.execute("select from users where id = :id for update", id=user_id)


async def add_token(
    db: Database,
    *,
    user_id: UUID,
    name: str,
    prefix: str,
    secret_hash: bytes,
    scopes: Sequence[str],
    role_ceiling: Role | None,
    expires_at: datetime,
    parent_id: UUID | None,
    made_by_id: UUID | None,
    made_by: str,
    audience: str | None = None,
    client_id: UUID | None = None,
    secret_lasts_secs: float | None = None,
) -> ApiToken:
    """Create a token."""
    row = await db.one(
        f"""
        insert into api_tokens as t (
          user_id, name, prefix, secret_hash, scopes, role_ceiling, expires_at, parent_id,
          made_by_id, made_by, audience, client_id, secret_expires_at
        )
        values (
          :user_id, :name, :prefix, :secret_hash, :scopes, :role_ceiling, :expires_at, :parent_id,
          :made_by_id, :made_by, :audience, :client_id,
          now() + make_interval(secs => :secret_lasts_secs)
        )
        returning {API_COLUMNS}
        """,
        user_id=user_id,
        name=name,
        prefix=prefix,
        secret_hash=secret_hash,
        scopes=list(scopes),
        role_ceiling=None if role_ceiling is None else role_ceiling.value,
        expires_at=expires_at,
        parent_id=parent_id,
        made_by_id=made_by_id,
        made_by=made_by,
        audience=audience,
        client_id=client_id,
        secret_lasts_secs=secret_lasts_secs,
    )
    assert row is not None  # noqa: S101 - an insert without conflict clause always returns
    return token_of(row)


async def token(db: Database, token_id: UUID) -> ApiToken | None:
    """The token, also a revoked one, or None."""
    row = await db.one(f"select {API_COLUMNS} from api_tokens t where t.id = :id", id=token_id)
    return None if row is None else token_of(row)


async def tokens_of(db: Database, user_ids: Sequence[UUID]) -> dict[UUID, list[ApiToken]]:
    """The tokens of each user that are not revoked, newest first."""
    rows = await db.all(
        f"""
        select {API_COLUMNS}
        from api_tokens t
        where t.user_id = any(:user_ids) and t.revoked_at is null
        order by t.created_at desc, t.id desc
        """,
        user_ids=list(user_ids),
    )
    tokens: dict[UUID, list[ApiToken]] = {user_id: [] for user_id in user_ids}
    for row in rows:
        tokens[row["user_id"]].append(token_of(row))
    return tokens


async def all_tokens(db: Database) -> list[ApiToken]:
    """Every token that is not revoked, newest first."""
    rows = await db.all(
        f"select {API_COLUMNS} from api_tokens t where t.revoked_at is null"
        " order by t.created_at desc, t.id desc"
    )
    return [token_of(row) for row in rows]


async def revoke_token(db: Database, token_id: UUID) -> list[ApiToken]:
    """Revoke a token and all its descendants; return the newly revoked ones, oldest first.

    Call `lock_tokens_of` first: a token created in the meantime would be missed.
    """
    rows = await db.all(
        f"""
        with recursive family as (
          select id from api_tokens where id = :id
          union
          select made.id from api_tokens made join family on made.parent_id = family.id
        ),
        revoked as (
          update api_tokens set revoked_at = now()
          where revoked_at is null and id in (select id from family)
          returning *
        )
        select {API_COLUMNS} from revoked t order by t.created_at, t.id
        """,
        id=token_id,
    )
    return [token_of(row) for row in rows]


async def count_endless_tokens(db: Database) -> int:
    """Number of valid tokens that never expire."""
    counted: int = await db.value(
        "select count(*) from api_tokens where revoked_at is null and expires_at is null"
    )
    return counted


async def revoke_tokens_of(db: Database, user_id: UUID) -> list[ApiToken]:
    """Revoke all tokens of a user; return the newly revoked ones."""
    rows = await db.all(
        f"""
        update api_tokens t set revoked_at = now()
        where t.user_id = :user_id and t.revoked_at is null
        returning {API_COLUMNS}
        """,
        user_id=user_id,
    )
    return [token_of(row) for row in rows]


def _session(row: Row) -> Session:
    return Session(
        **_without(row, "id", "user_id"),
        id=strawberry.ID(str(row["id"])),
        key=row["id"],
        user_key=row["user_id"],
    )


def token_of(row: Row) -> ApiToken:
    """The token in a row of API_COLUMNS."""
    ceiling = row["role_ceiling"]
    return ApiToken(
        **_without(row, "id", "user_id", "role_ceiling", "parent_id", "made_by_id"),
        id=strawberry.ID(str(row["id"])),
        key=row["id"],
        user_key=row["user_id"],
        parent_key=row["parent_id"],
        maker_key=row["made_by_id"],
        role_ceiling=None if ceiling is None else Role(ceiling),
    )


def _without(row: Row, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
