"""Encrypts content with a passphrase: scrypt derives the key, AES-256-GCM encrypts each piece.

The nonce of a piece contains its number and whether it is the last, so that swapped, missing or
truncated pieces are detected (STREAM, https://eprint.iacr.org/2015/189).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator

from aiwebengine.core.errors import BadUserInput

_MAGIC = b"aiwebengine sealed 1\n"
_SALT, _PREFIX, _TAG = 16, 7, 16
PIECE = 1 << 16
# 128 MiB and about half a second per guess.
_COST = 2**17
MIN_PASSPHRASE_LENGTH = 12


class WrongPassphrase(BadUserInput):
    """The passphrase is wrong, or the content was changed."""


def checked_passphrase(text: str) -> str:
    """The passphrase without its line break. Raises BadUserInput if it is too short."""
    passphrase = text.rstrip("\r\n")
    if len(passphrase) < MIN_PASSPHRASE_LENGTH:
        raise BadUserInput(
            f"The passphrase needs at least {MIN_PASSPHRASE_LENGTH} characters; found"
            f" {len(passphrase)}."
        )
    return passphrase


def sealed(passphrase: str, content: Iterable[bytes]) -> Iterator[bytes]:
    """Encrypt *content* in pieces."""
    # Imported here because it takes 9 MB in every worker and is rarely used.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, prefix = os.urandom(_SALT), os.urandom(_PREFIX)
    cipher = AESGCM(_key(passphrase, salt))
    yield _MAGIC + salt + prefix
    for number, (piece, is_last) in enumerate(_cut(content, PIECE)):
        yield cipher.encrypt(_nonce(prefix, number, is_last), piece, None)


def opened(passphrase: str, content: Iterable[bytes]) -> Iterator[bytes]:
    """Decrypt the output of `sealed`. Raises WrongPassphrase."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    whole = iter(_cut(content, PIECE + _TAG, first=len(_MAGIC) + _SALT + _PREFIX))
    head, _ = next(whole, (b"", True))
    if not head.startswith(_MAGIC) or len(head) != len(_MAGIC) + _SALT + _PREFIX:
        raise WrongPassphrase("The input was not encrypted by aiwebengine.")
    salt, prefix = head[len(_MAGIC) : -_PREFIX], head[-_PREFIX:]
    cipher, ended = AESGCM(_key(passphrase, salt)), False
    for number, (piece, is_last) in enumerate(whole):
        try:
            yield cipher.decrypt(_nonce(prefix, number, is_last), piece, None)
        except InvalidTag:
            raise WrongPassphrase("The passphrase is wrong, or the input was changed.") from None
        ended = is_last
    if not ended:
        raise WrongPassphrase("The input is truncated.")


def _key(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(passphrase.encode())


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    return prefix + struct.pack(">I?", number, is_last)


def _cut(content: Iterable[bytes], size: int, first: int = 0) -> Iterator[tuple[bytes, bool]]:
    """Pieces of *size* bytes, after one of *first*, each with whether it is the last."""
    kept, wanted = b"", first or size
    for piece in content:
        kept += piece
        # Only with one more byte does another piece follow.
        while len(kept) > wanted:
            yield kept[:wanted], False
            kept, wanted = kept[wanted:], size
    yield kept, True
