"""The command-line door of this room."""

from __future__ import annotations

import sys
import threading
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import click
import httpx2
import orjson

from aiwebengine.core.untrusted_text import in_json
from aiwebengine.terminal.commands import FAILED, configuration, json_option, say

LARGEST_ANSWER = 65_536

_Answer = tuple[dict[str, Any], str | None]
"""What the engine answered, and why that is not good; None when it is."""


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
    told, why = _answer_of(url or configuration(context.obj).server.public_url, timeout)
    checks = "; ".join(f"{name}: {found}" for name, found in told.get("checks", {}).items())
    if as_json:
        click.echo(in_json(orjson.dumps(told).decode()))
    elif why is None:
        state = f" {told['state']}" if "state" in told else ""
        say(f"ok{state} {told['timestamp']}" + (f" ({checks})" if checks else ""))
    else:
        say(f"fail {checks or why}")
    sys.exit(0 if why is None else FAILED)


def _answer_of(url: str, timeout: float) -> _Answer:
    try:
        address = _health_address(url)
    except ValueError as error:
        return _failed(f"{url} is no address: {error}")
    found: list[_Answer] = []
    # The library's timeout starts again with each byte, and resolving a name has none at all.
    asking = threading.Thread(target=lambda: found.append(_asked(address, timeout)), daemon=True)
    asking.start()
    asking.join(timeout)
    return found[0] if found else _late(address, timeout)


def _health_address(url: str) -> str:
    """The address of /health, from an engine's address or from one that names the page itself.

    Raises ValueError.
    """
    if "://" not in url:
        url = f"http://{url}"
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return urlunsplit(
        (parts.scheme, parts.netloc, path if path.endswith("/health") else f"{path}/health", "", "")
    )


def _asked(address: str, timeout: float) -> _Answer:
    try:
        with httpx2.stream("GET", address, timeout=timeout) as answer:
            return _judged(answer, _content(answer), address)
    except httpx2.TimeoutException:
        return _late(address, timeout)
    except httpx2.ConnectError as error:
        return _failed(f"no connection to {address}: {error}")
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        return _failed(f"no answer from {address}: {error or type(error).__name__}")


def _late(address: str, timeout: float) -> _Answer:
    return _failed(f"no answer from {address} within {timeout:g} s")


def _failed(why: str) -> _Answer:
    return {"status": "fail", "checks": {"engine": why}}, why


def _content(answer: httpx2.Response) -> bytes:
    """The body; of one that is too large for an engine's health, its beginning."""
    content = b""
    for piece in answer.iter_bytes():
        content += piece
        if len(content) > LARGEST_ANSWER:
            break
    return content[:LARGEST_ANSWER]


def _judged(answer: httpx2.Response, content: bytes, address: str) -> _Answer:
    status = f"{answer.status_code} {answer.reason_phrase}".strip()
    told = _health_in(content)
    if told is not None and told["status"] == "ok" and "timestamp" in told:
        return told, None
    if told is not None and told["status"] == "fail" and "checks" in told:
        return told, f"{address} answers {status}"
    kind = answer.headers.get("content-type", "").split(";")[0] or "no content type"
    why = f"{address} is not an engine's health: it answers {status} with {kind}"
    if answer.is_redirect:
        why += f", and leads to {answer.headers.get('location', 'nowhere')}"
    elif kind == "text/html":
        why += ". A proxy or another program may answer there"
    return _failed(why)


def _health_in(content: bytes) -> dict[str, Any] | None:
    """What an engine says of its health; None for anything else, whatever it looks like."""
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict) or told.get("status") not in ("ok", "fail"):
        return None
    checks = told.get("checks", {})
    if not isinstance(checks, dict):
        return None
    texts = [*checks.values(), told.get("state", ""), told.get("timestamp", "")]
    return told if all(isinstance(text, str) for text in texts) else None
