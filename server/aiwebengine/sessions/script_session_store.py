"""SQL statements of sign-ins on the host of scripts."""

from __future__ import annotations

from uuid import UUID

from aiwebengine.database import Database, Row


async def add_code(
    db: Database,
    *,
    session_id: UUID,
    host: str,
    code_hash: bytes,
    browser_hash: bytes,
    lasts_secs: float,
) -> None:
    """Store a one-time code of a session; does nothing if the session has ended."""
    await db.execute(
        """
        insert into script_sessions (session_id, host, code_hash, browser_hash, code_expires_at)
        select id, :host, :code_hash, :browser_hash, now() + make_interval(secs => :lasts_secs)
        from sessions
        where id = :session_id
        """,
        session_id=session_id,
        host=host,
        code_hash=code_hash,
        browser_hash=browser_hash,
        lasts_secs=lasts_secs,
    )


async def use_code(
    db: Database, *, code_hash: bytes, browser_hash: bytes, host: str, secret_hash: bytes
) -> UUID | None:
    """Turn a code into a sign-in, once; the session that it belongs to, or None.

    A code without a browser, as the version before gave them, is not valid.
    """
    found: UUID | None = await db.value(
        """
        update script_sessions set code_hash = null, secret_hash = :secret_hash
        where code_hash = :code_hash and browser_hash = :browser_hash and host = :host
          and code_expires_at > now()
        returning session_id
        """,
        code_hash=code_hash,
        browser_hash=browser_hash,
        host=host,
        secret_hash=secret_hash,
    )
    return found


async def remove_older(db: Database, session_id: UUID, host: str, secret_hash: bytes) -> None:
    """End the other sign-ins of a session on a host: its browser keeps the newest cookie."""
    await db.execute(
        """
        delete from script_sessions
        where session_id = :session_id and host = :host and secret_hash <> :secret_hash
        """,
        session_id=session_id,
        host=host,
        secret_hash=secret_hash,
    )


async def user(
    db: Database, *, secret_hash: bytes, host: str, script_id: UUID, idle_secs: float
) -> Row | None:
    """The active user of a sign-in whose session is active, with roles also of the script; or
    None.
    """
    return await db.one(
        """
        select u.id, u.name, u.email, s.provider, array(
          select r.role from user_roles r
          where r.user_id = u.id and (r.expires_at is null or r.expires_at > now())
          order by r.role
        ) as roles, array(
          select x.role from script_user_roles x
          where x.script_id = :script_id and x.user_id = u.id
          order by x.role
        ) as script_roles
        from script_sessions p
        join sessions s on s.id = p.session_id
        join users u on u.id = s.user_id
        where p.secret_hash = :secret_hash
          and p.host = :host
          and s.expires_at > now()
          and s.last_seen_at > now() - make_interval(secs => :idle_secs)
          and u.status = 'active'
        """,
        secret_hash=secret_hash,
        host=host,
        script_id=script_id,
        idle_secs=idle_secs,
    )
