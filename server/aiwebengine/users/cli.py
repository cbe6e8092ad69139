"""The commands `aiwebengine users …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aiwebengine.core.formats import count, day, instant
from aiwebengine.core.identity import GRANTABLE_ROLES, Role, Viewer
from aiwebengine.sessions.sign_in_link import link_address
from aiwebengine.terminal.commands import (
    confirm,
    errors_reported,
    json_option,
    show,
    table,
    time_after,
    with_engine,
)
from aiwebengine.users import checks
from aiwebengine.users.service import Change
from aiwebengine.users.types import Identity, RoleGrant, User, UserFilter, UserOrder, UserStatus

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

LARGEST_LIST = 10_000

_ROLES = {role.value.upper(): role for role in Role}


class GrantableRole(click.ParamType):  # type: ignore[type-arg]
    """Editor or Administrator, in any case."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Role:
        """The role of this name. Raises UsageError."""
        role = value if isinstance(value, Role) else _ROLES.get(str(value).upper())
        if role in GRANTABLE_ROLES:
            return role
        name = "--role" if isinstance(param, click.Option) else "ROLE"
        raise click.UsageError(
            f"{name} must be Editor or Administrator; found {str(value)[:80]!r}.", ctx
        )


role_argument = click.argument("role", type=GrantableRole())


@click.group()
def users() -> None:
    """List users, invite them, and change their roles and status."""


@users.command("list")
@click.option("--search", help="Filter by part of the name or email address.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role], case_sensitive=False),
    help="Filter by role.",
)
@click.option(
    "--status",
    type=click.Choice([status.value for status in UserStatus], case_sensitive=False),
    help="Filter by status.",
)
@click.option("--provider", help="Filter by sign-in provider.")
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, LARGEST_LIST),
    help="Maximum number of users to list.",
)
@json_option
@click.pass_context
def list_users(
    context: click.Context,
    search: str | None,
    role: str | None,
    status: str | None,
    provider: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List users, newest first."""
    with errors_reported():
        search = checks.search(search)
    criteria = UserFilter(
        search=search,
        role=_ROLES[role.upper()] if role else None,
        provider=provider,
        status=UserStatus(status.lower()) if status else None,
    )

    async def work(engine: Engine, viewer: Viewer) -> tuple[list[User], int]:
        service = engine.services.users
        found = await service.page(viewer, criteria, UserOrder(), None, limit)
        return found[:limit], await service.count(viewer, criteria)

    found, total = with_engine(context.obj, work)
    rows = [
        (
            user.email,
            user.name,
            _roles(user),
            user.status.value,
            "yes" if user.email_verified else "no",
            day(user.created_at),
        )
        for user in found
    ]
    columns = ("Email", "Name", "Roles", "Status", "Verified", "Created")
    listing = table(columns, rows, f"{len(found)} of {count(total, 'user')}")
    show(as_json, {"users": [_as_data(user) for user in found], "total": total}, listing)


@users.command()
@click.argument("email")
@click.option("--name", default="", help="Display name.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=GrantableRole(),
    help="Role to grant, Editor or Administrator. May be repeated.",
)
@json_option
@click.pass_context
def invite(
    context: click.Context, email: str, name: str, roles: tuple[Role, ...], as_json: bool
) -> None:
    """Invite the user EMAIL. The user becomes active at the first sign-in."""

    async def work(engine: Engine, viewer: Viewer) -> Change:
        return await engine.services.users.invite(viewer, email, name, roles)

    done = with_engine(context.obj, work)
    _show_change(as_json, done, f"{done.user.email} is invited.")


@users.command()
@click.argument("email")
@role_argument
@click.option("--expires", help="Revoke the role after this duration, such as 12h or 30d.")
@click.option("--reason", help="Reason to record in the audit trail.")
@click.option(
    "--confirm-unverified",
    is_flag=True,
    help="Grant the role even if the email address is not verified.",
)
@json_option
@click.pass_context
def grant(
    context: click.Context,
    email: str,
    role: Role,
    expires: str | None,
    reason: str | None,
    confirm_unverified: bool,
    as_json: bool,
) -> None:
    """Grant ROLE (Editor or Administrator) to the user EMAIL."""
    expires_at = time_after(expires)

    async def work(engine: Engine, viewer: Viewer) -> Change:
        user = await engine.services.users.find_by_email(viewer, email)
        return await engine.services.users.grant_role(
            viewer,
            user.key,
            role,
            expires_at=expires_at,
            reason=reason,
            confirm_unverified=confirm_unverified,
        )

    done = with_engine(context.obj, work)
    outcome = "is now" if done.changed else "was already"
    _show_change(as_json, done, f"{done.user.email} {outcome} {role.value}.")


@users.command()
@click.argument("email")
@role_argument
@click.option("--reason", help="Reason to record in the audit trail.")
@json_option
@click.pass_context
def revoke(
    context: click.Context, email: str, role: Role, reason: str | None, as_json: bool
) -> None:
    """Revoke ROLE (Editor or Administrator) from the user EMAIL."""

    async def work(engine: Engine, viewer: Viewer) -> Change:
        user = await engine.services.users.find_by_email(viewer, email)
        return await engine.services.users.revoke_role(viewer, user.key, role, reason=reason)

    done = with_engine(context.obj, work)
    outcome = "is no longer" if done.changed else "was not"
    _show_change(as_json, done, f"{done.user.email} {outcome} {role.value}.")


@users.command()
@click.argument("email")
@click.option("--reason", help="Reason to record in the audit trail.")
@json_option
@click.pass_context
def suspend(context: click.Context, email: str, reason: str | None, as_json: bool) -> None:
    """Suspend the user EMAIL. Ends all sessions and revokes all API tokens."""

    async def work(engine: Engine, viewer: Viewer) -> Change:
        user = await engine.services.users.find_by_email(viewer, email)
        return await engine.services.users.suspend(viewer, user.key, reason=reason)

    done = with_engine(context.obj, work)
    outcome = "is suspended" if done.changed else "was already suspended"
    _show_change(as_json, done, f"{done.user.email} {outcome}.")


@users.command()
@click.argument("email")
@json_option
@click.pass_context
def reinstate(context: click.Context, email: str, as_json: bool) -> None:
    """Reinstate the suspended user EMAIL. API tokens stay revoked."""

    async def work(engine: Engine, viewer: Viewer) -> Change:
        user = await engine.services.users.find_by_email(viewer, email)
        return await engine.services.users.reinstate(viewer, user.key)

    done = with_engine(context.obj, work)
    outcome = "is reinstated" if done.changed else "was not suspended"
    _show_change(as_json, done, f"{done.user.email} {outcome}.")


@users.command()
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_context
def delete(context: click.Context, email: str, yes: bool, as_json: bool) -> None:
    """Permanently delete the user EMAIL. Audit events are kept."""
    confirm(f"Permanently delete {email}?", yes)

    async def work(engine: Engine, viewer: Viewer) -> Change:
        user = await engine.services.users.find_by_email(viewer, email)
        return await engine.services.users.delete(viewer, user.key)

    done = with_engine(context.obj, work)
    _show_change(as_json, done, f"{done.user.email} is deleted.")


@users.command("show")
@click.argument("email")
@json_option
@click.pass_context
def show_user(context: click.Context, email: str, as_json: bool) -> None:
    """Show the roles, sessions and tokens of the user EMAIL."""

    async def work(
        engine: Engine, viewer: Viewer
    ) -> tuple[User, list[RoleGrant], list[Identity], int, int]:
        services = engine.services
        user = await services.users.find_by_email(viewer, email)
        (grants,) = await services.users.grants_of([user.key])
        (identities,) = await services.users.identities_of([user.key])
        sessions = await services.sessions.of_user(viewer, user.key)
        tokens = await services.tokens.of_user(viewer, user.key)
        return user, grants, identities, len(sessions), len(tokens)

    user, grants, identities, sessions, tokens = with_engine(context.obj, work)
    seen = user.last_signed_in_at
    lines = [
        f"Id              {user.id}",
        f"Email           {user.email} ({'' if user.email_verified else 'not '}verified)",
        f"Name            {user.name}",
        f"Status          {user.status.value}",
        f"Created         {instant(user.created_at)}",
        f"Last sign-in    {instant(seen) if seen else 'never'}",
        f"Providers       {', '.join(one.provider for one in identities) or 'none'}",
        f"Sessions        {sessions}",
        f"API tokens      {tokens}",
    ]
    for one in grants:
        end = f" until {instant(one.expires_at)}" if one.expires_at else ""
        why = f": {one.reason}" if one.reason else ""
        lines.append(
            f"Role            {one.role.value}{end}, granted {instant(one.granted_at)}"
            f" by {one.granted_by}{why}"
        )
    data = {
        **_as_data(user),
        "last_signed_in_at": seen,
        "grants": [
            {
                "role": one.role.value,
                "granted_at": one.granted_at,
                "granted_by": one.granted_by,
                "reason": one.reason,
                "expires_at": one.expires_at,
            }
            for one in grants
        ],
        "sessions": sessions,
        "tokens": tokens,
    }
    show(as_json, data, lines)


@users.command("sign-in-link")
@click.argument("email")
@json_option
@click.pass_context
def sign_in_link(context: click.Context, email: str, as_json: bool) -> None:
    """Print a link that signs in the user EMAIL.

    The link works once, within 15 minutes, in a browser on this machine.
    """

    async def work(engine: Engine, viewer: Viewer) -> str:
        secret = await engine.services.sign_in.link_for(viewer, email)
        return link_address(engine.config, secret)

    link = with_engine(context.obj, work)
    show(as_json, {"link": link}, link)


def _show_change(as_json: bool, done: Change, message: str) -> None:
    show(as_json, {"changed": done.changed, "user": _as_data(done.user)}, message)


def _as_data(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "status": user.status.value,
        "roles": [role.value for role in user.roles],
        "providers": user.providers,
        "email_verified": user.email_verified,
        "created_at": user.created_at,
    }


def _roles(user: User) -> str:
    return ", ".join(role.value for role in user.roles if role is not Role.AUTHENTICATED)
