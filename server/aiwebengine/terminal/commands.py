"""Shared by all commands: configuration, services without a web server, tables, times."""

from __future__ import annotations

import asyncio
import getpass
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson

from aiwebengine.core.config import Config
from aiwebengine.core.config_loader import ConfigError, load_config
from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.core.slow_steps import REPORT_EVERY_SECS, Report, slow_step
from aiwebengine.core.untrusted_text import in_json, on_one_line
from aiwebengine.terminal import systemd
from aiwebengine.terminal.interruption import stopped_by_sigterm

if TYPE_CHECKING:
    from rich.table import Table

    from aiwebengine.app.engine import Engine
    from aiwebengine.core.identity import Viewer

Result = TypeVar("Result")

USAGE = 2
FAILED = 1
UNLIMITED_WIDTH = 10_000
# A URL without a database, for commands that work without one.
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
# A frozen server does not respond at all, not even with an error.
RESPONSE_TIMEOUT_SECS = 8.0
BACKUP_FIRST = "aiwebengine.backup_first"
"""Key in `click.Context.meta` of the function that takes a backup."""

MAKE_ENGINE = "aiwebengine.make_engine"
"""Key in `click.Context.meta` of the function that creates an engine."""

_DURATION = re.compile(r"(\d+)([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def configuration(path: Path | None) -> Config:
    """Load the configuration; on errors print each problem and exit with status 2."""
    try:
        return load_config(path)
    except ConfigError as error:
        say("The configuration is invalid:", err=True)
        for problem in error.problems:
            say(f"  {problem}", err=True)
        sys.exit(USAGE)


@contextmanager
def database_url(
    config: Config,
    *,
    creates: bool = False,
    meanwhile: Callable[[], object] = lambda: None,
    report: Report | None = None,
) -> Iterator[str]:
    """The address of the configured database; an embedded one runs for as long as this does.

    *meanwhile* is called once, while an embedded server starts. *report* gets what takes longer
    than a second; by default it is printed to a terminal only.

    Only what *creates* may make an embedded database: in the wrong folder every other command
    would answer from a new, empty one. Raises Unavailable, EmbeddedFailed.
    """
    # Imported here because loading takes a second, which `health` must not spend.
    from aiwebengine.database.embedded import embedded_postgres

    report = report or progress
    url = config.repository.database_url.get_secret_value()
    if not url:
        # Otherwise a server that this command has started would outlive it.
        with (
            stopped_by_sigterm(),
            embedded_postgres(
                config.repository.data_dir, creates=creates, meanwhile=meanwhile, report=report
            ) as embedded,
        ):
            yield embedded
        return
    if not creates:
        with slow_step(report, "Waiting for an answer from the database"):
            _must_answer(url)
    with slow_step(report, "Loading the engine"):
        meanwhile()
    yield url


def _must_answer(url: str) -> None:
    from aiwebengine.database.answering import is_silent

    if is_silent(url, RESPONSE_TIMEOUT_SECS):
        raise Unavailable(
            f"The database did not respond within {RESPONSE_TIMEOUT_SECS:.0f} s. Check"
            " repository.database_url, the server and the network."
        )


def make_engine(config: Config, url: str) -> Engine:
    """Create an engine for the database at *url*. It is not prepared yet."""
    make: Callable[[Config, str], Engine] = click.get_current_context().meta[MAKE_ENGINE]
    return make(config, url)


def with_engine(
    path: Path | None,
    work: Callable[[Engine, Viewer], Awaitable[Result]],
    *,
    creates: bool = False,
) -> Result:
    """Run *work* with the services, as the operator of this machine.

    A database without tables is an error unless the command *creates* them.
    """

    async def run(engine: Engine) -> Result:
        await engine.prepare(progress, begins=creates, report=progress)
        try:
            return await work(engine, current_operator())
        finally:
            await engine.db.disconnect()

    config = configuration(path)
    with errors_reported(), database_url(config, creates=creates) as url:
        return asyncio.run(run(make_engine(config, url)))


def progress(line: str) -> None:
    """Print a progress line to a terminal only, because cron mails all output."""
    if sys.stderr.isatty():
        say(line, err=True)


def say(line: str, *, err: bool = False) -> None:
    """Print one line. Escapes line breaks and terminal control characters."""
    click.echo(on_one_line(line), err=err)


def print_step(line: str) -> None:
    """Print what a start waits for, also without a terminal: the log of a service shows it.

    Asks systemd for as much time as passes until the next line, and as much again. A recovery that
    systemd ended would begin again.
    """
    say(line, err=True)
    with suppress(OSError):
        systemd.notify(f"EXTEND_TIMEOUT_USEC={2_000_000 * REPORT_EVERY_SECS:.0f}")


@contextmanager
def errors_reported() -> Iterator[None]:
    """Print expected errors on standard error, further lines indented, and exit with status 1."""
    try:
        yield
    except Exception as error:
        from aiwebengine.database.embedded import EmbeddedFailed

        if not isinstance(error, EngineError | EmbeddedFailed):
            raise
        first, *others = str(error).split("\n")
        say(f"Error: {first}", err=True)
        for line in others:
            say(f"  {line}", err=True)
        sys.exit(FAILED)


def show(as_json: bool, data: Any, text: Table | str | Sequence[str]) -> None:
    """Print *data* as JSON, or *text*: a table, a line or several lines."""
    if as_json:
        click.echo(in_json(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()))
    elif not isinstance(text, str | Sequence):
        from rich.console import Console

        # Tables in a file or pipe are never truncated.
        Console(width=None if sys.stdout.isatty() else UNLIMITED_WIDTH).print(text)
    else:
        for line in [text] if isinstance(text, str) else text:
            say(line)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> Table:
    """A plain table. Cells are escaped: no control characters, no rich markup."""
    # Loaded here: `serve` and `--json` print no table.
    from rich.table import Table
    from rich.text import Text

    result = Table(
        *columns,
        box=None,
        header_style="bold",
        pad_edge=False,
        caption=Text(on_one_line(caption), style="table.caption") if caption else None,
    )
    for row in rows:
        result.add_row(*(Text("" if cell is None else on_one_line(str(cell))) for cell in row))
    return result


def confirm(question: str, yes: bool) -> None:
    """Ask for confirmation. Without a terminal, --yes is required."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"{question} Confirmation needs a terminal; run the command with --yes."
        )
    click.confirm(on_one_line(question), abort=True, err=True)


def time_after(text: str | None) -> datetime | None:
    """The instant after a duration such as "30d" from now. Raises a usage error."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise click.BadParameter(
            f"{text!r} is not a duration. Use one such as 90m, 12h, 30d or 8w."
        )
    return _shifted(match, 1)


def time_before(text: str | None) -> datetime | None:
    """Parse a duration before now such as "7d", or an ISO 8601 time. Raises a usage error."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is not None:
        return _shifted(match, -1)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a time. Use ISO 8601, such as 2026-01-31T12:00:00Z, or a duration"
            " such as 7d."
        ) from None
    return instant if instant.tzinfo else instant.astimezone()


def _shifted(match: re.Match[str], direction: int) -> datetime:
    try:
        return datetime.now(UTC) + direction * timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise click.BadParameter(f"{match[0]!r} is out of range. Use a shorter duration.") from None


def current_operator() -> Viewer:
    """The user who runs this command, as the operator of this machine."""
    from aiwebengine.core.identity import operator

    return operator(login())


def login() -> str:
    """The login name of the current user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # Accounts without a name are common in containers.
        return "operator"
