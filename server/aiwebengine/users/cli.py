"""The command-line door of this room."""

from __future__ import annotations

import click

from aiwebengine.app import Engine, link_address
from aiwebengine.commands import end_after, json_option, refusals_printed, show, table, with_engine
from aiwebengine.users import checks
from aiwebengine.users.service import Change
from aiwebengine.users.types import GRANTABLE_ROLES, Role, User, UserFilter, UserOrder
from aiwebengine.viewer import Viewer

LARGEST_LIST = 10_000

_ROLES = {role.value.upper(): role for role in Role}
role_argument = click.argument(
    "role", type=click.Choice([role.value for role in GRANTABLE_ROLES], case_sensitive=False)
)


@click.group()
def users() -> None:
    """See and change who may do what."""


@users.command("list")
@click.option("--search", help="A part of the name or the address.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role], case_sensitive=False),
    help="Only those who hold this role.",
)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, LARGEST_LIST),
    help="Most users to list.",
)
@json_option
@click.pass_context
def list_users(
    context: click.Context, search: str | None, role: str | None, limit: int, as_json: bool
) -> None:
    """List users, newest first."""
    with refusals_printed():
        asked = checks.search(search)
    wanted = UserFilter(search=asked, role=(role and _ROLES[role.upper()]) or None)

    async def work(engine: Engine, viewer: Viewer) -> tuple[list[User], int]:
        service = engine.services.users
        found = await service.page(viewer, wanted, UserOrder(), None, limit)
        return found[:limit], await service.count(viewer, wanted)

    found, total = with_engine(context.obj, work)
    rows = [
        (
            user.email,
            user.name,
            _roles(user),
            user.status.value,
            "yes" if user.email_verified else "no",
            f"{user.created_at:%Y-%m-%d}",
        )
        for user in found
    ]
    columns = ("Email", "Name", "Roles", "Status", "Verified", "Created")
    shown = table(columns, rows, f"{len(found)} of {total} users")
    show(as_json, {"users": [_told(user) for user in found], "total": total}, shown)


@users.command()
@click.argument("email")
@click.option("--name", default="", help="The display name.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in GRANTABLE_ROLES], case_sensitive=False),
    help="What the user may do from the start. May be repeated.",
)
@json_option
@click.pass_context
def invite(
    context: click.Context, email: str, name: str, roles: tuple[str, ...], as_json: bool
) -> None:
    """Make a user who becomes active at the first sign-in with the address EMAIL."""
    wanted = [_ROLES[role.upper()] for role in roles]

    async def work(engine: Engine, viewer: Viewer) -> Change:
        return await engine.services.users.invite(viewer, email, name, wanted)

    done = with_engine(context.obj, work)
    _show_change(as_json, done, f"{done.user.email} is invited.")


@users.command()
@click.argument("email")
@role_argument
@click.option("--expires", help="End after so long, such as 12h or 30d.")
@click.option("--reason", help="Why, for the audit trail.")
@click.option(
    "--confirm-unverified",
    is_flag=True,
    help="Grant the role although the address is not verified.",
)
@json_option
@click.pass_context
def grant(
    context: click.Context,
    email: str,
    role: str,
    expires: str | None,
    reason: str | None,
    confirm_unverified: bool,
    as_json: bool,
) -> None:
    """Give ROLE (Editor or Administrator) to the user with the address EMAIL."""
    expires_at, wanted = end_after(expires), _ROLES[role.upper()]

    async def work(engine: Engine, viewer: Viewer) -> Change:
        user = await engine.services.users.find_by_email(viewer, email)
        return await engine.services.users.grant_role(
            viewer,
            user.key,
            wanted,
            expires_at=expires_at,
            reason=reason,
            confirm_unverified=confirm_unverified,
        )

    done = with_engine(context.obj, work)
    said = "is now" if done.changed else "was already"
    _show_change(as_json, done, f"{done.user.email} {said} {wanted.value}.")


@users.command()
@click.argument("email")
@role_argument
@click.option("--reason", help="Why, for the audit trail.")
@json_option
@click.pass_context
def revoke(
    context: click.Context, email: str, role: str, reason: str | None, as_json: bool
) -> None:
    """Take ROLE (Editor or Administrator) from the user with the address EMAIL."""
    wanted = _ROLES[role.upper()]

    async def work(engine: Engine, viewer: Viewer) -> Change:
        user = await engine.services.users.find_by_email(viewer, email)
        return await engine.services.users.revoke_role(viewer, user.key, wanted, reason=reason)

    done = with_engine(context.obj, work)
    said = "is no longer" if done.changed else "was not"
    _show_change(as_json, done, f"{done.user.email} {said} {wanted.value}.")


@users.command()
@click.argument("email")
@click.option("--reason", help="Why, for the audit trail.")
@json_option
@click.pass_context
def suspend(context: click.Context, email: str, reason: str | None, as_json: bool) -> None:
    """Suspend the user with the address EMAIL: sessions end, API tokens are revoked for good."""

    async def work(engine: Engine, viewer: Viewer) -> Change:
        user = await engine.services.users.find_by_email(viewer, email)
        return await engine.services.users.suspend(viewer, user.key, reason=reason)

    done = with_engine(context.obj, work)
    said = "is suspended" if done.changed else "was suspended already"
    _show_change(as_json, done, f"{done.user.email} {said}.")


@users.command("sign-in-link")
@click.argument("email")
@json_option
@click.pass_context
def sign_in_link(context: click.Context, email: str, as_json: bool) -> None:
    """Print a link that signs in the user with the address EMAIL.

    It works once, for 15 minutes, in a browser on this machine.
    """

    async def work(engine: Engine, viewer: Viewer) -> str:
        secret = await engine.services.sign_in.link_for(viewer, email)
        return link_address(engine.config, secret)

    link = with_engine(context.obj, work)
    show(as_json, {"link": link}, link)


def _show_change(as_json: bool, done: Change, said: str) -> None:
    show(as_json, {"changed": done.changed, "user": _told(done.user)}, said)


def _told(user: User) -> dict[str, object]:
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
