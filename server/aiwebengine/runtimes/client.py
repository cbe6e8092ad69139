"""Calls programs: what the workers of an engine use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

from aiwebengine.runtimes.answers import Answer
from aiwebengine.runtimes.link import Link
from aiwebengine.runtimes.link_calls import OnLog
from aiwebengine.runtimes.protocol import SOCKET
from aiwebengine.runtimes.questions import LoadAnswers, NoAnswers, OnAsk
from aiwebengine.runtimes.types import Loaded, LogLine, Lost, Program, Reason, Status

log = logging.getLogger(__name__)

# A supervisor takes some 200 ms to start, more on a busy machine.
PATIENCE_SECS = 10.0
RETRY_SECS = 0.02
START_PAUSE_SECS = 0.2


class RuntimeClient:
    """A worker's way to the programs of an instance.

    It connects to the supervisor in *folder* when it is first needed, and again when the connection
    was lost. *start* starts the supervisor if it does not run; without it somebody else does.
    A supervisor that does not react within *patience_secs* is given up.
    """

    def __init__(
        self,
        folder: Path,
        start: Callable[[], None] | None = None,
        patience_secs: float = PATIENCE_SECS,
    ) -> None:
        self.on_log: Callable[[str, LogLine], None] | None = None
        """Gets the key of a program and a line that it wrote outside of calls."""
        self.on_load: Callable[[Program], LoadAnswers] | None = None
        """Answers what a program asks while it is loaded because it was called."""
        self._folder = folder
        self._start = start
        self._patience_secs = patience_secs
        self._link: Link | None = None
        self._connecting: asyncio.Task[Link] | None = None
        self._is_stopped = False
        self._next_start = 0.0

    async def load(self, program: Program, *, keep: bool, on_ask: OnAsk | None = None) -> Loaded:
        """Load a program, or find it loaded; without *keep* the process ends afterwards.

        With *on_ask*, which answers what it asks then, it is loaded even if it is loaded already.
        Raises Failed if it can't be loaded, Lost.
        """
        link = self._link or await self._connected()
        return cast(Loaded, await link.load(program, keep=keep, on_ask=on_ask))

    async def call(
        self,
        program: Program,
        head: bytes,
        body: bytes = b"",
        *,
        input: AsyncIterator[bytes] | None = None,
        on_log: OnLog | None = None,
        on_ask: OnAsk | None = None,
    ) -> Answer:
        """Call a program, which is started if it does not run. *input* continues *body*.

        *on_ask* answers what it asks during the call; its exceptions other than EngineError are
        logged, and the program gets the code INTERNAL.
        Raises Failed if the program reports an exception, Lost if it was ended.
        """
        link = self._link or await self._connected()
        return await link.call(program, head, body, input, on_log, on_ask)

    async def retire(self, program: Program) -> None:
        """End a program once it has no calls. A later call starts it again."""
        if self._link is not None:
            self._link.retire(program.key)

    async def status(self) -> Status:
        """The state of all processes of this instance."""
        try:
            link = self._link or await self._connected()
            return cast(Status, await link.status())
        except Lost as error:
            return Status(error.message, [], [])

    async def stop(self) -> None:
        """End the connection and its calls; later ones are Lost."""
        self._is_stopped = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._link is not None:
            self._link.close()

    # For the connection

    def wrote_line(self, key: str, line: LogLine) -> None:
        """Pass on a line. What receives it must not end the connection."""
        if self.on_log is None:
            return
        try:
            self.on_log(key, line)
        except Exception:
            log.exception("runtimes.line_not_logged")

    def load_asks(self, program: Program) -> LoadAnswers:
        """What answers the questions of a load."""
        return NoAnswers() if self.on_load is None else self.on_load(program)

    def closed(self, link: Link) -> None:
        """The next call connects again."""
        if self._link is link:
            self._link = None

    # How

    async def _connected(self) -> Link:
        """A connection; callers that need one at the same time get the same. Raises Lost."""
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())
            self._connecting.add_done_callback(self._has_connected)
        try:
            return await asyncio.shield(self._connecting)
        except asyncio.CancelledError:
            if self._is_stopped:
                raise _unavailable("the engine is stopping") from None
            raise

    def _has_connected(self, connecting: asyncio.Task[Link]) -> None:
        self._connecting = None
        if not connecting.cancelled() and connecting.exception() is None:
            link = connecting.result()
            self._link = None if link.is_closed else link

    async def _connect(self) -> Link:
        try:
            async with asyncio.timeout(self._patience_secs):
                while True:
                    if self._is_stopped:
                        raise _unavailable("the engine is stopping")
                    self._start_if_due()
                    link = await self._try()
                    if link is not None:
                        return link
                    await asyncio.sleep(RETRY_SECS)
        except TimeoutError:
            raise _unavailable(f"no answer within {self._patience_secs:g} s") from None

    def _start_if_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._start is None or now < self._next_start:
            return
        # One that ends at once is not started in a busy loop.
        self._next_start = now + START_PAUSE_SECS
        try:
            self._start()
        except OSError as error:
            raise _unavailable(str(error)) from None

    async def _try(self) -> Link | None:
        """A connection to a supervisor that answers, or None."""
        loop, path = asyncio.get_running_loop(), str(self._folder / SOCKET)
        try:
            _, link = await loop.create_unix_connection(
                lambda: Link(self, self._patience_secs), path
            )
        except (FileNotFoundError, ConnectionError):
            return None
        try:
            # One that is just ending still takes connections.
            await link.status()
        except Lost:
            return None
        except asyncio.CancelledError:
            link.close()
            raise
        return link


def _unavailable(why: str) -> Lost:
    return Lost(Reason.UNAVAILABLE, f"The supervisor of the runtimes can't be reached: {why}.")
