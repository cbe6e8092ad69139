"""The command-line door of this room."""

from __future__ import annotations

import sys

import click
import httpx2
import orjson

from aiwebengine.commands import FAILED, configuration, json_option, say
from aiwebengine.untrusted_text import in_json


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
        # Whoever only asks, as a container's health check does all day, does without this.
        from aiwebengine.health.looking import look

        look(context.obj, as_json)
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
        click.echo(in_json(orjson.dumps(told).decode()))
    elif is_ok:
        say(f"ok {told['timestamp']}" + (f" ({checks})" if checks else ""))
    else:
        say(f"fail {checks}")
    sys.exit(0 if is_ok else FAILED)
