"""The commands `aiwebengine scripts owners …`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aiwebengine.core.formats import instant
from aiwebengine.core.identity import Viewer
from aiwebengine.scripts import answers
from aiwebengine.scripts.types import ScriptOwner
from aiwebengine.terminal.commands import json_option, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


@click.group()
def owners() -> None:
    """List, add and remove the owners of a script."""


@owners.command("list")
@click.argument("slug")
@json_option
@click.pass_context
def list_owners(context: click.Context, slug: str, as_json: bool) -> None:
    """List the owners of the script SLUG."""

    async def work(engine: Engine, viewer: Viewer) -> list[ScriptOwner]:
        return await engine.services.scripts.owners(viewer, slug)

    found = with_engine(context.obj, work)
    rows = [(one.email, one.name, instant(one.added_at), one.added_by) for one in found]
    listing = table(("Email", "Name", "Added", "Added by"), rows)
    show(as_json, [answers.owner(one) for one in found], listing)


@owners.command()
@click.argument("slug")
@click.argument("email")
@json_option
@click.pass_context
def add(context: click.Context, slug: str, email: str, as_json: bool) -> None:
    """Add the editor EMAIL to the owners of the script SLUG."""

    async def work(engine: Engine, viewer: Viewer) -> list[ScriptOwner]:
        return await engine.services.scripts.add_owner(viewer, slug, email)

    _show(as_json, slug, with_engine(context.obj, work))


@owners.command()
@click.argument("slug")
@click.argument("email")
@json_option
@click.pass_context
def remove(context: click.Context, slug: str, email: str, as_json: bool) -> None:
    """Remove EMAIL from the owners of the script SLUG. The last owner can't be removed."""

    async def work(engine: Engine, viewer: Viewer) -> list[ScriptOwner]:
        return await engine.services.scripts.remove_owner(viewer, slug, email)

    _show(as_json, slug, with_engine(context.obj, work))


def _show(as_json: bool, slug: str, found: list[ScriptOwner]) -> None:
    addresses = ", ".join(one.email for one in found)
    show(as_json, [answers.owner(one) for one in found], f"Owners of {slug}: {addresses}")
