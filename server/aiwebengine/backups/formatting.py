"""Backups, previews and results as text and JSON for the command line."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

from aiwebengine.backups.types import Backup, BackupSignature, Note, Restored, RestorePreview
from aiwebengine.core.formats import instant
from aiwebengine.core.untrusted_text import on_one_line

SIGNATURES = {
    None: "not checked",
    BackupSignature.VALID: "valid",
    BackupSignature.UNSIGNED: "unsigned",
    BackupSignature.UNKNOWN_KEY: "unknown key",
    BackupSignature.INVALID: "does not match",
}
TRUSTED = (
    "Warning: {name} is accepted even if this engine did not sign it. Its content decides who is an"
    " administrator. Continue only if you trust its source."
)


class ProgressLine:
    """A progress line on a terminal; silent elsewhere, because cron mails all output."""

    def __init__(self, is_quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=is_quiet or not sys.stderr.isatty())
        self._status = self._console.status("Starting")

    def __enter__(self) -> Note:
        if not self._console.quiet:
            self._status.start()
        return self._note

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def _note(self, line: str) -> None:
        self._status.update(Text(on_one_line(line)))


def as_data(one: Backup) -> dict[str, object]:
    """A backup as JSON data."""
    return {
        "name": one.name,
        "created_at": one.created_at,
        "size_bytes": one.size_bytes,
        "state": one.state.value,
        "problem": one.problem,
        "locations": [place.value for place in one.locations],
        "parts": [
            {"name": part.name, "size_bytes": part.size_bytes, "sha256": part.sha256}
            for part in one.parts
        ],
        "row_counts": {rows.table: rows.rows for rows in one.row_counts},
        "program_version": one.program_version,
        "database_version": one.database_version,
        "audit_event_id": one.audit_event_id,
        "has_secrets": one.has_secrets,
        "signature": one.signature.value if one.signature else None,
        "verified_at": one.verified_at,
        "drilled_at": one.drilled_at,
    }


def preview_lines(one: RestorePreview) -> list[str]:
    """The effect of a restore as lines of text."""
    lines = [f"{one.name}: data from {instant(one.taken_at)}."]
    if one.pending_migrations:
        lines.append(f"Migrations to apply after the restore: {len(one.pending_migrations)}.")
    undone = one.undone
    if undone is None:
        lines.append(
            "The database does not respond, so the changes that would be undone are unknown."
        )
        return lines
    more = "more than " if undone.is_more else ""
    lines.append(
        f"Audit events since then: {more}{undone.events}. Removals that stay in force:"
        f" {undone.removals}. Changes that would be undone: {more}{undone.changes}."
    )
    if not one.has_same_history:
        lines.append("The backup comes from a different database, so events are compared by time.")
    for person in undone.people:
        newest = person.newest[0]
        lines.append(
            f"  {on_one_line(person.label)}: {person.changes}, most recently {newest.action.value}"
            f" {on_one_line(newest.target_label)} at {instant(newest.at)}"
        )
    if undone.other_people:
        lines.append(f"  and {undone.other_people} more people")
    return lines


def restored_as_data(one: Restored) -> dict[str, object]:
    """The result of a restore as JSON data."""
    return {
        "name": one.backup_name,
        "safety_backup": one.safety_backup,
        "kept_database": one.kept_database,
        **one.carried.details,
        "rows": one.rows,
        "seconds": one.seconds,
        "undone": None if one.undone is None else one.undone.details,
        "access_review": one.access_review,
        "left_out": one.left_out,
        "not_restored": one.not_restored,
    }


def restored_lines(one: Restored, beginning: str) -> list[str]:
    """The result of a restore as lines of text."""
    lines = [beginning]
    if one.seconds is not None:
        rows = "" if one.rows is None else f", {one.rows} rows"
        lines[0] += f" It took {one.seconds} s{rows}."
    if one.safety_backup:
        lines.append(f"Safety backup: {one.safety_backup}")
    if one.kept_database:
        lines.append(
            f"The old database is kept as {one.kept_database}. To switch back, run"
            f" `aiwebengine backup undo-restore {one.kept_database}`."
        )
    if one.undone is not None:
        more = "more than " if one.undone.is_more else ""
        lines.append(f"Changes undone: {more}{one.undone.changes}")
    if one.left_out:
        lines.append(f"Skipped (not tables of the engine): {', '.join(one.left_out)}.")
    if one.not_restored:
        lines.append(
            "Not restored, because the engine did not create them; recreate them if you need them:"
        )
        lines += [f"  {entry}" for entry in one.not_restored]
    lines += one.carried.lines
    lines.append(
        f"Access review {one.access_review} is open. See `aiwebengine maintenance review show`."
    )
    return lines
