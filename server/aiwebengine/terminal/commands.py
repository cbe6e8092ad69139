"""What all commands share: the configuration, services without a web server, tables, times."""

from __future__ import annotations

import asyncio
import getpass
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson

from aiwebengine.core.config import Config
from aiwebengine.core.config_loader import ConfigError, load_config
from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.core.untrusted_text import in_json, on_one_line

if TYPE_CHECKING:
    from rich.table import Table

    from aiwebengine.app.engine import Engine
    from aiwebengine.core.identity import Viewer

Result = TypeVar("Result")

USAGE = 2
FAILED = 1
NO_EDGE = 10_000
# The address of no database, for what works without one.
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
# A frozen server answers nothing, not even an error.
SILENCE_SECS = 8.0
BACKUP_FIRST = "aiwebengine.backup_first"
"""Where the list of commands leaves, in `click.Context.meta`, what takes a backup."""

MAKE_ENGINE = "aiwebengine.make_engine"
"""Where the list of commands leaves, in `click.Context.meta`, what makes an engine."""

_DURATION = re.compile(r"(\d+)([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def configuration(path: Path | None) -> Config:
    """The configuration; every problem is printed and the command ends with 2."""
    try:
        return load_config(path)
    except ConfigError as error:
        say("The configuration can't be used:", err=True)
        for problem in error.problems:
            say(f"  {problem}", err=True)
        sys.exit(USAGE)


@contextmanager
def database_url(
    config: Config, *, creates: bool = False, meanwhile: Callable[[], object] = lambda: None
) -> Iterator[str]:
    """The address of the configured database; an embedded one runs for as long as this does.

    *meanwhile* is called once, while an embedded server starts.

    Only what *creates* may make an embedded database: in the wrong folder every other command
    would answer from a new, empty one. Raises Unavailable, EmbeddedFailed.
    """
    # Loaded where it is used, here and below: a second of work that `health` can do without.
    from aiwebengine.database.answering import is_silent
    from aiwebengine.database.embedded import embedded_postgres

    url = config.repository.database_url.get_secret_value()
    if not url:
        with embedded_postgres(
            config.repository.data_dir, creates=creates, meanwhile=meanwhile
        ) as embedded:
            yield embedded
        return
    if not creates and is_silent(url, SILENCE_SECS):
        raise Unavailable(
            f"The database has not answered for {SILENCE_SECS:.0f} s. Look at"
            " repository.database_url, the server and the network."
        )
    meanwhile()
    yield url


def made_engine(config: Config, url: str) -> Engine:
    """An engine on the database at *url*, not prepared yet."""
    make: Callable[[Config, str], Engine] = click.get_current_context().meta[MAKE_ENGINE]
    return make(config, url)


def with_engine(
    path: Path | None,
    work: Callable[[Engine, Viewer], Awaitable[Result]],
    *,
    creates: bool = False,
) -> Result:
    """Do some work with the services, as the operator of this machine.

    A database without tables is an error unless the command *creates* them.
    """

    async def run(engine: Engine) -> Result:
        await engine.prepare(progress, begins=creates)
        try:
            return await work(engine, somebody())
        finally:
            await engine.db.disconnect()

    config = configuration(path)
    with refusals_printed(), database_url(config, creates=creates) as url:
        return asyncio.run(run(made_engine(config, url)))


def progress(line: str) -> None:
    """Print how something gets on, to a terminal only: cron would mail it every night."""
    if sys.stderr.isatty():
        say(line, err=True)


def say(line: str, *, err: bool = False) -> None:
    """Print one line. Names and messages of others can't begin another or steer the terminal."""
    click.echo(on_one_line(line), err=err)


@contextmanager
def refusals_printed() -> Iterator[None]:
    """Print a refusal as a line on standard error, more lines of it indented; exit code 1."""
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


def show(as_json: bool, told: Any, shown: Table | str | Sequence[str]) -> None:
    """Print data for scripts, or for people a table, a line or several lines."""
    if as_json:
        click.echo(in_json(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()))
    elif not isinstance(shown, str | Sequence):
        from rich.console import Console

        # A file or a pipe has no edge to cut an id at.
        Console(width=None if sys.stdout.isatty() else NO_EDGE).print(shown)
    else:
        for line in [shown] if isinstance(shown, str) else shown:
            say(line)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> Table:
    """A plain table. No cell can steer the terminal, and `[red]` in a name is a name."""
    # Loaded here: `serve` and `--json` print no table.
    from rich.table import Table
    from rich.text import Text

    made = Table(
        *columns,
        box=None,
        header_style="bold",
        pad_edge=False,
        caption=Text(on_one_line(caption), style="table.caption") if caption else None,
    )
    for row in rows:
        made.add_row(*(Text("" if cell is None else on_one_line(str(cell))) for cell in row))
    return made


def must_be_sure(question: str, yes: bool) -> None:
    """Ask before something that can't be undone. Without a terminal only --yes will do."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Nobody can be asked here: repeat it with --yes.")
    click.confirm(on_one_line(question), abort=True, err=True)


def end_after(text: str | None) -> datetime | None:
    """From "30d" to the instant that long from now. Raises a usage error."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise click.BadParameter(f"{text!r} is not a duration such as 90m, 12h, 30d or 8w.")
    return _moved(match, 1)


def age(text: str | None) -> datetime | None:
    """From "7d" or an instant such as 2026-01-31T12:00:00Z to the instant. Raises a usage error."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is not None:
        return _moved(match, -1)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is neither an instant such as 2026-01-31T12:00:00Z nor an age such as 7d."
        ) from None
    return instant if instant.tzinfo else instant.astimezone()


def _moved(match: re.Match[str], direction: int) -> datetime:
    try:
        return datetime.now(UTC) + direction * timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise click.BadParameter(f"{match[0]!r} is beyond the calendar.") from None


def somebody() -> Viewer:
    """Whoever runs this command, as the operator of this machine."""
    from aiwebengine.core.identity import operator

    return operator(login())


def login() -> str:
    """The name of whoever sits at the command line."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # An account without a name, as in many containers.
        return "operator"
