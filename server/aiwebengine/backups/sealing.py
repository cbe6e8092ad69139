"""The commands `aiwebengine backup seal` and `unseal`, used by `maintenance/backup-system.sh`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from aiwebengine.backups.sealed import PIECE, checked_passphrase, opened, sealed
from aiwebengine.terminal.commands import FAILED, errors_reported, say

_LONGEST_PASSPHRASE = 1_024

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the passphrase (default: the first line of standard input).",
)


@click.command()
@passphrase_option
def seal(passphrase_file: Path | None) -> None:
    """Encrypt standard input to standard output.

    Uses a passphrase (scrypt, AES-256-GCM). Needs no database and no configuration.
    """
    _pipe(sealed, passphrase_file)


@click.command()
@passphrase_option
def unseal(passphrase_file: Path | None) -> None:
    """Decrypt the output of `backup seal`.

    Reads standard input and writes to standard output. Exits with status 1 if the passphrase is
    wrong or the input was changed or truncated. Use the output only if the exit status is 0.
    """
    _pipe(opened, passphrase_file)


def _pipe(
    work: Callable[[str, Iterable[bytes]], Iterator[bytes]], passphrase_file: Path | None
) -> None:
    source, target = sys.stdin.buffer, sys.stdout.buffer
    with errors_reported():
        text = (
            passphrase_file.read_text()
            if passphrase_file
            else source.readline(_LONGEST_PASSPHRASE).decode(errors="replace")
        )
        passphrase = checked_passphrase(text)
        try:
            for piece in work(passphrase, _pieces(source)):
                target.write(piece)
            target.flush()
        except OSError as error:
            say(f"Error: Can't write the output: {error.strerror}.", err=True)
            sys.exit(FAILED)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece
