"""The commands `aiwebengine maintenance review …`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from aiwebengine.access_reviews import decisions
from aiwebengine.access_reviews.export import as_data
from aiwebengine.access_reviews.interview import granted, instant, interview, tokens
from aiwebengine.access_reviews.service import LONGEST_NOTE, MOST_DECISIONS, AccessReviews
from aiwebengine.access_reviews.types import (
    AccessReview,
    AccessReviewEntry,
    Decision,
    ReviewDecision,
    ReviewOutcome,
)
from aiwebengine.core.errors import BadUserInput, NotFound
from aiwebengine.core.identity import Viewer
from aiwebengine.core.private_files import open_private
from aiwebengine.terminal.commands import FAILED, json_option, show, table, with_engine
from aiwebengine.users.types import UserStatus

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

PAGE = 500
LARGEST_LIST = 1_000
_START = "Start one with `aiwebengine maintenance review start`."

id_option = click.option(
    "--id", "number", type=click.IntRange(1), help="ID of the review (default: the newest)."
)


@click.group()
def review() -> None:
    """Review who holds the roles Editor and Administrator."""


@review.command()
@click.option("--note", help="Reason for the review.")
@json_option
@click.pass_context
def start(context: click.Context, note: str | None, as_json: bool) -> None:
    """Start a review of current roles. An open review continues."""

    async def work(engine: Engine, viewer: Viewer) -> AccessReview:
        return await engine.services.access_reviews.start(viewer, note)

    started = with_engine(context.obj, work)
    show(as_json, _review_data(started), _summary(started))


@review.command("list")
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1, LARGEST_LIST),
    help="Maximum number of reviews to list.",
)
@json_option
@click.pass_context
def list_reviews(context: click.Context, limit: int, as_json: bool) -> None:
    """List access reviews, newest first."""

    async def work(engine: Engine, viewer: Viewer) -> list[AccessReview]:
        return (await engine.services.access_reviews.page(viewer, None, limit))[:limit]

    found = with_engine(context.obj, work)
    rows = [
        (
            one.id,
            instant(one.started_at),
            one.started_by,
            instant(one.finished_at) or "open",
            *(one.total, one.left, one.kept, one.revoked, one.gone),
            one.note,
        )
        for one in found
    ]
    columns = "Review,Started,By,Finished,Roles,Undecided,Kept,Revoked,Gone,Note"
    show(as_json, [_review_data(one) for one in found], table(columns.split(","), rows))


@review.command("show")
@id_option
@click.option("--open", "only_open", is_flag=True, help="Only roles without a decision.")
@json_option
@click.pass_context
def show_review(context: click.Context, number: int | None, only_open: bool, as_json: bool) -> None:
    """Show every role in a review with its use and decision."""

    async def work(engine: Engine, viewer: Viewer) -> tuple[AccessReview, list[AccessReviewEntry]]:
        found = await _found(engine.services.access_reviews, viewer, number)
        return found, await _entries(engine.services.access_reviews, viewer, found, only_open)

    found, entries = with_engine(context.obj, work)
    data = {**_review_data(found), "entries": [as_data(entry) for entry in entries]}
    show(as_json, data, _entries_table(entries, _summary(found)))


@review.command()
@click.option("--keep", multiple=True, metavar="WHO", help="Role to keep. May be repeated.")
@click.option("--revoke", multiple=True, metavar="WHO", help="Role to revoke. May be repeated.")
@click.option("--keep-rest", is_flag=True, help="Keep every other role without a decision.")
@click.option("--note", help="Note for --keep, --revoke and --keep-rest.")
@click.option(
    "--from",
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="CSV or JSON file with decisions; - reads standard input.",
)
@json_option
@click.pass_context
def decide(
    context: click.Context,
    keep: Sequence[str],
    revoke: Sequence[str],
    keep_rest: bool,
    note: str | None,
    file: str | None,
    as_json: bool,
) -> None:
    """Keep or revoke roles of the open review. The last decision finishes the review.

    WHO is EMAIL for all roles of a user, or EMAIL:ROLE for one. A file has the columns `user_id` or
    `email`, `role`, `decision` (KEEP or REVOKE) and `note`; start from the output of `export`.
    Without options, the command asks about each role in turn. Exits with status 1 if a revocation
    is rejected, such as that of the last administrator; the other decisions are saved.
    """
    is_asking = not (keep or revoke or keep_rest or file)
    if is_asking and not sys.stdin.isatty():
        raise click.UsageError(
            "Use --keep, --revoke, --keep-rest or --from. Questions need a terminal."
        )
    if note is not None and not (keep or revoke or keep_rest):
        raise click.UsageError("--note needs --keep, --revoke or --keep-rest.")

    async def work(engine: Engine, viewer: Viewer) -> tuple[AccessReview, list[AccessReviewEntry]]:
        reviews = engine.services.access_reviews
        current = await reviews.find(viewer, None)
        if current is None:
            raise NotFound(f"No review is open. {_START}")
        entries = await _entries(reviews, viewer, current, only_open=False)
        left = [entry for entry in entries if _is_open(entry)]
        if is_asking:
            wanted = interview(left, LONGEST_NOTE)
        else:
            wanted = decisions.named(entries, keep, ReviewDecision.KEEP, note)
            wanted += decisions.named(entries, revoke, ReviewDecision.REVOKE, note)
            wanted += decisions.read(_content(file), entries) if file else []
            _must_be_decided_once(wanted, entries)
        if keep_rest:
            known = {(one.user_id, one.role) for one in wanted}
            wanted += [
                Decision(entry.user_key, entry.role, ReviewDecision.KEEP, note)
                for entry in left
                if (entry.user_key, entry.role) not in known
            ]
        done: list[AccessReviewEntry] = []
        for begin in range(0, len(wanted), MOST_DECISIONS):
            some = wanted[begin : begin + MOST_DECISIONS]
            submitted = await reviews.submit(viewer, current.number, some)
            current = submitted.review
            done += submitted.entries
        return current, done

    current, done = with_engine(context.obj, work)
    data = {**_review_data(current), "entries": [as_data(entry) for entry in done]}
    if as_json or not done:
        show(as_json, data, f"No decisions were made. {_summary(current)}")
    else:
        show(False, data, _entries_table(done, _summary(current)))
    if any(entry.outcome is ReviewOutcome.REFUSED for entry in done):
        sys.exit(FAILED)


@review.command()
@id_option
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "ndjson"]),
    default="csv",
    show_default=True,
    help="Output format.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="File to write to (default: standard output).",
)
@click.pass_context
def export(context: click.Context, number: int | None, kind: str, output: Path | None) -> None:
    """Export every role in a review with its decision."""

    async def work(engine: Engine, viewer: Viewer) -> None:
        found = await _found(engine.services.access_reviews, viewer, number)
        writer = engine.services.review_export
        write = writer.as_csv if kind == "csv" else writer.as_ndjson
        await _write_pages(write(viewer, found.number), output)

    with_engine(context.obj, work)


def _content(file: str) -> str:
    with click.open_file(file, encoding="utf-8", errors="replace") as opened:
        return str(opened.read())


async def _found(reviews: AccessReviews, viewer: Viewer, number: int | None) -> AccessReview:
    if number is None:
        found = next(iter(await reviews.page(viewer, None, 1)), None)
    else:
        found = await reviews.find(viewer, number)
    if found is None:
        raise NotFound(
            f"There is no review yet. {_START}"
            if number is None
            else f"There is no review {number}. List reviews with `aiwebengine maintenance review"
            " list`."
        )
    return found


async def _entries(
    reviews: AccessReviews, viewer: Viewer, found: AccessReview, only_open: bool
) -> list[AccessReviewEntry]:
    entries: list[AccessReviewEntry] = []
    while True:
        after = entries[-1].position if entries else None
        page = await reviews.entries(viewer, found.number, only_open, after, PAGE)
        entries += page[:PAGE]
        if len(page) <= PAGE:
            return entries


def _is_open(entry: AccessReviewEntry) -> bool:
    return entry.outcome in (None, ReviewOutcome.REFUSED)


def _must_be_decided_once(wanted: Sequence[Decision], entries: Sequence[AccessReviewEntry]) -> None:
    """Reject duplicates here, because decisions are submitted in batches. Raises BadUserInput."""
    emails = {(entry.user_key, entry.role): entry.email for entry in entries}
    seen = set()
    for one in wanted:
        key = (one.user_id, one.role)
        if key in seen:
            raise BadUserInput(f"{emails[key]} as {one.role.value} has two decisions; give one.")
        seen.add(key)


def _entries_table(entries: Sequence[AccessReviewEntry], caption: str) -> Table:
    rows = [
        (
            entry.email + ("" if entry.status is UserStatus.ACTIVE else f" ({entry.status.value})"),
            entry.role.value,
            granted(entry),
            instant(entry.last_seen_at) or "never",
            tokens(entry),
            "" if entry.outcome is None else entry.outcome.value,
            entry.detail or entry.note,
        )
        for entry in entries
    ]
    columns = ("User", "Role", "Granted", "Last seen", "Tokens", "Outcome", "Note")
    return table(columns, rows, caption)


async def _write_pages(pages: AsyncIterator[bytes], output: Path | None) -> None:
    if output is None:
        async for page in pages:
            sys.stdout.buffer.write(page)
        return
    # A partial file never appears under the final name.
    unfinished = output.with_name(f"{output.name}.part")
    try:
        with open_private(unfinished) as file:
            async for page in pages:
                file.write(page)
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)


def _summary(one: AccessReview) -> str:
    end = f"finished {instant(one.finished_at)}" if one.finished_at else "open"
    return (
        f"Review {one.id}, started {instant(one.started_at)} by {one.started_by}, {end}:"
        f" {one.left} of {one.total} undecided, {one.kept} kept, {one.revoked} revoked,"
        f" {one.gone} gone."
    )


def _review_data(one: AccessReview) -> dict[str, object]:
    names = "id started_at started_by note finished_at finished_by total kept revoked gone".split()
    return {**{name: getattr(one, name) for name in names}, "open": one.left}
