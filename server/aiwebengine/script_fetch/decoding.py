"""Decompresses bodies up to a size, whatever they would expand to."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

import brotli

from aiwebengine.script_fetch.types import FetchFailed

ACCEPTED = "gzip, br"
"""The value of Accept-Encoding."""
MOST_CODINGS = 2
"""That one body may have on top of each other."""
PIECE_BYTES = 65_536


class TooLarge(FetchFailed):
    """The body is larger than allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body of the answer is larger than {limit:,} bytes.")


class Decoder(Protocol):
    """Removes one coding."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What *data* expands to, in pieces of some PIECE_BYTES. Raises FetchFailed."""


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while True:
            try:
                piece = self._inner.decompress(data, PIECE_BYTES)
            except zlib.error:
                raise FetchFailed("The body of the answer is not in gzip as it says.") from None
            yield piece
            if self._inner.eof:
                # A file may consist of several, one after another (RFC 1952 section 2.2).
                data = self._inner.unused_data
                self._inner = zlib.decompressobj(16 + zlib.MAX_WBITS)
            else:
                data = self._inner.unconsumed_tail
            # A full piece may have left something inside, even if all input is used up.
            if not data and len(piece) < PIECE_BYTES:
                return


class _Brotli:
    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        try:
            piece = self._inner.process(data, output_buffer_limit=PIECE_BYTES)
            # It accepts more input also while it still has output (google/brotli#1234).
            while piece:
                yield piece
                if self._inner.is_finished():
                    return
                piece = self._inner.process(b"", output_buffer_limit=PIECE_BYTES)
        except brotli.error:
            raise FetchFailed("The body of the answer is not in Brotli as it says.") from None


_DECODERS: dict[str, type[_Gzip] | type[_Brotli]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "br": _Brotli,
}


def decoders_for(codings: str) -> list[Decoder]:
    """Those that undo a Content-Encoding, in order; none for a coding that was not asked for."""
    names = [name.strip().lower() for name in codings.split(",") if name.strip()]
    names = [name for name in names if name != "identity"]
    if len(names) > MOST_CODINGS or not all(name in _DECODERS for name in names):
        return []
    return [_DECODERS[name]() for name in reversed(names)]


def decoded(decoders: list[Decoder], data: bytes) -> Iterable[bytes]:
    """What *data* expands to, one piece at a time."""
    if not decoders:
        yield data
        return
    first, *others = decoders
    for piece in first.pieces(data):
        yield from decoded(others, piece)
