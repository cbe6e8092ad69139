"""The commands `aiwebengine scripts roles …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aiwebengine.core.formats import instant
from aiwebengine.core.identity import Viewer
from aiwebengine.scripts.role_types import RolesChange, ScriptUserRole
from aiwebengine.terminal.commands import json_option, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

MOST_LISTED = 1_000


@click.group()
def roles() -> None:
    """List, grant and revoke the roles that a script defines for its users."""


@roles.command("list")
@click.argument("slug")
@click.option("--role", help="Only users with this role.")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_LISTED),
    default=100,
    show_default=True,
    help="Maximum number of roles of users to list.",
)
@json_option
@click.pass_context
def list_roles(
    context: click.Context, slug: str, role: str | None, limit: int, as_json: bool
) -> None:
    """List the users with roles of the script SLUG."""

    async def work(engine: Engine, viewer: Viewer) -> list[ScriptUserRole]:
        return await engine.services.scripts.user_roles(viewer, slug, role, None, limit)

    found = with_engine(context.obj, work)[:limit]
    rows = [
        (one.role, one.email, one.name, instant(one.granted_at), one.granted_by) for one in found
    ]
    listing = table(("Role", "Email", "Name", "Granted", "Granted by"), rows)
    show(as_json, [_as_json(one) for one in found], listing)


@roles.command()
@click.argument("slug")
@click.argument("email")
@click.argument("role")
@json_option
@click.pass_context
def grant(context: click.Context, slug: str, email: str, role: str, as_json: bool) -> None:
    """Grant the user EMAIL the role ROLE in the script SLUG."""

    async def work(engine: Engine, viewer: Viewer) -> RolesChange:
        return await engine.services.scripts.grant_role(viewer, slug, email, role)

    _show(as_json, slug, email, with_engine(context.obj, work))


@roles.command()
@click.argument("slug")
@click.argument("email")
@click.argument("role")
@json_option
@click.pass_context
def revoke(context: click.Context, slug: str, email: str, role: str, as_json: bool) -> None:
    """Revoke the role ROLE of the user EMAIL in the script SLUG."""

    async def work(engine: Engine, viewer: Viewer) -> RolesChange:
        return await engine.services.scripts.revoke_role(viewer, slug, email, role)

    _show(as_json, slug, email, with_engine(context.obj, work))


def _as_json(one: ScriptUserRole) -> dict[str, Any]:
    return {
        "role": one.role,
        "email": one.email,
        "name": one.name,
        "granted_at": one.granted_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "granted_by": one.granted_by,
    }


def _show(as_json: bool, slug: str, email: str, done: RolesChange) -> None:
    held = ", ".join(done.roles) or "none"
    show(
        as_json,
        {"roles": done.roles, "changed": done.changed},
        f"Roles of {email} in {slug}: {held}",
    )
