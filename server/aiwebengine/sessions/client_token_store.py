"""SQL statements of the tokens of connected programs, with secrets that a refresh replaces."""

from __future__ import annotations

from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.sessions.store import API_COLUMNS, token_of
from aiwebengine.sessions.types import ApiToken


async def add_refresh_secret(db: Database, token_id: UUID, secret_hash: bytes) -> None:
    """Store a secret that refreshes the token, and forget what was used long ago."""
    await db.execute(
        """
        delete from oauth_refresh_tokens
        where token_id = :token_id and used_at < now() - interval '30 days'
        """,
        token_id=token_id,
    )
    await db.execute(
        "insert into oauth_refresh_tokens (secret_hash, token_id) values (:secret_hash, :token_id)",
        secret_hash=secret_hash,
        token_id=token_id,
    )


async def use_refresh_secret(db: Database, secret_hash: bytes) -> UUID | None:
    """Use the secret, once; the token that it refreshes, or None."""
    found: UUID | None = await db.value(
        """
        update oauth_refresh_tokens set used_at = now()
        where secret_hash = :secret_hash and used_at is null
        returning token_id
        """,
        secret_hash=secret_hash,
    )
    return found


async def token_refreshed_by(db: Database, secret_hash: bytes) -> UUID | None:
    """The token that this secret refreshes or refreshed, or None."""
    found: UUID | None = await db.value(
        "select token_id from oauth_refresh_tokens where secret_hash = :secret_hash",
        secret_hash=secret_hash,
    )
    return found


async def replace_secret(
    db: Database,
    token_id: UUID,
    client_id: UUID,
    *,
    prefix: str,
    secret_hash: bytes,
    lasts_secs: float,
) -> ApiToken | None:
    """Give a valid token of this program another secret; None if it is not valid any more."""
    row = await db.one(
        f"""
        update api_tokens t
        set secret_hash = :secret_hash, prefix = :prefix,
          secret_expires_at = least(t.expires_at, now() + make_interval(secs => :lasts_secs))
        from users u
        where t.id = :token_id and t.client_id = :client_id and t.revoked_at is null
          and t.expires_at > now() and u.id = t.user_id and u.status = 'active'
        returning {API_COLUMNS}
        """,
        token_id=token_id,
        client_id=client_id,
        prefix=prefix,
        secret_hash=secret_hash,
        lasts_secs=lasts_secs,
    )
    return None if row is None else token_of(row)


async def token_of_client(db: Database, client_id: UUID, secret_hash: bytes) -> UUID | None:
    """The token of this program with this secret or refresh secret, or None."""
    found: UUID | None = await db.value(
        """
        select t.id from api_tokens t
        where t.client_id = :client_id and (
          t.secret_hash = :secret_hash
          or t.id = (select r.token_id from oauth_refresh_tokens r
                     where r.secret_hash = :secret_hash)
        )
        """,
        client_id=client_id,
        secret_hash=secret_hash,
    )
    return found
