"""The command-line door of this room."""

from __future__ import annotations

from uuid import UUID

import click

from aiwebengine.app import Engine
from aiwebengine.auth.tokens import NewToken
from aiwebengine.auth.types import ApiToken
from aiwebengine.commands import end_after, json_option, show, table, with_engine
from aiwebengine.users.types import Role
from aiwebengine.viewer import Scope, Viewer


@click.group()
def tokens() -> None:
    """API tokens for scripts."""


@tokens.command()
@click.option("--user", "email", required=True, help="Address of the user it acts for.")
@click.option("--name", required=True, help="What it is for.")
@click.option(
    "--expires",
    help="Lifetime, such as 12h or 30d. The default is auth.token_lifetime, the maximum"
    " auth.max_token_lifetime.",
)
@click.option(
    "--role",
    type=click.Choice([role.name for role in Role], case_sensitive=False),
    help="The most that it may be, whatever its user is.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may be used for; all when left out. May be repeated.",
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
    """Make a token and print its secret, this once."""
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
    show(as_json, {"token": made.secret, **_told(made.token)}, made.secret)


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
            f"{token.expires_at:%Y-%m-%d %H:%M}" if token.expires_at else "never",
            token.last_used_at and f"{token.last_used_at:%Y-%m-%d %H:%M}",
        )
        for token, owner in found
    ]
    shown = table(
        ("Id", "User", "Name", "Secret", "Scopes", "Made by", "Expires", "Last used"), rows
    )
    show(as_json, [{**_told(token), "user": owner} for token, owner in found], shown)


@tokens.command()
@click.argument("token_id", type=click.UUID)
@json_option
@click.pass_context
def revoke(context: click.Context, token_id: UUID, as_json: bool) -> None:
    """Revoke the token with the id TOKEN_ID (see `tokens list`), and every token it made."""

    async def work(engine: Engine, viewer: Viewer) -> ApiToken:
        return await engine.services.tokens.revoke(viewer, token_id)

    token = with_engine(context.obj, work)
    show(as_json, _told(token), f"The token {token.name!r} is revoked.")


def _told(token: ApiToken) -> dict[str, object]:
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
