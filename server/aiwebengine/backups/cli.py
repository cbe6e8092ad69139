"""The command-line door of this room."""

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
    Told,
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
    json_option,
    must_be_sure,
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
    help="Accept an archive that this engine did not sign. Only if you know where it comes from:"
    " whoever made it decides who is administrator.",
)


@click.group()
def backup() -> None:
    """Make, check, restore and clear away backups."""


backup.add_command(undo_restore)
backup.add_command(secrets)
backup.add_command(seal)
backup.add_command(unseal)


@backup.command()
@click.option("--note", help="A line that the archive keeps.")
@click.option(
    "--include-secrets",
    is_flag=True,
    help="Also the real configuration file, .env and APP_ variables, under a passphrase.",
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
    """Make a backup: database, configuration (without secrets), newest logs."""
    secrets = None
    if include_secrets:
        named = context.obj or Path(os.environ.get(FILE_VARIABLE) or DEFAULT_FILE)
        config = configuration(context.obj)
        key_file = config.repository.data_dir / KEY_FILE
        secrets = Secrets(passphrase_of(passphrase_file), (named, Path(".env"), key_file))
        if not secrets.content():
            raise click.UsageError("--include-secrets: there is no config.toml, .env or APP_…")

    async def work(engine: Engine, viewer: Viewer) -> Backup:
        with Told(as_json) as told:
            return await engine.services.backups.create(viewer, told, secrets=secrets, why=note)

    made = with_engine(context.obj, work)
    show(as_json, as_data(made), f"{made.name} ({size(made.size_bytes)})")


@backup.command("list")
@json_option
@click.pass_context
def list_backups(context: click.Context, as_json: bool) -> None:
    """List backups, newest first. Works without the database, too."""

    async def work(engine: Engine, viewer: Viewer) -> tuple[list[Backup], str | None, list[str]]:
        service = engine.services.backups
        found, trouble = await service.all(viewer), await service.remote_trouble(viewer)
        return found, trouble, service.ignored(viewer)

    found, trouble, ignored = with_or_without_database(context.obj, work)
    if trouble is not None:
        say(trouble, err=True)
    for name in ignored:
        say(f"Ignored: {name} is not an archive of the engine.", err=True)
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
    columns = ("Name", "Size", "State", "Signature", "Where", "Verified", "Last drill", "")
    shown = table(columns, rows)
    # A name is for copying: it is never cut.
    shown.columns[0].min_width = max((len(one.name) for one in found), default=0)
    show(as_json, [as_data(one) for one in found], shown)


@backup.command()
@click.argument("name")
@trust_option
@json_option
@click.pass_context
def verify(context: click.Context, name: str, trust_unsigned: bool, as_json: bool) -> None:
    """Check the signature of the backup NAME, and read it to its end.

    Every file is compared with the signed manifest. Exits with status 1 when the backup is damaged
    or not signed by this engine. Works without the database, too.
    """

    async def work(engine: Engine, viewer: Viewer) -> Backup:
        with Told(as_json) as told:
            return await engine.services.backups.verify(
                viewer, name, told, trust_unsigned=trust_unsigned
            )

    checked = with_or_without_database(context.obj, work)
    is_good = checked.state is not BackupState.DAMAGED
    text = f"{name} is whole." if is_good else f"{name} is damaged: {checked.problem}"
    text += f" Signature: {SIGNATURES[checked.signature]}."
    show(as_json, as_data(checked), text)
    if not is_good:
        sys.exit(FAILED)


@backup.command()
@click.argument("name")
@click.option("--into", metavar="DATABASE_URL", help="Restore into this empty database instead.")
@click.option("--no-backup", is_flag=True, help="Make no safety backup first.")
@click.option("--drop-old", is_flag=True, help="Drop the old database afterwards.")
@click.option("--yes", is_flag=True, help="Do not ask.")
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
    """Put the backup NAME in the place of the database.

    It is restored beside the old database, checked, and takes its name in one step; until then,
    and if anything fails, the old one serves. Engines that run go on with the restored one by
    themselves. The old database is kept under another name unless --drop-old is given.
    """
    if trust_unsigned:
        say(TRUSTED.format(name=name), err=True)
    if into is not None:
        _restore_into(context, name, into, trust_unsigned, as_json)
        return

    async def ask(engine: Engine, viewer: Viewer) -> None:
        backups = engine.services.backups
        if name not in {one.name for one in await backups.all(viewer)}:
            trouble = await backups.remote_trouble(viewer)
            raise NotFound(trouble or f"There is no backup {name}. See `aiwebengine backup list`.")
        with suppress(NotFound):
            ahead = await backups.restore_preview(viewer, name)
            for line in preview_lines(ahead):
                say(line, err=True)
        if yes:
            return
        say(f"The database will be replaced by the one in {name}.", err=True)
        typed = click.prompt("Type restore to continue", err=True)
        if not sys.stdin.isatty():
            # Nobody has pressed Enter after the question.
            say("", err=True)
        if typed not in (CONFIRMED, name):
            raise Conflict(f"You typed {typed[:80]!r}, not {CONFIRMED}. Nothing was changed.")

    async def work(engine: Engine, viewer: Viewer) -> Restored:
        with Told(as_json) as told:
            return await engine.services.backups.restore(
                viewer,
                name,
                told,
                with_safety_backup=not no_backup,
                drop_old=drop_old,
                trust_unsigned=trust_unsigned,
            )

    done = with_or_without_database(context.obj, work, ask, creates=True)
    show(as_json, restored_as_data(done), restored_lines(done, f"{name} is restored."))


@backup.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def delete(context: click.Context, name: str, yes: bool, as_json: bool) -> None:
    """Delete the backup NAME, here and in the S3 storage. Never the only good one."""
    must_be_sure(f"Delete {name} for good?", yes)

    async def work(engine: Engine, viewer: Viewer) -> Backup:
        return await engine.services.backups.delete(viewer, name)

    show(as_json, as_data(with_engine(context.obj, work)), f"{name} is deleted.")


@backup.command()
@click.option("--dry-run", is_flag=True, help="Only tell what would be removed.")
@json_option
@click.pass_context
def prune(context: click.Context, dry_run: bool, as_json: bool) -> None:
    """Remove the backups that the configured rules do not keep. Never the newest good one."""

    async def work(engine: Engine, viewer: Viewer) -> Pruned:
        return await engine.services.backups.prune(viewer, dry_run=dry_run)

    done = with_engine(context.obj, work)
    names = [*done.local, *(f"{name} (S3)" for name in done.remote), *done.databases]
    told = {"local": done.local, "remote": done.remote, "databases": done.databases}
    removed = [name for name in names if name.removesuffix(" (S3)") not in done.failed]
    show(
        as_json,
        {"dry_run": dry_run, **told, "failed": done.failed},
        removed or ([] if done.failed else "Nothing to remove."),
    )
    for name, reason in done.failed.items():
        say(f"Error: {name}: {reason}", err=True)
    if done.failed:
        sys.exit(FAILED)


@backup.command()
@click.option("--name", default="newest", show_default=True, help="Which backup.")
@trust_option
@json_option
@click.pass_context
def drill(context: click.Context, name: str, trust_unsigned: bool, as_json: bool) -> None:
    """Prove that a backup can be restored: into a scratch database, checked, dropped.

    Exits with status 1 when it can't. Without --name, backups that this engine did not sign are
    skipped.
    """
    if trust_unsigned:
        say(TRUSTED.format(name=name), err=True)

    async def work(engine: Engine, viewer: Viewer) -> BackupRun:
        with Told(as_json) as told:
            return await engine.services.backups.drill(
                viewer, told, name, trust_unsigned=trust_unsigned
            )

    done = with_engine(context.obj, work)
    is_good = done.state is BackupRunState.SUCCEEDED
    details: dict[str, Any] = done.details or {}  # type: ignore[assignment]
    lines = [
        f"{'ok  ' if check['ok'] else 'FAIL'} {check['name']}: {check['told']}"
        for check in details.get("checks", [])
    ]
    lines.append(
        f"{done.backup_name} can be restored ({details.get('seconds')} s)."
        if is_good
        else f"{done.backup_name} failed the drill: {done.problem}"
    )
    told = {"name": done.backup_name, "ok": is_good, "problem": done.problem, **details}
    show(as_json, told, lines)
    if not is_good:
        sys.exit(FAILED)


def _carry(
    context: click.Context,
    name: str,
    as_json: bool,
    verb: Callable[[Backups], Callable[[Viewer, str, Note], Awaitable[Backup]]],
    said: str,
) -> None:
    async def work(engine: Engine, viewer: Viewer) -> Backup:
        with Told(as_json) as told:
            return await verb(engine.services.backups)(viewer, name, told)

    show(as_json, as_data(with_or_without_database(context.obj, work)), said)


@backup.command()
@click.argument("name")
@json_option
@click.pass_context
def upload(context: click.Context, name: str, as_json: bool) -> None:
    """Copy the backup NAME to the S3 storage."""
    _carry(context, name, as_json, lambda backups: backups.upload, f"{name} is copied.")


@backup.command()
@click.argument("name")
@json_option
@click.pass_context
def download(context: click.Context, name: str, as_json: bool) -> None:
    """Fetch the backup NAME from the S3 storage."""
    _carry(context, name, as_json, lambda backups: backups.download, f"{name} is here.")


def _restore_into(
    context: click.Context, name: str, url: str, trust_unsigned: bool, as_json: bool
) -> None:
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise click.BadParameter(f"--into: {error}") from None

    async def work(engine: Engine, viewer: Viewer) -> Restored:
        with Told(as_json) as told:
            return await engine.services.backups.restore_into(
                viewer, name, url, told, trust_unsigned=trust_unsigned
            )

    done = with_or_without_database(context.obj, work)
    lines = restored_lines(done, f"{name} is restored there.")
    show(as_json, restored_as_data(done), lines)
