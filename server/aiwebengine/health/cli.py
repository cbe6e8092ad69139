"""The command-line door of this room."""

from __future__ import annotations

import sys

import click
import httpx2
import orjson

from aiwebengine.config_loader import load_config


@click.command()
@click.option("--url", help="Address of the engine; default: the one in the configuration.")
@click.option("--timeout", default=5.0, show_default=True, help="Seconds to wait for an answer.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
def health(context: click.Context, url: str | None, timeout: float, as_json: bool) -> None:
    """Ask a running engine whether it is healthy: exit code 0 when it is, 1 when not."""
    base = url or load_config(context.obj).server.public_url
    try:
        answer = httpx2.get(f"{base.rstrip('/')}/health", timeout=timeout)
        told = answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        told = {"status": "fail", "checks": {"engine": f"no answer from {base}: {error}"}}
    if as_json:
        click.echo(orjson.dumps(told))
    elif told.get("status") == "ok":
        click.echo(f"ok {told['timestamp']}")
    else:
        checks = told.get("checks", {})
        click.echo("fail " + "; ".join(f"{name}: {found}" for name, found in checks.items()))
    sys.exit(0 if told.get("status") == "ok" else 1)
