"""Commands for API tokens and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import click

from aiwebengine.core.formats import count, instant
from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.sessions.tokens import NewToken
from aiwebengine.sessions.types import ApiToken, Session
from aiwebengine.terminal.commands import end_after, json_option, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

LARGEST_LIST = 10_000


@click.group()
def tokens() -> None:
    """Manage API tokens."""


@tokens.command()
@click.option("--user", "email", required=True, help="Address of the user that the token acts for.")
@click.option("--name", required=True, help="Name of the token.")
@click.option(
    "--expires",
    help="Lifetime, such as 12h or 30d. The default is auth.token_lifetime, the maximum"
    " auth.max_token_lifetime.",
)
@click.option(
    "--role",
    type=click.Choice([role.name for role in Role], case_sensitive=False),
    help="Highest role of the token, whatever roles its user has.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="Allowed use (default: all). May be repeated.",
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
    """Create a token and print its secret, which is not shown again."""
    expires_at = end_after(expires)

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

    made = with_engine(context.obj, work)
    show(as_json, {"token": made.secret, **_token_as_json(made.token)}, made.secret)


@tokens.command("list")
@click.option("--user", "email", help="Only those of the user with this address.")
@json_option
@click.pass_context
def list_tokens(context: click.Context, email: str | None, as_json: bool) -> None:
    """List the tokens that are not revoked."""

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
    shown = table(
        ("Id", "User", "Name", "Secret", "Scopes", "Made by", "Expires", "Last used"), rows
    )
    show(as_json, [{**_token_as_json(token), "user": owner} for token, owner in found], shown)


@tokens.command()
@click.argument("token_id", type=click.UUID)
@json_option
@click.pass_context
def revoke(context: click.Context, token_id: UUID, as_json: bool) -> None:
    """Revoke the token with the id TOKEN_ID (see `tokens list`), and every token it created."""

    async def work(engine: Engine, viewer: Viewer) -> ApiToken:
        return await engine.services.tokens.revoke(viewer, token_id)

    token = with_engine(context.obj, work)
    show(as_json, _token_as_json(token), f"The token {token.name!r} is revoked.")


def _token_as_json(token: ApiToken) -> dict[str, object]:
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
    """List and end browser sessions."""


@sessions.command("list")
@click.option("--user", "email", help="Only those of the user with this address.")
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
    """List the active sessions, newest first."""

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
    columns = ("Id", "User", "Provider", "Address", "Began", "Last seen", "Expires")
    shown = [_session_as_json(one, owner) for one, owner in found]
    show(as_json, shown, table(columns, rows, count(len(found), "session")))


@sessions.command("revoke")
@click.argument("session_id", type=click.UUID)
@json_option
@click.pass_context
def revoke_session(context: click.Context, session_id: UUID, as_json: bool) -> None:
    """End the session with the id SESSION_ID (see `sessions list`)."""

    async def work(engine: Engine, viewer: Viewer) -> tuple[Session, str]:
        ended = await engine.services.sessions.revoke(viewer, session_id)
        (owner,) = await engine.services.users.many([ended.user_key])
        return ended, owner.email if owner else ""

    ended, owner = with_engine(context.obj, work)
    show(as_json, _session_as_json(ended, owner), f"The session of {owner} has ended.")


@sessions.command("revoke-all")
@click.argument("email")
@json_option
@click.pass_context
def revoke_all(context: click.Context, email: str, as_json: bool) -> None:
    """End all sessions of the user with the address EMAIL."""

    async def work(engine: Engine, viewer: Viewer) -> tuple[str, int]:
        user = await engine.services.users.find_by_email(viewer, email)
        return user.email, await engine.services.sessions.revoke_all(viewer, user.key)

    owner, ended = with_engine(context.obj, work)
    show(as_json, {"user": owner, "ended": ended}, f"{count(ended, 'session')} of {owner} ended.")


def _session_as_json(one: Session, owner: str) -> dict[str, object]:
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
