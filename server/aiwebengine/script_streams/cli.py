"""The command `aiwebengine scripts streams`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aiwebengine.core.formats import count
from aiwebengine.core.identity import Viewer
from aiwebengine.script_streams.listeners import ScriptStream
from aiwebengine.terminal.commands import json_option, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


@click.command()
@click.argument("slug")
@json_option
@click.pass_context
def streams(context: click.Context, slug: str, as_json: bool) -> None:
    """List the channels of the script SLUG that visitors listen to, busiest first.

    Event streams and WebSockets of all instances, as of the last 10 seconds; at most 200 channels.
    """

    async def work(engine: Engine, viewer: Viewer) -> list[ScriptStream]:
        return await engine.services.script_listeners.of_script(viewer, slug)

    found = with_engine(context.obj, work)
    rows = [(one.channel, one.connections) for one in found]
    listing = table(("Channel", "Connections"), rows, count(len(found), "channel"))
    streams_found = [{"channel": one.channel, "connections": one.connections} for one in found]
    show(as_json, {"streams": streams_found}, listing)
