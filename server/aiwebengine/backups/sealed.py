"""Secrets under a passphrase: scrypt makes the key, AES-256-GCM seals piece after piece.

Each piece's nonce holds its number and whether it is the last, so that pieces can't be swapped,
left out or cut off unnoticed (the construction STREAM, https://eprint.iacr.org/2015/189).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator

from aiwebengine.core.errors import BadUserInput

_MAGIC = b"aiwebengine sealed 1\n"
_SALT, _PREFIX, _TAG = 16, 7, 16
PIECE = 1 << 16
# 128 MiB and about half a second for each guess.
_COST = 2**17
SHORTEST_PASSPHRASE = 12


class WrongPassphrase(BadUserInput):
    """The passphrase is another one, or the file was changed."""


def checked_passphrase(text: str) -> str:
    """The passphrase without the end of its line. Raises BadUserInput when it is too short."""
    passphrase = text.rstrip("\r\n")
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BadUserInput(f"The passphrase needs at least {SHORTEST_PASSPHRASE} characters.")
    return passphrase


def sealed(passphrase: str, content: Iterable[bytes]) -> Iterator[bytes]:
    """The content, encrypted, in pieces."""
    # Here and below imported in use: it takes 9 MB of every worker, and few seal anything.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, prefix = os.urandom(_SALT), os.urandom(_PREFIX)
    cipher = AESGCM(_key(passphrase, salt))
    yield _MAGIC + salt + prefix
    for number, (piece, is_last) in enumerate(_cut(content, PIECE)):
        yield cipher.encrypt(_nonce(prefix, number, is_last), piece, None)


def opened(passphrase: str, content: Iterable[bytes]) -> Iterator[bytes]:
    """What `sealed` was given. Raises WrongPassphrase."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    whole = iter(_cut(content, PIECE + _TAG, first=len(_MAGIC) + _SALT + _PREFIX))
    head, _ = next(whole, (b"", True))
    if not head.startswith(_MAGIC) or len(head) != len(_MAGIC) + _SALT + _PREFIX:
        raise WrongPassphrase("This file was not sealed by aiwebengine.")
    salt, prefix = head[len(_MAGIC) : -_PREFIX], head[-_PREFIX:]
    cipher, ended = AESGCM(_key(passphrase, salt)), False
    for number, (piece, is_last) in enumerate(whole):
        try:
            yield cipher.decrypt(_nonce(prefix, number, is_last), piece, None)
        except InvalidTag:
            raise WrongPassphrase("The passphrase is wrong, or the file was changed.") from None
        ended = is_last
    if not ended:
        raise WrongPassphrase("The file is cut off.")


def _key(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(passphrase.encode())


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    return prefix + struct.pack(">I?", number, is_last)


def _cut(content: Iterable[bytes], size: int, first: int = 0) -> Iterator[tuple[bytes, bool]]:
    """Pieces of *size* bytes (after one of *first*, if any), each with whether it is the last."""
    kept, wanted = b"", first or size
    for piece in content:
        kept += piece
        # One byte more must be there: only then another piece follows.
        while len(kept) > wanted:
            yield kept[:wanted], False
            kept, wanted = kept[wanted:], size
    yield kept, True
