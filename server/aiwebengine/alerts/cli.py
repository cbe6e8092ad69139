"""The command-line door of this room."""

from __future__ import annotations

import sys

import click

from aiwebengine.alerts.types import Alert, AlertChannel, ChannelResult
from aiwebengine.app import Engine
from aiwebengine.commands import FAILED, json_option, show, table, with_engine
from aiwebengine.viewer import Viewer


@click.group()
def alerts() -> None:
    """Who is told when something is wrong."""


@alerts.command("list")
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000),
    default=50,
    show_default=True,
    help="Most alerts to list.",
)
@json_option
@click.pass_context
def list_alerts(context: click.Context, limit: int, as_json: bool) -> None:
    """List what people were told of, newest first."""

    async def work(engine: Engine, viewer: Viewer) -> list[Alert]:
        return (await engine.services.alerts.page(viewer, None, limit))[:limit]

    found = with_engine(context.obj, work)
    told = [
        {
            "id": one.id,
            "name": one.name,
            "title": one.title,
            "instance": one.instance,
            "state": one.state.name,
            "severity": one.severity.name,
            "message": one.message,
            "since": one.since,
            "overAt": one.over_at,
            "lastSentAt": one.last_sent_at,
            "channels": [channel.name for channel in one.channels],
            "lastError": one.last_error,
        }
        for one in found
    ]
    rows = [
        (
            one.state.name,
            one.title,
            f"{one.since:%Y-%m-%d %H:%M}",
            one.last_sent_at and f"{one.last_sent_at:%Y-%m-%d %H:%M}",
            one.last_error or one.message,
        )
        for one in found
    ]
    show(as_json, told, table(("State", "What", "Since", "Last told", "Said"), rows))


@alerts.command()
@click.option(
    "--channel",
    type=click.Choice([channel.name for channel in AlertChannel], case_sensitive=False),
    help="By this way only; by every one that is configured when left out.",
)
@json_option
@click.pass_context
def test(context: click.Context, channel: str | None, as_json: bool) -> None:
    """Send a test: exit code 0 when every channel took it, 1 when not."""

    async def work(engine: Engine, viewer: Viewer) -> list[ChannelResult]:
        wanted = None if channel is None else AlertChannel[channel.upper()]
        return await engine.services.alerts.test(viewer, wanted)

    results = with_engine(context.obj, work)
    told = [
        {
            "channel": one.channel.name,
            "target": one.target,
            "delivered": one.delivered,
            "error": one.error,
        }
        for one in results
    ]
    lines = [f"{one.channel.name} to {one.target}: {one.error or 'delivered'}" for one in results]
    show(as_json, told, lines)
    sys.exit(0 if all(one.delivered for one in results) else FAILED)
