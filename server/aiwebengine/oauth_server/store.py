"""SQL statements of registered programs and of what users allow them."""

from __future__ import annotations

from uuid import UUID

from aiwebengine.database import Database, Row
from aiwebengine.oauth_server.types import Authorization, Client, Wanted

_CLIENT = "id, name, redirect_uris, secret_hash, created_at"
_AUTHORIZATION = """
  a.id, a.client_id, a.session_id, a.user_id, u.email, a.redirect_uri, a.scopes, a.audience,
  a.challenge, a.state, a.token_id
"""


async def add_client(
    db: Database, name: str, redirect_uris: list[str], secret_hash: bytes | None
) -> Client:
    """Store a program."""
    row = await db.one(
        f"""
        insert into oauth_clients (name, redirect_uris, secret_hash)
        values (:name, :redirect_uris, :secret_hash)
        returning {_CLIENT}
        """,
        name=name,
        redirect_uris=redirect_uris,
        secret_hash=secret_hash,
    )
    assert row is not None  # noqa: S101 - an insert without conflict clause always returns
    return _client(row)


async def client(db: Database, client_id: UUID) -> Client | None:
    """The program, or None."""
    row = await db.one(f"select {_CLIENT} from oauth_clients where id = :id", id=client_id)
    return None if row is None else _client(row)


async def remove_unused_clients(db: Database, most: int) -> None:
    """Remove the oldest programs that nobody has connected, above *most*."""
    await db.execute(
        """
        delete from oauth_clients where id in (
          select id from oauth_clients where used_at is null
          order by created_at desc, id desc offset :most
        )
        """,
        most=most,
    )


async def mark_used(db: Database, client_id: UUID) -> None:
    """Record that a user connected the program."""
    await db.execute("update oauth_clients set used_at = now() where id = :id", id=client_id)


async def add_form(
    db: Database,
    wanted: Wanted,
    *,
    session_id: UUID,
    user_id: UUID,
    form_hash: bytes,
    lasts_secs: float,
) -> None:
    """Store an open consent page."""
    await db.execute(
        """
        insert into oauth_authorizations (
          client_id, session_id, user_id, redirect_uri, scopes, audience, challenge, state,
          form_hash, expires_at
        )
        values (
          :client_id, :session_id, :user_id, :redirect_uri, :scopes, :audience, :challenge, :state,
          :form_hash, now() + make_interval(secs => :lasts_secs)
        )
        """,
        client_id=wanted.client.id,
        session_id=session_id,
        user_id=user_id,
        redirect_uri=wanted.redirect_uri,
        scopes=list(wanted.scopes),
        audience=wanted.audience,
        challenge=wanted.challenge,
        state=wanted.state,
        form_hash=form_hash,
        lasts_secs=lasts_secs,
    )


async def remove_older(db: Database, session_id: UUID, most: int) -> None:
    """Remove what has expired, and the oldest open consent pages of a session above *most*."""
    await db.execute(
        """
        delete from oauth_authorizations
        where expires_at < now() - interval '1 hour' or id in (
          select id from oauth_authorizations
          where session_id = :session_id and form_hash is not null
          order by expires_at desc, id desc offset :most
        )
        """,
        session_id=session_id,
        most=most,
    )


async def answer_form(
    db: Database, *, form_hash: bytes, session_id: UUID, code_hash: bytes, lasts_secs: float
) -> Authorization | None:
    """Turn an open consent page of this session into a code, once; None for an unknown one."""
    row = await db.one(
        f"""
        update oauth_authorizations a
        set form_hash = null, code_hash = :code_hash,
          expires_at = now() + make_interval(secs => :lasts_secs)
        from users u
        where a.form_hash = :form_hash and a.session_id = :session_id and a.expires_at > now()
          and u.id = a.user_id
        returning {_AUTHORIZATION}
        """,
        form_hash=form_hash,
        session_id=session_id,
        code_hash=code_hash,
        lasts_secs=lasts_secs,
    )
    return None if row is None else _authorization(row)


async def remove_form(db: Database, form_hash: bytes, session_id: UUID) -> Authorization | None:
    """Remove an open consent page of this session; None for an unknown one."""
    row = await db.one(
        f"""
        delete from oauth_authorizations a using users u
        where a.form_hash = :form_hash and a.session_id = :session_id and a.expires_at > now()
          and u.id = a.user_id
        returning {_AUTHORIZATION}
        """,
        form_hash=form_hash,
        session_id=session_id,
    )
    return None if row is None else _authorization(row)


async def lock_code(db: Database, code_hash: bytes) -> Authorization | None:
    """The answer with this code, also an exchanged one, of a user and session that may sign in."""
    row = await db.one(
        f"""
        select {_AUTHORIZATION}
        from oauth_authorizations a
        join users u on u.id = a.user_id
        join sessions s on s.id = a.session_id
        where a.code_hash = :code_hash and (a.expires_at > now() or a.token_id is not null)
          and s.expires_at > now() and u.status = 'active'
        for update of a
        """,
        code_hash=code_hash,
    )
    return None if row is None else _authorization(row)


async def remove_authorization(db: Database, authorization_id: UUID) -> None:
    """Remove an answer, whose code then is unknown."""
    await db.execute("delete from oauth_authorizations where id = :id", id=authorization_id)


async def mark_exchanged(db: Database, authorization_id: UUID, token_id: UUID) -> None:
    """Record what the code was exchanged for."""
    await db.execute(
        "update oauth_authorizations set token_id = :token_id where id = :id",
        id=authorization_id,
        token_id=token_id,
    )


def _client(row: Row) -> Client:
    return Client(**{**row, "redirect_uris": tuple(row["redirect_uris"])})


def _authorization(row: Row) -> Authorization:
    return Authorization(**{**row, "scopes": tuple(row["scopes"])})
