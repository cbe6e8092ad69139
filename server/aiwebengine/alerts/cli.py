"""The commands `aiwebengine alerts …`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from aiwebengine.alerts.links import page_of
from aiwebengine.alerts.types import Alert, AlertChannel, AlertState, ChannelResult
from aiwebengine.core.formats import instant
from aiwebengine.core.identity import Viewer
from aiwebengine.terminal.commands import FAILED, json_option, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

_STATES = {
    AlertState.OPEN: "OPEN",
    AlertState.OVER: "RESOLVED",
    AlertState.EVENT: "NOTICE",
}


@click.group()
def alerts() -> None:
    """List alerts and test the alert channels."""


@alerts.command("list")
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000),
    default=50,
    show_default=True,
    help="Maximum number of alerts to list.",
)
@json_option
@click.pass_context
def list_alerts(context: click.Context, limit: int, as_json: bool) -> None:
    """List alerts, newest first."""

    async def work(engine: Engine, viewer: Viewer) -> list[Alert]:
        return (await engine.services.alerts.page(viewer, None, limit))[:limit]

    found = with_engine(context.obj, work)
    data = [
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
            "link": page_of(one.name, one.since, one.over_at),
            "lastSentAt": one.last_sent_at,
            "channels": [channel.name for channel in one.channels],
            "lastError": one.last_error,
        }
        for one in found
    ]
    rows = [
        (
            _STATES[one.state],
            one.title,
            instant(one.since),
            one.last_sent_at and instant(one.last_sent_at),
            one.last_error or one.message,
        )
        for one in found
    ]
    show(as_json, data, table(("State", "Alert", "Since", "Last notified", "Message"), rows))


@alerts.command()
@click.option(
    "--channel",
    type=click.Choice([channel.name for channel in AlertChannel], case_sensitive=False),
    help="Channel to test (default: all configured channels).",
)
@json_option
@click.pass_context
def test(context: click.Context, channel: str | None, as_json: bool) -> None:
    """Send a test alert. Exits with status 1 if a channel fails."""

    async def work(engine: Engine, viewer: Viewer) -> list[ChannelResult]:
        wanted = None if channel is None else AlertChannel[channel.upper()]
        return await engine.services.alerts.test(viewer, wanted)

    results = with_engine(context.obj, work)
    data = [
        {
            "channel": one.channel.name,
            "target": one.target,
            "delivered": one.delivered,
            "error": one.error,
        }
        for one in results
    ]
    lines = [f"{one.channel.name} to {one.target}: {one.error or 'delivered'}" for one in results]
    show(as_json, data, lines)
    sys.exit(0 if all(one.delivered for one in results) else FAILED)
