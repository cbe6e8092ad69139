"""The command `aiwebengine scripts fetch-hosts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aiwebengine.core.identity import Viewer
from aiwebengine.terminal.commands import json_option, show, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


@click.command("fetch-hosts")
@click.argument("slug")
@click.argument("hosts", nargs=-1)
@click.option("--any", "is_any", is_flag=True, help="Allow every public host.")
@click.option("--none", "is_none", is_flag=True, help="Allow no host.")
@json_option
@click.pass_context
def fetch_hosts(
    context: click.Context,
    slug: str,
    hosts: tuple[str, ...],
    is_any: bool,
    is_none: bool,
    as_json: bool,
) -> None:
    """Set the HOSTS that the script SLUG may send requests to; without any, print them.

    HOSTS are names such as api.example.org, or '*.example.org' for the names below it.
    """
    if sum(map(bool, (hosts, is_any, is_none))) > 1:
        raise click.UsageError("Give either HOSTS, --any or --none.")

    async def work(engine: Engine, viewer: Viewer) -> list[str] | None:
        service = engine.services.fetch_hosts
        if not (hosts or is_any or is_none):
            return await service.get(viewer, slug)
        return await service.set(viewer, slug, None if is_any else hosts)

    found = with_engine(context.obj, work)
    named = "every public host" if found is None else ", ".join(found) or "no host"
    show(as_json, {"hosts": found}, f"{slug} may send requests to: {named}")
