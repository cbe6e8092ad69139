"""The command-line door of this room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from aiwebengine.core.formats import count, instant
from aiwebengine.core.identity import Viewer
from aiwebengine.signing_keys.types import PURPOSES, SigningKey
from aiwebengine.terminal.commands import json_option, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


@click.group()
def secrets() -> None:
    """The keys that the engine signs with: see their age, make new ones.

    Sessions and API tokens are random, not signed: they outlive every rotation.
    """


@secrets.command("list")
@json_option
@click.pass_context
def list_secrets(context: click.Context, as_json: bool) -> None:
    """List the keys with their age. Their secrets are never shown."""

    async def work(engine: Engine, viewer: Viewer) -> Sequence[SigningKey]:
        return await engine.services.signing_keys.list(viewer)

    _show(as_json, with_engine(context.obj, work))


@secrets.command()
@click.argument("purpose", required=False, type=click.Choice(list(PURPOSES)))
@click.option("--all", "every", is_flag=True, help="Every purpose.")
@json_option
@click.pass_context
def rotate(context: click.Context, purpose: str | None, every: bool, as_json: bool) -> None:
    """Make a new key for PURPOSE (cursors or settings), or for each with --all.

    Running engines use it within seconds, without a restart. What an old key signed stays valid:
    cursors for a day, digests of settings until the next start.
    """
    if (purpose is None) != every:
        raise click.UsageError("Say which: a PURPOSE, or --all.")

    async def work(engine: Engine, viewer: Viewer) -> Sequence[SigningKey]:
        return await engine.services.signing_keys.rotate(viewer, purpose)

    _show(as_json, with_engine(context.obj, work))


def _show(as_json: bool, keys: Sequence[SigningKey]) -> None:
    told = [
        {
            "purpose": key.purpose,
            "number": key.number,
            "state": key.state.name,
            "created_at": key.created_at,
            "ends_at": key.ends_at,
        }
        for key in keys
    ]
    rows = [
        (
            key.purpose,
            key.number,
            key.state.value,
            count((datetime.now(UTC) - key.created_at).days, "day"),
            instant(key.ends_at) if key.ends_at else "",
        )
        for key in keys
    ]
    show(as_json, told, table(("Purpose", "Key", "State", "Age", "Ends"), rows))
