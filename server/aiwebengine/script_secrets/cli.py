"""The commands `aiwebengine scripts secrets …`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from aiwebengine.core.formats import instant
from aiwebengine.core.identity import Viewer
from aiwebengine.script_secrets.rest import as_json as secret_as_json
from aiwebengine.script_secrets.types import LARGEST_VALUE_BYTES, ScriptSecret
from aiwebengine.terminal.commands import json_option, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


@click.group()
def secrets() -> None:
    """List, set and remove the secrets of a script."""


@secrets.command("list")
@click.argument("slug")
@json_option
@click.pass_context
def list_secrets(context: click.Context, slug: str, as_json: bool) -> None:
    """List the secrets of the script SLUG. Their values are never printed."""

    async def work(engine: Engine, viewer: Viewer) -> list[ScriptSecret]:
        return await engine.services.script_secrets.all(viewer, slug)

    found = with_engine(context.obj, work)
    rows = [
        (one.name, ", ".join(one.hosts) or "none", instant(one.set_at), one.set_by) for one in found
    ]
    listing = table(("Name", "Hosts", "Set", "Set by"), rows)
    show(as_json, [secret_as_json(one) for one in found], listing)


@secrets.command("set")
@click.argument("slug")
@click.argument("name")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    help="Host that it may be sent to, such as api.example.org or '*.example.org'. Repeat it for"
    " more.",
)
@click.option("--no-host", is_flag=True, help="Send it nowhere: it only verifies signatures.")
@json_option
@click.pass_context
def set_secret(
    context: click.Context,
    slug: str,
    name: str,
    hosts: tuple[str, ...],
    no_host: bool,
    as_json: bool,
) -> None:
    """Set the secret NAME of the script SLUG.

    The value is read from standard input, without a line break at its end, or asked for. Arguments
    would be visible to others on this machine.
    """
    if bool(hosts) == no_host:
        raise click.UsageError("Give either --host or --no-host.")
    value = _value()

    async def work(engine: Engine, viewer: Viewer) -> ScriptSecret:
        return await engine.services.script_secrets.set(viewer, slug, name, value, hosts)

    secret = with_engine(context.obj, work)
    where = f"may be sent to {', '.join(secret.hosts)}" if hosts else "is sent nowhere"
    show(as_json, secret_as_json(secret), f"{secret.name} of {slug} is set; it {where}.")


@secrets.command("remove")
@click.argument("slug")
@click.argument("name")
@json_option
@click.pass_context
def remove_secret(context: click.Context, slug: str, name: str, as_json: bool) -> None:
    """Remove the secret NAME of the script SLUG."""

    async def work(engine: Engine, viewer: Viewer) -> list[ScriptSecret]:
        return await engine.services.script_secrets.remove(viewer, slug, name)

    left = with_engine(context.obj, work)
    show(as_json, [secret_as_json(one) for one in left], f"{name} of {slug} is removed.")


def _value() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt("Value", hide_input=True, err=True)
        return asked
    # One byte more than allowed, so that the check sees that it is too much.
    content = sys.stdin.buffer.read(LARGEST_VALUE_BYTES + 3)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise click.UsageError("The value on standard input is not UTF-8.") from None
    return text.removesuffix("\n").removesuffix("\r")
