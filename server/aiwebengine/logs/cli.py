"""The commands `aiwebengine logs …`: they read the files and need no engine and no database."""

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
from aiwebengine.logs.search import Matcher
from aiwebengine.logs.tail import NewLines
from aiwebengine.logs.text import as_text
from aiwebengine.logs.types import LogEntry, LogFilter, LogLevel
from aiwebengine.terminal.commands import (
    FAILED,
    configuration,
    errors_reported,
    json_option,
    say,
    show,
    time_after,
    time_before,
)

POLL_SECS = 0.25
PAGE = 500

# The names that journalctl(1) and other programs use.
_ALIASES = {"err": "error", "warn": "warning", "crit": "critical"}


class _Level(click.Choice[str]):
    """A log level by its name or by its name in journalctl."""

    def convert(self, value: Any, *rest: Any) -> str:
        """Return the level name. Raises a usage error."""
        return super().convert(_ALIASES.get(str(value).lower(), value), *rest)


_level = click.option(
    "--level",
    type=_Level([level.value for level in LogLevel], case_sensitive=False),
    help="Minimum level. Also accepts err, warn and crit.",
)
_WHEN = "ISO 8601, a duration such as 2h, today or yesterday"
_lines_as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print the lines as stored (JSON)."
)


@click.group()
def logs() -> None:
    """Follow, search and prune the log files."""


@logs.command()
@click.option(
    "-n",
    "number",
    type=click.IntRange(0, 10_000),
    default=20,
    show_default=True,
    help="Number of existing lines to print.",
)
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines until Ctrl-C.")
@_level
@_lines_as_json
@click.pass_context
def tail(
    context: click.Context, number: int, follow: bool, level: str | None, as_json: bool
) -> None:
    """Print the newest lines, oldest first."""
    log, matcher = _log(context.obj), Matcher(LogFilter(level=_as_level(level)))
    new = NewLines(log) if follow else None
    found = search.newest(log, matcher, number).entries if number else []
    for entry in reversed(found):
        _print(entry, as_json)
    if number and not found and not follow:
        say("No matching lines.", err=True)
    _name_unreadable(log)
    seen = {entry.id for entry in found}
    while new is not None:
        skipped, lines = new.read()
        if skipped:
            click.echo(f"… skipped {skipped} lines that arrived too fast …", err=True)
        for (name, place), line in lines:
            entry_or_none = matcher.entry(line, name, place)
            if entry_or_none is not None and entry_or_none.id not in seen:
                _print(entry_or_none, as_json)
        try:
            time.sleep(POLL_SECS)
        except KeyboardInterrupt:
            return


@logs.command("search")
@click.argument("text", required=False)
@_level
@click.option("--request-id", help="Filter by request ID.")
@click.option("--user", "user_id", help="Filter by the ID of the user who sent the request.")
@click.option("--path", help="Filter by the start of the request path.")
@click.option("--since", metavar="WHEN", help=f"Only lines since this time ({_WHEN}).")
@click.option("--until", metavar="WHEN", help=f"Only lines before this time ({_WHEN}).")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Maximum number of lines to print.",
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
    """Print log lines that contain TEXT, newest first."""
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
        raise click.UsageError(f"--since ({since}) must be before --until ({until}).")
    log = _log(context.obj)
    number = 0
    # Read one line more than is printed, to know whether there are more.
    for number, entry in enumerate(_found(log, Matcher(wanted), limit + 1), 1):
        if number <= limit:
            _print(entry, as_json)
    if number > limit:
        say(
            f"Printed the first {limit} matching lines. Use a higher --limit to see more.", err=True
        )
    elif not number:
        say("No matching lines.", err=True)
    _name_unreadable(log)


@logs.command()
@click.option(
    "--older-than",
    metavar="AGE",
    help="Remove files whose last line is older than this, such as 30d (default:"
    " logging.retention_days).",
)
@click.option("--dry-run", is_flag=True, help="List what would be done, and change nothing.")
@json_option
@click.pass_context
def prune(context: click.Context, older_than: str | None, dry_run: bool, as_json: bool) -> None:
    """Remove old log files and compress rotated ones. The engine also does this regularly."""
    config, log = configuration(context.obj).logging, _log(context.obj)
    end = time_after(older_than)
    age_secs = (
        keeping.days(config.retention_days)
        if end is None
        else (end - datetime.now(UTC)) / timedelta(seconds=1)
    )
    with _status("Compressing …"):
        done = keeping.tidy(log, age_secs, packs=config.compress, dry_run=dry_run)
    data = {
        "removed": [str(path) for path in done.removed],
        "compressed": [str(path) for path in done.compressed],
        "freed_bytes": done.freed_bytes,
        "dry_run": dry_run,
    }
    removed, compressed = (
        ("Would remove", "Would compress") if dry_run else ("Removed", "Compressed")
    )
    lines = [
        *(f"{removed}: {path}" for path in done.removed),
        *(f"{compressed}: {path}" for path in done.compressed),
    ]
    show(as_json, data, lines or ["Nothing to do."])
    for path, error in done.failed:
        say(f"Error: {path}: {error}", err=True)
    sys.exit(FAILED if done.failed else 0)


def _log(path: Path | None) -> Path:
    file = configuration(path).logging.file
    with errors_reported():
        if file is None:
            raise Conflict(
                "This engine writes no log file because `logging.file` is empty. Set it to a path."
            )
    return file


def _found(log: Path, matcher: Matcher, limit: int) -> Iterator[LogEntry]:
    """Matching lines as they are found, with a status line of how far back the search is."""
    start = None
    with _status("Searching …") as status, errors_reported():
        while limit > 0:
            maximum = min(limit, PAGE)
            page = search.newest(log, matcher, maximum, start=start, is_over=search.deadline(0.5))
            yield from page.entries
            limit -= len(page.entries)
            start = page.reached
            if start is None:
                return
            if page.back_to is not None:
                status.update(f"Searched back to {page.back_to.isoformat(timespec='seconds')} …")


def _name_unreadable(log: Path) -> None:
    """Print which log files were skipped."""
    for path in unreadable(log):
        say(f"Skipped a file that can't be read: {path}", err=True)


def _instant(text: str | None) -> datetime | None:
    """Parse like `time_before`, or "today" and "yesterday" as local midnight."""
    if text not in ("today", "yesterday"):
        return time_before(text)
    day = date.today() - timedelta(days=text == "yesterday")
    return datetime.combine(day, time_of_day()).astimezone()


def _status(text: str) -> Any:
    """A status line, on a terminal only."""
    return Console(stderr=True, quiet=not sys.stderr.isatty()).status(text)


def _as_level(word: str | None) -> LogLevel | None:
    return None if word is None else LogLevel(word.lower())


def _print(entry: LogEntry, as_json: bool) -> None:
    # `as_text` escapes each line of a stack trace.
    click.echo(in_json(entry.line) if as_json else as_text(entry))
