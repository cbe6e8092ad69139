"""The commands `aiwebengine db …`."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from aiwebengine.core.formats import count, duration, instant
from aiwebengine.core.formats import size as bytes_of
from aiwebengine.core.identity import Viewer
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.database_admin.activity_types import DatabaseSession, StatementsSource
from aiwebengine.database_admin.service import LARGEST_LIST, DatabaseAdmin
from aiwebengine.database_admin.shell import shell
from aiwebengine.database_admin.types import DatabaseInfo, DatabaseSize
from aiwebengine.database_admin.vacuum_types import VacuumOptions, VacuumProgress, VacuumRun
from aiwebengine.terminal.commands import confirm, json_option, show, table, with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

Result = TypeVar("Result")

GROWTH_DAYS = 30

limit_option = click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1, LARGEST_LIST),
    help="Maximum number of rows to list.",
)


@click.group()
def db() -> None:
    """Inspect and vacuum the database."""


@db.command()
@json_option
@click.pass_context
def size(context: click.Context, as_json: bool) -> None:
    """Show the database size and its growth over 30 days."""

    async def read(admin: DatabaseAdmin, viewer: Viewer) -> tuple[DatabaseInfo, list[DatabaseSize]]:
        await admin.sample_size()
        return await admin.info(viewer), await admin.growth(viewer, GROWTH_DAYS)

    info, growth = _read(context, read)
    data = {
        "version": info.version,
        "started_at": info.started_at,
        "size_bytes": info.size_bytes,
        "growth": [asdict(one) for one in growth],
    }
    grown = info.size_bytes - growth[0].size_bytes
    lines = [
        f"{bytes_of(info.size_bytes)}, PostgreSQL {info.version},"
        f" up since {instant(info.started_at)}",
        f"{'+' if grown >= 0 else '-'}{bytes_of(abs(grown))} since {instant(growth[0].at)}",
    ]
    show(as_json, data, lines)


@db.command()
@limit_option
@json_option
@click.pass_context
def tables(context: click.Context, limit: int, as_json: bool) -> None:
    """List the largest tables. Row counts are estimates."""
    found = _read(context, lambda admin, viewer: admin.tables(viewer, limit))
    rows = [
        (
            one.name,
            "?" if one.estimated_rows is None else f"{one.estimated_rows:,}",
            bytes_of(one.size_bytes),
            bytes_of(one.index_bytes),
            f"{one.dead_rows:,}",
            _latest(one.last_vacuum_at, one.last_autovacuum_at),
            _latest(one.last_analyze_at, one.last_autoanalyze_at),
        )
        for one in found
    ]
    columns = ("Table", "Rows", "Size", "Indexes", "Dead rows", "Last vacuum", "Last analyze")
    show(as_json, [asdict(one) for one in found], table(columns, rows))


@db.command()
@limit_option
@json_option
@click.pass_context
def indexes(context: click.Context, limit: int, as_json: bool) -> None:
    """List the largest indexes. Bloat is an estimate."""
    found = _read(context, lambda admin, viewer: admin.indexes(viewer, limit))
    rows = [
        (
            one.name,
            one.table,
            bytes_of(one.size_bytes),
            "?" if one.bloat_bytes is None else bytes_of(one.bloat_bytes),
            f"{one.scans:,}",
            "" if one.is_valid else "invalid: drop and recreate it",
        )
        for one in found
    ]
    columns = ("Index", "Table", "Size", "Bloat", "Scans", "Problem")
    show(as_json, [asdict(one) for one in found], table(columns, rows))


@db.command()
@json_option
@click.pass_context
def connections(context: click.Context, as_json: bool) -> None:
    """List connections by state and program."""
    found = _read(context, lambda admin, viewer: admin.connections(viewer))
    rows = [
        (one.count, one.state, one.application, one.user_name, _seconds(one.longest_seconds))
        for one in found.groups
    ]
    columns = ("Connections", "State", "Program", "Account", "Longest")
    caption = f"{found.used} of {found.maximum} in use, {found.reserved} reserved for superusers"
    show(as_json, asdict(found), table(columns, rows, caption))


@db.command()
@click.option(
    "--older-than",
    "seconds",
    default=60,
    show_default=True,
    type=click.IntRange(0),
    help="Minimum age in seconds.",
)
@limit_option
@json_option
@click.pass_context
def transactions(context: click.Context, seconds: int, limit: int, as_json: bool) -> None:
    """List long-running transactions. They prevent vacuum from removing dead rows."""
    found = _read(context, lambda admin, viewer: admin.transactions(viewer, limit, seconds))
    rows = [(*_session(one), one.statement) for one in found]
    columns = ("Pid", "Program", "Account", "State", "Open for", "Statement")
    show(as_json, [asdict(one) for one in found], table(columns, rows))


@db.command()
@limit_option
@json_option
@click.pass_context
def locks(context: click.Context, limit: int, as_json: bool) -> None:
    """List sessions that wait for locks, and who holds the locks."""
    found = _read(context, lambda admin, viewer: admin.locks(viewer, limit))
    rows = [
        (
            one.waiting.pid,
            _seconds(one.waited_seconds),
            one.table or "",
            one.waiting.statement,
            ", ".join(f"{holder.pid} ({holder.application})" for holder in one.holders),
        )
        for one in found
    ]
    columns = ("Pid", "Waiting for", "Table", "Statement", "Held by")
    show(as_json, [asdict(one) for one in found], table(columns, rows))


@db.command("slow-queries")
@limit_option
@json_option
@click.pass_context
def slow_queries(context: click.Context, limit: int, as_json: bool) -> None:
    """List the statements with the highest mean execution time."""
    found = _read(context, lambda admin, viewer: admin.statements(viewer, limit))
    data = {**asdict(found), "source": found.source.name}
    if found.source is not StatementsSource.PG_STAT_STATEMENTS:
        # This process only counted its own statements, which are of no interest.
        data["slowest"] = []
        show(as_json, data, found.how_to_enable or "")
        return
    rows = [
        (f"{one.mean_ms:.1f}", f"{one.longest_ms:.1f}", f"{one.calls:,}", one.statement)
        for one in found.slowest
    ]
    show(as_json, data, table(("Mean ms", "Max ms", "Calls", "Statement"), rows))


@db.command()
@click.argument("names", metavar="[TABLE]...", nargs=-1)
@click.option(
    "--analyze/--no-analyze",
    default=True,
    show_default=True,
    help="Also update the planner statistics.",
)
@click.option(
    "--full",
    is_flag=True,
    help="Run VACUUM FULL, which rewrites and locks each table. Asks for confirmation.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_context
def vacuum(
    context: click.Context,
    names: tuple[str, ...],
    analyze: bool,
    full: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Vacuum each TABLE (default: all tables), one at a time."""
    if full:
        confirm(
            "VACUUM FULL locks each table while it is rewritten, and needs disk space for a second"
            " copy. Continue?",
            yes,
        )
    # Progress goes to standard error, and only to a terminal: cron mails both streams.
    console = Console(stderr=True, quiet=as_json or not sys.stderr.isatty())
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=console.quiet) as progress:
        task = progress.add_task("vacuum", total=None)

        def watch(done: int, total: int, name: str, now: VacuumProgress | None) -> None:
            share = ((now.percent if now else None) or 0.0) / 100
            description = escape(on_one_line(f"{name}: {now.phase}" if now else name))
            progress.update(task, description=description, completed=done + share, total=total)

        def note(line: str) -> None:
            console.print(Text(on_one_line(line)), soft_wrap=True)

        async def work(engine: Engine, viewer: Viewer) -> VacuumRun:
            return await engine.services.database_admin.vacuum(
                viewer, names or None, note, VacuumOptions(analyze, full), watch
            )

        run = with_engine(context.obj, work)
    data = {**asdict(run), "state": run.state.name}
    show(as_json, data, f"Vacuumed {run.tables_done} of {count(len(run.tables), 'table')}.")


db.add_command(shell)


def _read(
    context: click.Context, ask: Callable[[DatabaseAdmin, Viewer], Awaitable[Result]]
) -> Result:
    async def work(engine: Engine, viewer: Viewer) -> Result:
        return await ask(engine.services.database_admin, viewer)

    return with_engine(context.obj, work)


def _session(session: DatabaseSession) -> tuple[object, ...]:
    return (
        session.pid,
        session.application,
        session.user_name,
        session.state,
        _seconds(session.transaction_seconds),
    )


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)


def _latest(manual: datetime | None, automatic: datetime | None) -> str:
    """The later of two instants, marked if autovacuum did it."""
    known = [(at, mark) for at, mark in ((manual, ""), (automatic, " (auto)")) if at]
    at, mark = max(known, default=(None, ""))
    return f"{instant(at)}{mark}" if at else "never"
