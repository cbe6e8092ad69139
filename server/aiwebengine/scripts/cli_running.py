"""The commands `aiwebengine scripts run|logs`."""

from __future__ import annotations

import base64
import sys
from datetime import UTC
from typing import TYPE_CHECKING, Any

import click
import orjson

from aiwebengine.core.identity import Viewer
from aiwebengine.core.untrusted_text import in_json
from aiwebengine.scripts.log_types import LogLevel, ScriptLogFilter, ScriptLogLine
from aiwebengine.scripts.run_types import RunRequest, ScriptRun
from aiwebengine.scripts.with_scripts import with_scripts
from aiwebengine.terminal.commands import FAILED, json_option, say, show, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

LEAST_FAILURE = 400


@click.command()
@click.argument("slug")
@click.argument("path", default="")
@click.option("-X", "--method", help="Method (default: GET, or POST with --data).")
@click.option("-H", "--header", "headers", multiple=True, help="Header such as 'Accept: text/css'.")
@click.option("-d", "--data", help="Body, as text.")
@json_option
@click.pass_context
def run(
    context: click.Context,
    slug: str,
    path: str,
    method: str | None,
    headers: tuple[str, ...],
    data: str | None,
    as_json: bool,
) -> None:
    """Send a request for PATH (default: /SLUG) to the active version of the script SLUG.

    Prints the body; status, time and log lines go to standard error. Exits with status 1 if the
    status of the answer is 400 or above.
    """
    wanted = RunRequest(
        slug,
        method or ("GET" if data is None else "POST"),
        path,
        tuple(map(_header, headers)),
        (data or "").encode("utf-8", "surrogateescape"),
    )

    async def work(engine: Engine, viewer: Viewer) -> ScriptRun:
        return await engine.services.script_runs.run(viewer, wanted)

    answer = with_scripts(context.obj, work, doing="Running …")
    if as_json:
        show(True, _as_data(answer), "")
    else:
        _print(answer)
    if answer.status >= LEAST_FAILURE:
        sys.exit(FAILED)


@click.command()
@click.argument("slug")
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines until Ctrl-C.")
@click.option(
    "-n",
    "number",
    type=click.IntRange(0, 10_000),
    default=50,
    show_default=True,
    help="Number of existing lines to print.",
)
@click.option(
    "--level",
    type=click.Choice([level.value for level in LogLevel], case_sensitive=False),
    help="Minimum level.",
)
@click.option("--search", help="Filter by part of the line.")
@click.option("--request-id", help="Filter by request ID.")
@click.option("--version", type=click.IntRange(1), help="Filter by version.")
@click.option("--json", "as_json", is_flag=True, help="Print each line as JSON.")
@click.pass_context
def logs(
    context: click.Context,
    slug: str,
    follow: bool,
    number: int,
    level: str | None,
    search: str | None,
    request_id: str | None,
    version: int | None,
    as_json: bool,
) -> None:
    """Print the newest log lines of the script SLUG, oldest first."""
    wanted = ScriptLogFilter(
        search=search,
        level=LogLevel(level.lower()) if level else None,
        request_id=request_id,
        version=version,
    )

    async def work(engine: Engine, viewer: Viewer) -> None:
        scripts = engine.services.scripts
        follower = await scripts.follow_log(viewer, slug, wanted)
        before = follower.newest_number + 1
        found = await scripts.log(viewer, slug, wanted, before, number) if number else []
        for line in reversed(found[:number]):
            _print_line(line, as_json)
        if follow:
            async for line in follower.lines():
                _print_line(line, as_json)

    try:
        with_engine(context.obj, work)
    except KeyboardInterrupt:
        return


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.UsageError(f"--header: found {text[:80]!r}; allowed: 'Name: value'.")
    return name.strip(), value.strip()


def _print(answer: ScriptRun) -> None:
    for line in answer.log:
        place = f"{line.file}:{line.line}:{line.column} " if line.file else ""
        say(f"{line.level.value:5} {place}{line.text}", err=True)
    cut = ", cut off" if answer.is_truncated else ""
    say(
        f"{answer.status} in {answer.milliseconds:.1f} ms, {answer.body_size:,} bytes{cut},"
        f" version {answer.version}, request {answer.request_id}",
        err=True,
    )
    if answer.body is None:
        encoded = answer.body_base64 or ""
        if sys.stdout.isatty():
            say(f"Not text; in base64: {encoded[:100]}", err=True)
        else:
            click.echo(base64.b64decode(encoded), nl=False)
    elif sys.stdout.isatty():
        # A terminal would obey what it contains.
        for text in answer.body.split("\n"):
            say(text)
    else:
        click.echo(answer.body, nl=False)


def _as_data(answer: ScriptRun) -> dict[str, Any]:
    return {
        "request_id": answer.request_id,
        "version": answer.version,
        "status": answer.status,
        "headers": [[one.name, one.value] for one in answer.headers],
        "body": answer.body,
        "body_base64": answer.body_base64,
        "body_size": answer.body_size,
        "is_truncated": answer.is_truncated,
        "milliseconds": answer.milliseconds,
        "log": [{**vars(line), "level": line.level.value} for line in answer.log],
    }


def _print_line(line: ScriptLogLine, as_json: bool) -> None:
    if as_json:
        click.echo(in_json(orjson.dumps({**vars(line), "level": line.level.value}).decode()))
        return
    place = f"{line.file}:{line.line}:{line.column} " if line.file else ""
    request = f" ({line.request_id})" if line.request_id else ""
    at = f"{line.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3]
    say(f"{at}Z {line.level.value:5} {place}{line.text}{request}")
