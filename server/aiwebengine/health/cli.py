"""The command `aiwebengine health`."""

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

MAX_BODY_BYTES = 65_536

_Response = tuple[dict[str, Any], str | None]
"""The engine's response, and why it is unhealthy (None if healthy)."""


@click.command()
@click.option(
    "--url", help="URL of the engine, with or without /health (default: server.public_url)."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, 3_600, min_open=True),
    default=5.0,
    show_default=True,
    help="Timeout in seconds.",
)
@click.option("--detail", is_flag=True, help="Run every health check from this machine instead.")
@json_option
@click.pass_context
def health(
    context: click.Context, url: str | None, timeout: float, detail: bool, as_json: bool
) -> None:
    """Check whether a running engine is healthy. Exits with status 0 if it is, 1 if not.

    With --url, the command needs no configuration and no database.
    """
    if detail:
        # Not loaded for the plain check, which a container runs all day.
        from aiwebengine.health.detail_command import look

        look(context.obj, as_json)
        return
    report, problem = _check(url or configuration(context.obj).server.public_url, timeout)
    checks = "; ".join(f"{name}: {found}" for name, found in report.get("checks", {}).items())
    if as_json:
        click.echo(in_json(orjson.dumps(report).decode()))
    elif problem is None:
        state = f" {report['state']}" if "state" in report else ""
        say(f"ok{state} {report['timestamp']}" + (f" ({checks})" if checks else ""))
    else:
        say(f"fail {checks or problem}")
    sys.exit(0 if problem is None else FAILED)


def _check(url: str, timeout: float) -> _Response:
    try:
        address = _health_address(url)
    except ValueError as error:
        return _failed(f"{url} is not a valid URL: {error}")
    found: list[_Response] = []
    # The library's timeout restarts with each byte, and it has none for DNS.
    thread = threading.Thread(target=lambda: found.append(_request(address, timeout)), daemon=True)
    thread.start()
    thread.join(timeout)
    return found[0] if found else _timed_out(address, timeout)


def _health_address(url: str) -> str:
    """The URL of /health for the URL of an engine or of /health itself. Raises ValueError."""
    if "://" not in url:
        url = f"http://{url}"
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return urlunsplit(
        (parts.scheme, parts.netloc, path if path.endswith("/health") else f"{path}/health", "", "")
    )


def _request(address: str, timeout: float) -> _Response:
    try:
        with httpx2.stream("GET", address, timeout=timeout) as response:
            return _evaluate(response, _content(response), address)
    except httpx2.TimeoutException:
        return _timed_out(address, timeout)
    except httpx2.ConnectError as error:
        return _failed(f"no connection to {address}: {error}")
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        return _failed(f"no response from {address}: {error or type(error).__name__}")


def _timed_out(address: str, timeout: float) -> _Response:
    return _failed(f"no response from {address} within {timeout:g} s")


def _failed(problem: str) -> _Response:
    return {"status": "fail", "checks": {"engine": problem}}, problem


def _content(response: httpx2.Response) -> bytes:
    """The body, cut at MAX_BODY_BYTES."""
    content = b""
    for piece in response.iter_bytes():
        content += piece
        if len(content) > MAX_BODY_BYTES:
            break
    return content[:MAX_BODY_BYTES]


def _evaluate(response: httpx2.Response, content: bytes, address: str) -> _Response:
    status = f"{response.status_code} {response.reason_phrase}".strip()
    report = _parse_report(content)
    if report is not None and report["status"] == "ok" and "timestamp" in report:
        return report, None
    if report is not None and report["status"] == "fail" and "checks" in report:
        return report, f"{address} responded with {status}"
    kind = response.headers.get("content-type", "").split(";")[0] or "no content type"
    problem = (
        f"{address} is not the health page of an engine: it responded with {status} and {kind}"
    )
    if response.is_redirect:
        problem += f", a redirect to {response.headers.get('location', 'nowhere')}"
    elif kind == "text/html":
        problem += ". A proxy or another program may be responding"
    return _failed(problem)


def _parse_report(content: bytes) -> dict[str, Any] | None:
    """The health report of an engine; None for any other content."""
    try:
        report = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(report, dict) or report.get("status") not in ("ok", "fail"):
        return None
    checks = report.get("checks", {})
    if not isinstance(checks, dict):
        return None
    texts = [*checks.values(), report.get("state", ""), report.get("timestamp", "")]
    return report if all(isinstance(text, str) for text in texts) else None
