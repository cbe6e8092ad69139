"""Sends the input of a call in pieces, as fast as the supervisor forwards them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from aiwebengine.runtimes.protocol import WINDOW, Kind

PIECE_BYTES = 1 << 16


class Receiver(Protocol):
    """The call that the input is for."""

    def send(self, kind: int, body: bytes) -> None:
        """Send a frame."""

    def break_off(self, error: Exception) -> None:
        """The input ends with an exception: cancel the call and raise it to its caller."""


class Sending:
    """The input of one call."""

    def __init__(self, pieces: AsyncIterator[bytes], receiver: Receiver) -> None:
        self._pieces = pieces
        self._receiver = receiver
        self._credit = WINDOW
        self._changed = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def credit(self, number_of_bytes: int) -> None:
        """The supervisor has forwarded so many bytes."""
        self._credit += number_of_bytes
        self._changed.set()

    def stop(self) -> None:
        """The call does not need its input any more."""
        self._task.cancel()

    async def _run(self) -> None:
        try:
            async for whole in self._pieces:
                for start in range(0, len(whole), PIECE_BYTES):
                    await self._send_piece(whole[start : start + PIECE_BYTES])
        except Exception as error:
            self._receiver.break_off(error)
        else:
            self._receiver.send(Kind.INPUT_END, b"")

    async def _send_piece(self, piece: bytes) -> None:
        while self._credit < len(piece):
            self._changed.clear()
            await self._changed.wait()
        self._credit -= len(piece)
        self._receiver.send(Kind.INPUT, piece)
