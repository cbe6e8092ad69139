"""The commands `aiwebengine tokens …` and `aiwebengine sessions …`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import click

from aiwebengine.core.formats import count, instant
from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.sessions.tokens import NewToken
from aiwebengine.sessions.types import ApiToken, Session
from aiwebengine.terminal.commands import json_option, show, table, time_after, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

LARGEST_LIST = 10_000


@click.group()
def tokens() -> None:
    """Create, list and revoke API tokens."""


@tokens.command()
@click.option(
    "--user", "email", required=True, help="Email address of the user the token acts for."
)
@click.option("--name", required=True, help="Name of the token, such as its purpose.")
@click.option(
    "--expires",
    help="Lifetime, such as 12h or 30d (default: auth.token_lifetime, at most"
    " auth.max_token_lifetime).",
)
@click.option(
    "--role",
    type=click.Choice([role.name for role in Role], case_sensitive=False),
    help="Highest role the token can have, even if the user has more.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="Scope of the token (default: all scopes). May be repeated.",
)
@json_option
@click.pass_context
def create(
    context: click.Context,
    email: str,
    name: str,
    expires: str | None,
    role: str | None,
    scopes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Create an API token and print its secret. It is printed only once."""
    expires_at = time_after(expires)

    async def work(engine: Engine, viewer: Viewer) -> NewToken:
        user = await engine.services.users.find_by_email(viewer, email)
        return await engine.services.tokens.create(
            viewer,
            user.key,
            name,
            scopes=scopes or None,
            role_ceiling=None if role is None else Role[role.upper()],
            expires_at=expires_at,
        )

    created = with_engine(context.obj, work)
    show(as_json, {"token": created.secret, **_token_data(created.token)}, created.secret)


@tokens.command("list")
@click.option("--user", "email", help="Filter by the email address of the user.")
@json_option
@click.pass_context
def list_tokens(context: click.Context, email: str | None, as_json: bool) -> None:
    """List API tokens that are not revoked."""

    async def work(engine: Engine, viewer: Viewer) -> list[tuple[ApiToken, str]]:
        services = engine.services
        if email is None:
            found = await services.tokens.all(viewer)
        else:
            user = await services.users.find_by_email(viewer, email)
            found = await services.tokens.of_user(viewer, user.key)
        owners = await services.users.many([token.user_key for token in found])
        return [
            (token, owner.email if owner else "")
            for token, owner in zip(found, owners, strict=True)
        ]

    found = with_engine(context.obj, work)
    rows = [
        (
            token.id,
            owner,
            token.name,
            f"{token.prefix}…",
            " ".join(token.scopes),
            token.made_by,
            instant(token.expires_at) if token.expires_at else "never",
            token.last_used_at and instant(token.last_used_at),
        )
        for token, owner in found
    ]
    listing = table(
        ("Id", "User", "Name", "Secret", "Scopes", "Created by", "Expires", "Last used"), rows
    )
    show(as_json, [{**_token_data(token), "user": owner} for token, owner in found], listing)


@tokens.command()
@click.argument("token_id", type=click.UUID)
@json_option
@click.pass_context
def revoke(context: click.Context, token_id: UUID, as_json: bool) -> None:
    """Revoke the API token TOKEN_ID (see `tokens list`). Also revokes those it created."""

    async def work(engine: Engine, viewer: Viewer) -> ApiToken:
        return await engine.services.tokens.revoke(viewer, token_id)

    token = with_engine(context.obj, work)
    show(as_json, _token_data(token), f"The token {token.name!r} is revoked.")


def _token_data(token: ApiToken) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "made_by": token.made_by,
        "parent": token.parent_key,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }


@click.group()
def sessions() -> None:
    """List and revoke browser sessions."""


@sessions.command("list")
@click.option("--user", "email", help="Filter by the email address of the user.")
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(1, LARGEST_LIST),
    help="Maximum number of sessions to list.",
)
@json_option
@click.pass_context
def list_sessions(context: click.Context, email: str | None, limit: int, as_json: bool) -> None:
    """List active sessions, newest first."""

    async def work(engine: Engine, viewer: Viewer) -> list[tuple[Session, str]]:
        services = engine.services
        if email is None:
            found = await services.sessions.newest(viewer, limit)
        else:
            user = await services.users.find_by_email(viewer, email)
            found = (await services.sessions.of_user(viewer, user.key))[:limit]
        owners = await services.users.many([one.user_key for one in found])
        return [
            (one, owner.email if owner else "") for one, owner in zip(found, owners, strict=True)
        ]

    found = with_engine(context.obj, work)
    rows = [
        (
            one.id,
            owner,
            one.provider,
            one.address,
            instant(one.created_at),
            instant(one.last_seen_at),
            instant(one.expires_at),
        )
        for one, owner in found
    ]
    columns = ("Id", "User", "Provider", "Address", "Started", "Last seen", "Expires")
    data = [_session_data(one, owner) for one, owner in found]
    show(as_json, data, table(columns, rows, count(len(found), "session")))


@sessions.command("revoke")
@click.argument("session_id", type=click.UUID)
@json_option
@click.pass_context
def revoke_session(context: click.Context, session_id: UUID, as_json: bool) -> None:
    """Revoke the session SESSION_ID (see `sessions list`)."""

    async def work(engine: Engine, viewer: Viewer) -> tuple[Session, str]:
        ended = await engine.services.sessions.revoke(viewer, session_id)
        (owner,) = await engine.services.users.many([ended.user_key])
        return ended, owner.email if owner else ""

    ended, owner = with_engine(context.obj, work)
    show(as_json, _session_data(ended, owner), f"Revoked the session of {owner}.")


@sessions.command("revoke-all")
@click.argument("email")
@json_option
@click.pass_context
def revoke_all(context: click.Context, email: str, as_json: bool) -> None:
    """Revoke every session of the user EMAIL."""

    async def work(engine: Engine, viewer: Viewer) -> tuple[str, int]:
        user = await engine.services.users.find_by_email(viewer, email)
        return user.email, await engine.services.sessions.revoke_all(viewer, user.key)

    owner, ended = with_engine(context.obj, work)
    show(as_json, {"user": owner, "ended": ended}, f"Revoked {count(ended, 'session')} of {owner}.")


def _session_data(one: Session, owner: str) -> dict[str, object]:
    return {
        "id": one.id,
        "user": owner,
        "provider": one.provider,
        "address": one.address,
        "user_agent": one.user_agent,
        "created_at": one.created_at,
        "last_seen_at": one.last_seen_at,
        "expires_at": one.expires_at,
    }
