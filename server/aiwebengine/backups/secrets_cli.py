"""The command `aiwebengine backup secrets`, and the option that reads a passphrase."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiwebengine.backups import archive
from aiwebengine.backups.offline import with_or_without_database
from aiwebengine.backups.sealed import checked_passphrase, opened
from aiwebengine.core.identity import Viewer
from aiwebengine.terminal.commands import FAILED, errors_reported, say

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

PASSPHRASE_VARIABLE = "AIWEBENGINE_BACKUP_PASSPHRASE"  # noqa: S105 - a name, not a secret

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"File with the passphrase (default: the variable {PASSPHRASE_VARIABLE}).",
)


@click.command()
@click.argument("name")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("secrets"),
    show_default=True,
    help="Directory to write to.",
)
@passphrase_option
@click.pass_context
def secrets(context: click.Context, name: str, output: Path, passphrase_file: Path | None) -> None:
    """Decrypt the configuration stored in the backup NAME."""
    passphrase = passphrase_of(passphrase_file)

    async def work(engine: Engine, viewer: Viewer) -> None:
        path = engine.services.backups.path(viewer, name)
        for part in engine.services.backups.secrets_of(viewer, name):
            # Authenticated encryption: without the passphrase nobody could have changed them.
            content = b"".join(opened(passphrase, archive.pieces(path, part)))
            target = output / Path(part).name.removesuffix(".sealed")
            await asyncio.to_thread(_write_privately, target, content)
            click.echo(str(target))

    try:
        with_or_without_database(context.obj, work)
    except FileExistsError as error:
        say(
            f"Error: {error.filename} already exists. Remove it, or choose another --output.",
            err=True,
        )
        sys.exit(FAILED)


def _write_privately(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)


def passphrase_of(file: Path | None) -> str:
    """The passphrase in *file* or in the environment. Raises UsageError without either."""
    text = file.read_text() if file else os.environ.get(PASSPHRASE_VARIABLE)
    if text is None:
        raise click.UsageError(
            f"A passphrase is required: use --passphrase-file or set {PASSPHRASE_VARIABLE}."
        )
    with errors_reported():
        return checked_passphrase(text)
