"""Encrypts files under a passphrase at the command line: for `maintenance/backup-system.sh`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from aiwebengine.backups.sealed import PIECE, checked_passphrase, opened, sealed
from aiwebengine.terminal.commands import FAILED, refusals_printed, say

_LONGEST_PASSPHRASE = 1_024

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the passphrase; default: the first line of standard input.",
)


@click.command()
@passphrase_option
def seal(passphrase_file: Path | None) -> None:
    """Encrypt standard input to standard output (scrypt, AES-256-GCM).

    Needs no database and no configuration.
    """
    _through(sealed, passphrase_file)


@click.command()
@passphrase_option
def unseal(passphrase_file: Path | None) -> None:
    """Decrypt to standard output what `backup seal` wrote.

    Exits with status 1 when the passphrase is wrong, or the input was changed or cut off; use what
    was written only when the status is 0.
    """
    _through(opened, passphrase_file)


def _through(
    work: Callable[[str, Iterable[bytes]], Iterator[bytes]], passphrase_file: Path | None
) -> None:
    given, result = sys.stdin.buffer, sys.stdout.buffer
    with refusals_printed():
        text = (
            passphrase_file.read_text()
            if passphrase_file
            else given.readline(_LONGEST_PASSPHRASE).decode(errors="replace")
        )
        passphrase = checked_passphrase(text)
        try:
            for piece in work(passphrase, _pieces(given)):
                result.write(piece)
            result.flush()
        except OSError as error:
            say(f"Error: the output can't be written: {error.strerror}.", err=True)
            sys.exit(FAILED)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece
