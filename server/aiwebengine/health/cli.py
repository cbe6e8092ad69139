"""The command-line door of this room."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import click
import httpx2
import orjson

from aiwebengine.core.untrusted_text import in_json
from aiwebengine.terminal.commands import FAILED, configuration, json_option, say


@click.command()
@click.option(
    "--url", help="Address of the engine, with or without /health; default: the configured one."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, 3_600, min_open=True),
    default=5.0,
    show_default=True,
    help="Seconds to wait for an answer.",
)
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
        from aiwebengine.health.detail_command import look

        look(context.obj, as_json)
        return
    address = _health_address(url or configuration(context.obj).server.public_url)
    told, why = _asked(address, timeout)
    checks = "; ".join(f"{name}: {found}" for name, found in told.get("checks", {}).items())
    if as_json:
        click.echo(in_json(orjson.dumps(told).decode()))
    elif why is None:
        state = f" {told['state']}" if "state" in told else ""
        say(f"ok{state} {told['timestamp']}" + (f" ({checks})" if checks else ""))
    else:
        say(f"fail {checks or why}")
    sys.exit(0 if why is None else FAILED)


def _health_address(url: str) -> str:
    """The address of /health, from an engine's address or from one that names the page itself."""
    if "://" not in url:
        url = f"http://{url}"
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return urlunsplit(
        (parts.scheme, parts.netloc, path if path.endswith("/health") else f"{path}/health", "", "")
    )


def _asked(address: str, timeout: float) -> tuple[dict[str, Any], str | None]:
    """What the engine answered, and why that is not good; None when it is."""
    try:
        answer = httpx2.get(address, timeout=timeout)
    except httpx2.TimeoutException:
        why = f"no answer from {address} within {timeout:g} s"
    except httpx2.ConnectError as error:
        why = f"no connection to {address}: {error}"
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        why = f"no answer from {address}: {error or type(error).__name__}"
    else:
        return _judged(answer, address)
    return {"status": "fail", "checks": {"engine": why}}, why


def _judged(answer: httpx2.Response, address: str) -> tuple[dict[str, Any], str | None]:
    status = f"{answer.status_code} {answer.reason_phrase}".strip()
    try:
        told = answer.json()
    except ValueError:
        told = None
    if isinstance(told, dict) and told.get("status") == "ok" and "timestamp" in told:
        return told, None
    if (
        isinstance(told, dict)
        and told.get("status") == "fail"
        and isinstance(told.get("checks"), dict)
    ):
        return told, f"{address} answers {status}"
    kind = answer.headers.get("content-type", "").split(";")[0] or "no content type"
    why = f"{address} is not an engine's health: it answers {status} with {kind}"
    if answer.is_redirect:
        why += f", and leads to {answer.headers.get('location', 'nowhere')}"
    elif kind == "text/html":
        why += ". A proxy or another program may answer there"
    return {"status": "fail", "checks": {"engine": why}}, why
