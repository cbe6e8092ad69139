"""The commands `aiwebengine scripts messages …`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from aiwebengine.core.formats import count, second
from aiwebengine.core.identity import Viewer
from aiwebengine.script_messages.types import ScriptMessage, ScriptMessageState
from aiwebengine.terminal.commands import confirm, json_option, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

LARGEST_LIST = 10_000


@click.group()
def messages() -> None:
    """List messages that a script has not received, and retry or discard dead letters."""


@messages.command("list")
@click.argument("slug")
@click.option(
    "--state",
    type=click.Choice([state.value for state in ScriptMessageState], case_sensitive=False),
    help="Filter by state: dead letters, or pending messages.",
)
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(1, LARGEST_LIST),
    help="Maximum number of messages to list.",
)
@json_option
@click.pass_context
def list_messages(
    context: click.Context, slug: str, state: str | None, limit: int, as_json: bool
) -> None:
    """List messages that the script SLUG has not received, newest first."""
    wanted = ScriptMessageState(state.lower()) if state else None

    async def work(engine: Engine, viewer: Viewer) -> tuple[list[ScriptMessage], int]:
        service = engine.services.script_messages
        found = await service.page(viewer, slug, wanted, None, limit)
        return found[:limit], await service.count(viewer, slug, wanted)

    found, total = with_engine(context.obj, work)
    rows = [
        (
            one.id,
            one.type,
            one.sender,
            second(one.sent_at),
            one.state.value,
            one.attempt,
            one.problem,
        )
        for one in found
    ]
    columns = ("ID", "Type", "Sender", "Sent", "State", "Attempts", "Problem")
    listing = table(columns, rows, f"{len(found)} of {count(total, 'message')}")
    show(as_json, {"messages": [_json(one) for one in found], "total": total}, listing)


@messages.command()
@click.argument("slug")
@click.argument("ids", nargs=-1, type=click.IntRange(1))
@json_option
@click.pass_context
def retry(context: click.Context, slug: str, ids: Sequence[int], as_json: bool) -> None:
    """Deliver the dead letters IDS of the script SLUG again, all without IDS."""

    async def work(engine: Engine, viewer: Viewer) -> int:
        return await engine.services.script_messages.retry(viewer, slug, list(ids) or None)

    retried = with_engine(context.obj, work)
    show(as_json, {"count": retried}, f"{count(retried, 'message')} will be delivered again.")


@messages.command()
@click.argument("slug")
@click.argument("ids", nargs=-1, type=click.IntRange(1))
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_context
def discard(
    context: click.Context, slug: str, ids: Sequence[int], yes: bool, as_json: bool
) -> None:
    """Remove the dead letters IDS of the script SLUG, all without IDS."""
    confirm(f"Discard {count(len(ids), 'message') if ids else 'all dead letters'}?", yes)

    async def work(engine: Engine, viewer: Viewer) -> int:
        return await engine.services.script_messages.discard(viewer, slug, list(ids) or None)

    discarded = with_engine(context.obj, work)
    show(as_json, {"count": discarded}, f"{count(discarded, 'message')} discarded.")


def _json(message: ScriptMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "type": message.type,
        "sender": message.sender,
        "data": message.data,
        "data_size": message.data_size,
        "state": message.state.value,
        "attempt": message.attempt,
        "is_running": message.is_running,
        "next_attempt_at": (
            None if message.next_attempt_at is None else message.next_attempt_at.isoformat()
        ),
        "problem": message.problem,
        "sent_at": message.sent_at.isoformat(),
        "died_at": None if message.died_at is None else message.died_at.isoformat(),
    }
