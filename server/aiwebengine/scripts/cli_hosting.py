"""The commands `aiwebengine scripts host` and `aiwebengine scripts pages`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aiwebengine.core.identity import Viewer
from aiwebengine.scripts import answers
from aiwebengine.scripts.types import PageMode, Script
from aiwebengine.terminal.commands import json_option, show, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


@click.command()
@click.argument("slug")
@click.argument("name", required=False)
@json_option
@click.pass_context
def host(context: click.Context, slug: str, name: str | None, as_json: bool) -> None:
    """Serve the script SLUG on the host NAME only; without NAME on the engine's own."""

    async def work(engine: Engine, viewer: Viewer) -> Script:
        return await engine.services.scripts.bind_host(viewer, slug, name)

    script = with_engine(context.obj, work)
    place = script.host or "the engine's host"
    show(as_json, answers.script(script), f"{script.slug} is served on {place}.")


@click.command()
@click.argument("slug")
@click.argument("mode", metavar="MODE", type=click.Choice([one.value for one in PageMode]))
@json_option
@click.pass_context
def pages(context: click.Context, slug: str, mode: str, as_json: bool) -> None:
    """Set how browsers treat the pages of the script SLUG: MODE is sandboxed or full.

    Sandboxed pages have no origin: no cookies, no storage. Full pages need a host of their own.
    """

    async def work(engine: Engine, viewer: Viewer) -> Script:
        return await engine.services.scripts.set_page_mode(viewer, slug, PageMode(mode))

    script = with_engine(context.obj, work)
    show(as_json, answers.script(script), f"The pages of {script.slug} are {mode} now.")
