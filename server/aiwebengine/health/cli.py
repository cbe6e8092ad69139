"""The command-line door of this room."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

import click
import httpx2
import orjson

from aiwebengine.app import Engine
from aiwebengine.commands import (
    FAILED,
    configuration,
    database_url,
    json_option,
    refusals_printed,
    show,
    table,
)
from aiwebengine.errors import Unavailable
from aiwebengine.health.types import HealthCheck, HealthState
from aiwebengine.viewer import operator

# They tell of the process that looks, which is this command.
_OF_THE_PROCESS = {"event_loop", "workers"}


@click.command()
@click.option("--url", help="Address of the engine; default: the one in the configuration.")
@click.option("--timeout", default=5.0, show_default=True, help="Seconds to wait for an answer.")
@click.option("--detail", is_flag=True, help="Look at everything from this machine instead.")
@json_option
@click.pass_context
def health(
    context: click.Context, url: str | None, timeout: float, detail: bool, as_json: bool
) -> None:
    """Ask a running engine whether it is healthy: exit code 0 when it is, 1 when not.

    With --url it needs neither configuration nor database.
    """
    if detail:
        _look(context.obj, as_json)
        return
    base = url or configuration(context.obj).server.public_url
    try:
        answer = httpx2.get(f"{base.rstrip('/')}/health", timeout=timeout)
        told = answer.json()
        is_ok = told["status"] == "ok"
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError) as error:
        told = {"status": "fail", "checks": {"engine": f"no answer from {base}: {error}"}}
        is_ok = False
    checks = "; ".join(f"{name}: {found}" for name, found in told.get("checks", {}).items())
    if as_json:
        click.echo(orjson.dumps(told))
    elif is_ok:
        click.echo(f"ok {told['timestamp']}" + (f" ({checks})" if checks else ""))
    else:
        click.echo(f"fail {checks}")
    sys.exit(0 if is_ok else FAILED)


def _look(path: Path | None, as_json: bool) -> None:
    """Every check, seen from this machine; the tables are left as they are."""

    async def look(engine: Engine) -> list[HealthCheck]:
        # When it does not answer, that is what the first line will say.
        with suppress(Unavailable):
            await engine.db.connect()
        try:
            return await engine.services.health.checks(operator("health"))
        finally:
            await engine.db.disconnect()

    config = configuration(path)
    with refusals_printed(), database_url(config) as url:
        seen = asyncio.run(look(Engine(config, url)))
    found = [one for one in seen if one.name not in _OF_THE_PROCESS]
    told = [
        {
            "name": one.name,
            "title": one.title,
            "state": one.state.name,
            "detail": one.detail,
            "since": one.since,
            "checkedAt": one.checked_at,
            "remedy": one.remedy,
        }
        for one in found
    ]
    rows = [(one.state.name, one.title, one.detail, one.remedy) for one in found]
    show(as_json, told, table(("State", "What", "Seen", "What to do"), rows))
    sys.exit(FAILED if any(one.state is HealthState.FAILING for one in found) else 0)
