"""The command-line door of this room: works on the files, without engine or database."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from aiwebengine.core.errors import Conflict
from aiwebengine.core.untrusted_text import in_json
from aiwebengine.logs import keeping, search
from aiwebengine.logs.files import unreadable
from aiwebengine.logs.search import Wanted
from aiwebengine.logs.tail import NewLines
from aiwebengine.logs.text import as_text
from aiwebengine.logs.types import LogEntry, LogFilter, LogLevel
from aiwebengine.terminal.commands import (
    FAILED,
    age,
    configuration,
    end_after,
    json_option,
    refusals_printed,
    say,
    show,
)

LOOK_EVERY_SECS = 0.25
PAGE = 500

# As journalctl(1) and other programs call them.
_OTHER_WORDS = {"err": "error", "warn": "warning", "crit": "critical"}


class _Level(click.Choice[str]):
    """A level by its name, or by what journalctl calls it."""

    def convert(self, value: Any, *rest: Any) -> str:
        """The name of the level. Raises a usage error."""
        return super().convert(_OTHER_WORDS.get(str(value).lower(), value), *rest)


_level = click.option(
    "--level",
    type=_Level([level.value for level in LogLevel], case_sensitive=False),
    help="Minimum level; `err`, `warn` and `crit` work as well.",
)
_WHEN = "ISO 8601, a duration such as 2h, today or yesterday"
_lines_as_json = click.option("--json", "as_json", is_flag=True, help="Print the lines as stored.")


@click.group()
def logs() -> None:
    """The log files: follow them, find a line, keep them in order."""


@logs.command()
@click.option(
    "-n",
    "number",
    type=click.IntRange(0, 10_000),
    default=20,
    show_default=True,
    help="How many lines that are already there.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
@_level
@_lines_as_json
@click.pass_context
def tail(
    context: click.Context, number: int, follow: bool, level: str | None, as_json: bool
) -> None:
    """Print the newest lines, the newest last."""
    log, wanted = _log(context.obj), Wanted(LogFilter(level=_as_level(level)))
    new = NewLines(log) if follow else None
    found = search.newest(log, wanted, number).entries if number else []
    for entry in reversed(found):
        _print(entry, as_json)
    if number and not found and not follow:
        say("No lines.", err=True)
    _name_unreadable(log)
    seen = {entry.id for entry in found}
    while new is not None:
        skipped, lines = new.read()
        if skipped:
            click.echo(f"… {skipped} lines came too fast and are not shown …", err=True)
        for (name, place), line in lines:
            entry_or_none = wanted.entry(line, name, place)
            if entry_or_none is not None and entry_or_none.id not in seen:
                _print(entry_or_none, as_json)
        try:
            time.sleep(LOOK_EVERY_SECS)
        except KeyboardInterrupt:
            return


@logs.command("search")
@click.argument("text", required=False)
@_level
@click.option("--request-id", help="Filter by request ID.")
@click.option("--user", "user_id", help="Filter by the ID of the user who sent the request.")
@click.option("--path", help="Filter by the beginning of the request's path.")
@click.option("--since", metavar="WHEN", help=f"Only lines since this time ({_WHEN}).")
@click.option("--until", metavar="WHEN", help=f"Only lines before this time ({_WHEN}).")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Maximum number of lines.",
)
@_lines_as_json
@click.pass_context
def search_command(
    context: click.Context,
    text: str | None,
    level: str | None,
    since: str | None,
    until: str | None,
    request_id: str | None,
    user_id: str | None,
    path: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Print the lines with TEXT in them, or of a request or user, newest first."""
    wanted = LogFilter(
        level=_as_level(level),
        text=text,
        request_id=request_id,
        user_id=user_id,
        path=path,
        since=_instant(since),
        until=_instant(until),
    )
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise click.UsageError(
            f"--since {since} is not before --until {until}: no line can lie between them."
        )
    log = _log(context.obj)
    number = 0
    # One more than is printed, to know whether there are more.
    for number, entry in enumerate(_found(log, Wanted(wanted), limit + 1), 1):
        if number <= limit:
            _print(entry, as_json)
    if number > limit:
        say(f"Stopped after {limit} lines; there are more. Raise --limit to see them.", err=True)
    elif not number:
        say("No lines.", err=True)
    _name_unreadable(log)


@logs.command()
@click.option(
    "--older-than",
    metavar="AGE",
    help="Remove files whose last line is older, such as 30d; default: retention_days.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@json_option
@click.pass_context
def prune(context: click.Context, older_than: str | None, dry_run: bool, as_json: bool) -> None:
    """Remove old files that were put aside, and compress the others; the engine does so, too."""
    config, log = configuration(context.obj).logging, _log(context.obj)
    end = end_after(older_than)
    age_secs = (
        keeping.days(config.retention_days)
        if end is None
        else (end - datetime.now(UTC)) / timedelta(seconds=1)
    )
    with _status("Compressing …"):
        done = keeping.tidy(log, age_secs, packs=config.compress, dry_run=dry_run)
    told = {
        "removed": [str(path) for path in done.removed],
        "compressed": [str(path) for path in done.compressed],
        "freed_bytes": done.freed_bytes,
        "dry_run": dry_run,
    }
    verb = "Would be" if dry_run else "Were"
    lines = [
        *(f"{verb} removed: {path}" for path in done.removed),
        *(f"{verb} compressed: {path}" for path in done.compressed),
    ]
    show(as_json, told, lines or ["Nothing to do."])
    for path, error in done.failed:
        say(f"Error: {path}: {error}", err=True)
    sys.exit(FAILED if done.failed else 0)


def _log(path: Path | None) -> Path:
    file = configuration(path).logging.file
    with refusals_printed():
        if file is None:
            raise Conflict("This engine keeps no log file: `logging.file` is empty.")
    return file


def _found(log: Path, wanted: Wanted, limit: int) -> Iterator[LogEntry]:
    """The lines as they are found, with a word of how far back it has come."""
    start = None
    with _status("Searching …") as status, refusals_printed():
        while limit > 0:
            most = min(limit, PAGE)
            page = search.newest(log, wanted, most, start=start, is_over=search.deadline(0.5))
            yield from page.entries
            limit -= len(page.entries)
            start = page.reached
            if start is None:
                return
            if page.back_to is not None:
                status.update(f"Searched back to {page.back_to.isoformat(timespec='seconds')} …")


def _name_unreadable(log: Path) -> None:
    """Say which files of the log were left out."""
    for path in unreadable(log):
        say(f"Left out, because it can't be read: {path}", err=True)


def _instant(text: str | None) -> datetime | None:
    """As `age`; also "today" and "yesterday", which begin at midnight of this machine's zone."""
    if text not in ("today", "yesterday"):
        return age(text)
    day = date.today() - timedelta(days=text == "yesterday")
    return datetime.combine(day, time_of_day()).astimezone()


def _status(text: str) -> Any:
    """What goes on, at a terminal only."""
    return Console(stderr=True, quiet=not sys.stderr.isatty()).status(text)


def _as_level(word: str | None) -> LogLevel | None:
    return None if word is None else LogLevel(word.lower())


def _print(entry: LogEntry, as_json: bool) -> None:
    # Its lines are escaped one by one: a trace has several.
    click.echo(in_json(entry.line) if as_json else as_text(entry))
