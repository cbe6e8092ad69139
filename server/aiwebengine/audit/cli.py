"""The commands `aiwebengine audit …`."""

from __future__ import annotations

import difflib
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
import strawberry
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from aiwebengine.audit.chain import Head, Verdict
from aiwebengine.audit.types import AuditAction, AuditFilter
from aiwebengine.core.identity import Viewer
from aiwebengine.core.private_files import open_private
from aiwebengine.terminal.commands import (
    FAILED,
    errors_reported,
    json_option,
    show,
    time_before,
    with_engine,
)

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


_WHEN = "ISO 8601, or a duration such as 7d"


class _Action(click.ParamType):  # type: ignore[type-arg]
    """An audit action by its name, in any case."""

    name = "text"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> AuditAction:
        if isinstance(value, AuditAction):
            return value
        found = AuditAction.__members__.get(str(value).upper())
        if found is None:
            close = difflib.get_close_matches(str(value).upper(), AuditAction.__members__, n=3)
            hint = (
                f"Did you mean {' or '.join(close)}?" if close else "See docs/reference/audit.md."
            )
            self.fail(f"{str(value)[:80]!r} is not an audit action. {hint}", param, ctx)
        return found


@click.group()
def audit() -> None:
    """Export the audit trail and verify its integrity."""


@audit.command()
@click.option(
    "--format",
    "kind",
    type=click.Choice(["ndjson", "csv"]),
    default="ndjson",
    show_default=True,
    help="Output format: one JSON object per line, or CSV.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="File to write to (default: standard output).",
)
@click.option(
    "--action",
    "actions",
    multiple=True,
    metavar="ACTION",
    type=_Action(),
    help="Filter by action, such as ROLE_GRANTED. May be repeated.",
)
@click.option(
    "--user", "email", help="Filter by the email address of the user who acted or was changed."
)
@click.option("--request", "request_id", help="Filter by request ID.")
@click.option("--search", help="Filter by words in the event.")
@click.option("--since", metavar="WHEN", help=f"Only events since this time ({_WHEN}).")
@click.option("--until", metavar="WHEN", help=f"Only events before this time ({_WHEN}).")
@click.pass_context
def export(
    context: click.Context,
    kind: str,
    output: Path | None,
    actions: tuple[AuditAction, ...],
    email: str | None,
    request_id: str | None,
    search: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Export audit events, newest first."""
    criteria = AuditFilter(
        actions=list(actions) or None,
        request_id=request_id,
        search=search,
        since=time_before(since),
        until=time_before(until),
    )

    async def work(engine: Engine, viewer: Viewer) -> None:
        services = engine.services
        if email is not None:
            user = await services.users.find_by_email(viewer, email)
            criteria.user_id = strawberry.ID(user.id)
        write = services.export.as_csv if kind == "csv" else services.export.as_ndjson
        await _write(write(viewer, criteria), output)

    with_engine(context.obj, work)


@audit.command()
@click.option("--head", help="Head printed by an earlier run, which must still be in the chain.")
@json_option
@click.pass_context
def verify(context: click.Context, head: str | None, as_json: bool) -> None:
    """Verify that no audit event was changed, removed or inserted.

    Exits with status 1 if the trail was tampered with. Store the printed head on another machine:
    with it, a later run also detects a completely rewritten trail.
    """
    with errors_reported():
        known = None if head is None else Head.parse(head)
    columns = ("Events", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

    async def work(engine: Engine, viewer: Viewer) -> Verdict:
        await engine.services.chain.seal()
        with Progress(
            *columns, transient=True, disable=as_json or not sys.stderr.isatty()
        ) as progress:
            task = progress.add_task("events")
            return await engine.services.chain.verify(
                viewer,
                known,
                lambda done, total: progress.update(task, completed=done, total=total),
            )

    found = with_engine(context.obj, work)
    data = {
        "ok": found.problem is None,
        "sealed": found.sealed,
        "unsealed": found.unsealed,
        "head": str(found.head),
        "event_id": found.event_id,
        "problem": found.problem,
    }
    if found.problem is None:
        lines = [f"The audit trail is intact. Events: {found.sealed}", f"Head: {found.head}"]
    else:
        place = "" if found.event_id is None else f" at event {found.event_id}"
        lines = [f"The audit trail was tampered with{place}: {found.problem}."]
    show(as_json, data, lines)
    if found.problem is not None:
        sys.exit(FAILED)


async def _write(pages: AsyncIterator[bytes], output: Path | None) -> None:
    if output is None:
        await _write_pages(pages, sys.stdout.buffer)
        return
    # A partial file never appears under the final name.
    unfinished = output.with_name(f"{output.name}.{datetime.now(UTC):%H%M%S%f}.part")
    try:
        with open_private(unfinished) as file:
            await _write_pages(pages, file)
        unfinished.replace(output)
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)


async def _write_pages(pages: AsyncIterator[bytes], file: BinaryIO) -> None:
    async for page in pages:
        file.write(page)
