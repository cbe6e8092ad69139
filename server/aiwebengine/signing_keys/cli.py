"""The commands `aiwebengine secrets …`."""

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
    """List and rotate the engine's signing keys.

    Sessions and API tokens are random, not signed, so rotation does not affect them.
    """


@secrets.command("list")
@json_option
@click.pass_context
def list_secrets(context: click.Context, as_json: bool) -> None:
    """List signing keys and their age. Secret values are never printed."""

    async def work(engine: Engine, viewer: Viewer) -> Sequence[SigningKey]:
        return await engine.services.signing_keys.list(viewer)

    _show(as_json, with_engine(context.obj, work))


@secrets.command()
@click.argument("purpose", required=False, type=click.Choice(list(PURPOSES)))
@click.option("--all", "every", is_flag=True, help="Rotate the keys of every purpose.")
@json_option
@click.pass_context
def rotate(context: click.Context, purpose: str | None, every: bool, as_json: bool) -> None:
    """Create a signing key for PURPOSE, or for all with --all.

    Running engines use the new key within seconds, without a restart. Signatures of the old key
    stay valid: cursors for a day, configuration digests until the next start. Secrets of scripts
    are encrypted with the new key within seconds.
    """
    if (purpose is None) != every:
        raise click.UsageError("Give either a PURPOSE or --all.")

    async def work(engine: Engine, viewer: Viewer) -> Sequence[SigningKey]:
        return await engine.services.signing_keys.rotate(viewer, purpose)

    _show(as_json, with_engine(context.obj, work))


def _show(as_json: bool, keys: Sequence[SigningKey]) -> None:
    data = [
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
    show(as_json, data, table(("Purpose", "Key", "State", "Age", "Expires"), rows))
