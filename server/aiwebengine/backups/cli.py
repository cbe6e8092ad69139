"""The commands `aiwebengine backup …`."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import psycopg

from aiwebengine.backups.create import Secrets
from aiwebengine.backups.formatting import (
    SIGNATURES,
    TRUSTED,
    ProgressLine,
    as_data,
    preview_lines,
    restored_as_data,
    restored_lines,
)
from aiwebengine.backups.offline import with_or_without_database
from aiwebengine.backups.sealing import seal, unseal
from aiwebengine.backups.secrets_cli import passphrase_of, passphrase_option, secrets
from aiwebengine.backups.service import CONFIRMED, Backups
from aiwebengine.backups.signing import KEY_FILE
from aiwebengine.backups.types import (
    Backup,
    BackupRun,
    BackupRunState,
    BackupState,
    Note,
    Pruned,
    Restored,
)
from aiwebengine.backups.undo_cli import undo_restore
from aiwebengine.core.config_loader import DEFAULT_FILE, FILE_VARIABLE
from aiwebengine.core.errors import Conflict, NotFound
from aiwebengine.core.formats import instant, size
from aiwebengine.core.identity import Viewer
from aiwebengine.terminal.commands import (
    FAILED,
    configuration,
    confirm,
    json_option,
    say,
    show,
    table,
    with_engine,
)

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

trust_option = click.option(
    "--trust-unsigned",
    is_flag=True,
    help="Accept an archive that this engine did not sign. Use it only for archives you trust:"
    " their content decides who is an administrator.",
)


@click.group()
def backup() -> None:
    """Create, verify, restore and delete backups."""


backup.add_command(undo_restore)
backup.add_command(secrets)
backup.add_command(seal)
backup.add_command(unseal)


@backup.command()
@click.option("--note", help="Note to store in the archive.")
@click.option(
    "--include-secrets",
    is_flag=True,
    help="Include the configuration file, .env and APP_ variables, encrypted with a passphrase.",
)
@passphrase_option
@json_option
@click.pass_context
def create(
    context: click.Context,
    note: str | None,
    include_secrets: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Create a backup.

    Contains the database, the configuration (without secrets) and the newest logs.
    """
    secrets = None
    if include_secrets:
        named = context.obj or Path(os.environ.get(FILE_VARIABLE) or DEFAULT_FILE)
        config = configuration(context.obj)
        key_file = config.repository.data_dir / KEY_FILE
        secrets = Secrets(passphrase_of(passphrase_file), (named, Path(".env"), key_file))
        if not secrets.content():
            raise click.UsageError(
                "--include-secrets: found no config.toml, .env or APP_ variable to include."
            )

    async def work(engine: Engine, viewer: Viewer) -> Backup:
        with ProgressLine(as_json) as progress:
            return await engine.services.backups.create(viewer, progress, secrets=secrets, why=note)

    created = with_engine(context.obj, work)
    show(as_json, as_data(created), f"{created.name} ({size(created.size_bytes)})")


@backup.command("list")
@json_option
@click.pass_context
def list_backups(context: click.Context, as_json: bool) -> None:
    """List backups, newest first. Works without the database."""

    async def work(engine: Engine, viewer: Viewer) -> tuple[list[Backup], str | None, list[str]]:
        service = engine.services.backups
        found, unavailable = await service.all(viewer), await service.remote_trouble(viewer)
        return found, unavailable, service.ignored(viewer)

    found, unavailable, ignored = with_or_without_database(context.obj, work)
    if unavailable is not None:
        say(unavailable, err=True)
    for name in ignored:
        say(f"Ignored: {name} is not a backup archive of this engine.", err=True)
    rows = [
        (
            one.name,
            size(one.size_bytes),
            one.state.value,
            SIGNATURES[one.signature],
            ", ".join(place.value for place in one.locations),
            instant(one.verified_at) if one.verified_at else "never",
            instant(one.drilled_at) if one.drilled_at else "never",
            one.problem or "",
        )
        for one in found
    ]
    columns = (
        "Name",
        "Size",
        "State",
        "Signature",
        "Location",
        "Verified",
        "Last drill",
        "Problem",
    )
    listing = table(columns, rows)
    # Names are copied from this list, so they are never truncated.
    listing.columns[0].min_width = max((len(one.name) for one in found), default=0)
    show(as_json, [as_data(one) for one in found], listing)


@backup.command()
@click.argument("name")
@trust_option
@json_option
@click.pass_context
def verify(context: click.Context, name: str, trust_unsigned: bool, as_json: bool) -> None:
    """Verify the signature and every checksum of the backup NAME.

    Reads the whole archive and compares each file with the signed manifest. Exits with status 1
    if the backup is damaged or was not signed by this engine. Works without the database.
    """

    async def work(engine: Engine, viewer: Viewer) -> Backup:
        with ProgressLine(as_json) as progress:
            return await engine.services.backups.verify(
                viewer, name, progress, trust_unsigned=trust_unsigned
            )

    checked = with_or_without_database(context.obj, work)
    is_good = checked.state is not BackupState.DAMAGED
    text = f"{name} is intact." if is_good else f"{name} is damaged: {checked.problem}"
    text += f" Signature: {SIGNATURES[checked.signature]}."
    show(as_json, as_data(checked), text)
    if not is_good:
        sys.exit(FAILED)


@backup.command()
@click.argument("name")
@click.option(
    "--into",
    metavar="DATABASE_URL",
    help="Restore into this empty database instead of replacing the current one.",
)
@click.option("--no-backup", is_flag=True, help="Skip the safety backup.")
@click.option("--drop-old", is_flag=True, help="Drop the old database after the restore.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@trust_option
@json_option
@click.pass_context
def restore(
    context: click.Context,
    name: str,
    into: str | None,
    no_backup: bool,
    drop_old: bool,
    yes: bool,
    trust_unsigned: bool,
    as_json: bool,
) -> None:
    """Replace the database with the backup NAME.

    Restores the backup into a second database, checks it, and swaps the two in one step. Until
    then, and if anything fails, the old database stays in use. Running engines switch to the
    restored database without a restart. The old database is kept under another name unless
    --drop-old is given.
    """
    if trust_unsigned:
        say(TRUSTED.format(name=name), err=True)
    if into is not None:
        _restore_into(context, name, into, trust_unsigned, as_json)
        return

    async def ask(engine: Engine, viewer: Viewer) -> None:
        backups = engine.services.backups
        if name not in {one.name for one in await backups.all(viewer)}:
            unavailable = await backups.remote_trouble(viewer)
            raise NotFound(
                unavailable
                or f"There is no backup {name}. List backups with `aiwebengine backup list`."
            )
        with suppress(NotFound):
            preview = await backups.restore_preview(viewer, name)
            for line in preview_lines(preview):
                say(line, err=True)
        if yes:
            return
        say(f"This replaces the database with the one in {name}.", err=True)
        typed = click.prompt("Type restore to continue", err=True)
        if not sys.stdin.isatty():
            # Piped input adds no line break after the prompt.
            say("", err=True)
        if typed not in (CONFIRMED, name):
            raise Conflict(f"Expected {CONFIRMED!r}; found {typed[:80]!r}. Nothing was changed.")

    async def work(engine: Engine, viewer: Viewer) -> Restored:
        with ProgressLine(as_json) as progress:
            return await engine.services.backups.restore(
                viewer,
                name,
                progress,
                with_safety_backup=not no_backup,
                drop_old=drop_old,
                trust_unsigned=trust_unsigned,
            )

    done = with_or_without_database(context.obj, work, ask, creates=True)
    show(as_json, restored_as_data(done), restored_lines(done, f"{name} is restored."))


@backup.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_context
def delete(context: click.Context, name: str, yes: bool, as_json: bool) -> None:
    """Delete the backup NAME, locally and from S3. The only good backup can't be deleted."""
    confirm(f"Permanently delete {name}?", yes)

    async def work(engine: Engine, viewer: Viewer) -> Backup:
        return await engine.services.backups.delete(viewer, name)

    show(as_json, as_data(with_engine(context.obj, work)), f"{name} is deleted.")


@backup.command()
@click.option("--dry-run", is_flag=True, help="List what would be removed, and remove nothing.")
@json_option
@click.pass_context
def prune(context: click.Context, dry_run: bool, as_json: bool) -> None:
    """Remove backups that the retention rules no longer keep. Keeps the newest good one."""

    async def work(engine: Engine, viewer: Viewer) -> Pruned:
        return await engine.services.backups.prune(viewer, dry_run=dry_run)

    done = with_engine(context.obj, work)
    names = [*done.local, *(f"{name} (S3)" for name in done.remote), *done.databases]
    data = {"local": done.local, "remote": done.remote, "databases": done.databases}
    removed = [name for name in names if name.removesuffix(" (S3)") not in done.failed]
    show(
        as_json,
        {"dry_run": dry_run, **data, "failed": done.failed},
        removed or ([] if done.failed else "Nothing to remove."),
    )
    for name, reason in done.failed.items():
        say(f"Error: {name}: {reason}", err=True)
    if done.failed:
        sys.exit(FAILED)


@backup.command()
@click.option("--name", default="newest", show_default=True, help="Name of the backup to test.")
@trust_option
@json_option
@click.pass_context
def drill(context: click.Context, name: str, trust_unsigned: bool, as_json: bool) -> None:
    """Test that a backup can be restored.

    Restores it into a scratch database, checks the data and drops the database. Exits with status 1
    if the drill fails. Without --name, backups that this engine did not sign
    are skipped.
    """
    if trust_unsigned:
        say(TRUSTED.format(name=name), err=True)

    async def work(engine: Engine, viewer: Viewer) -> BackupRun:
        with ProgressLine(as_json) as progress:
            return await engine.services.backups.drill(
                viewer, progress, name, trust_unsigned=trust_unsigned
            )

    done = with_engine(context.obj, work)
    is_good = done.state is BackupRunState.SUCCEEDED
    details: dict[str, Any] = done.details or {}  # type: ignore[assignment]
    lines = [
        f"{'ok  ' if check['ok'] else 'FAIL'} {check['name']}: {check['told']}"
        for check in details.get("checks", [])
    ]
    lines.append(
        f"{done.backup_name} passed the restore drill ({details.get('seconds')} s)."
        if is_good
        else f"{done.backup_name} failed the restore drill: {done.problem}"
    )
    data = {"name": done.backup_name, "ok": is_good, "problem": done.problem, **details}
    show(as_json, data, lines)
    if not is_good:
        sys.exit(FAILED)


def _transfer(
    context: click.Context,
    name: str,
    as_json: bool,
    operation: Callable[[Backups], Callable[[Viewer, str, Note], Awaitable[Backup]]],
    message: str,
) -> None:
    async def work(engine: Engine, viewer: Viewer) -> Backup:
        with ProgressLine(as_json) as progress:
            return await operation(engine.services.backups)(viewer, name, progress)

    show(as_json, as_data(with_or_without_database(context.obj, work)), message)


@backup.command()
@click.argument("name")
@json_option
@click.pass_context
def upload(context: click.Context, name: str, as_json: bool) -> None:
    """Upload the backup NAME to S3."""
    _transfer(context, name, as_json, lambda backups: backups.upload, f"Uploaded {name}.")


@backup.command()
@click.argument("name")
@json_option
@click.pass_context
def download(context: click.Context, name: str, as_json: bool) -> None:
    """Download the backup NAME from S3."""
    _transfer(context, name, as_json, lambda backups: backups.download, f"Downloaded {name}.")


def _restore_into(
    context: click.Context, name: str, url: str, trust_unsigned: bool, as_json: bool
) -> None:
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise click.BadParameter(f"--into is not a PostgreSQL URL: {error}") from None

    async def work(engine: Engine, viewer: Viewer) -> Restored:
        with ProgressLine(as_json) as progress:
            return await engine.services.backups.restore_into(
                viewer, name, url, progress, trust_unsigned=trust_unsigned
            )

    done = with_or_without_database(context.obj, work)
    lines = restored_lines(done, f"Restored {name} into the other database.")
    show(as_json, restored_as_data(done), lines)
