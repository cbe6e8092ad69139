"""What else happens when a script is checked, deployed or removed: steps of other packages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from aiwebengine.core.errors import Unavailable
from aiwebengine.database import Database
from aiwebengine.runtimes.questions import Reply
from aiwebengine.scripts.loading import Candidate
from aiwebengine.scripts.types import Diagnostic

Files = Callable[[], Awaitable[Mapping[str, bytes]]]
"""Reads the files of a version by path, as their author saved them."""


@dataclass(frozen=True)
class Offered:
    """What a version offers, loaded without an error."""

    script_id: UUID
    slug: str
    registrations: list[dict[str, Any]]
    """The version's word: a step checks what it uses."""
    files: Files


@dataclass(frozen=True)
class Activation(Offered):
    """A version that becomes the active one."""

    version: int
    previous_version: int | None
    """The version that was active before; None if none was."""


class ActivationStep:
    """A part of each deployment. A subclass does what it needs of this."""

    async def check(self, offered: Offered) -> list[Diagnostic]:
        """Problems of a version that is checked or about to be deployed; an error refuses it.

        Changes nothing. The script need not exist yet.
        """
        return []

    async def prepare(self, activation: Activation) -> None:
        """Do what can take long, in the transaction of the deployment and before `activate`.

        Other scripts can be deployed meanwhile. Raises EngineError; then nothing is deployed.
        """

    async def activate(self, activation: Activation) -> None:
        """Change what belongs to the version, in the transaction of the deployment.

        Raises EngineError; then nothing is deployed.
        """

    async def moved(self, script_id: UUID) -> None:
        """Check or change what belongs to a script that is bound to another host, in that
        transaction.

        Raises EngineError; then nothing has changed.
        """

    async def deleted(self, script_id: UUID) -> None:
        """Stop what belongs to the script, in the transaction that deletes it.

        It may be restored, and deployed again then.
        """

    async def purged(self, script_id: UUID) -> None:
        """Remove what belongs to the script and does not go with its row, in the transaction that
        removes it for good.
        """


class InitRun(Protocol):
    """Answers what a script asks in its `init()` during one load."""

    async def answer(self, operation: str, arguments: list[Any], body: bytes) -> Reply:
        """Answer a question. Raises EngineError."""

    @property
    def is_begun(self) -> bool:
        """Whether `init()` has written, so that its transaction has locked the script."""

    def joined(self) -> AbstractAsyncContextManager[None]:
        """A transaction that has what `init()` wrote; the end of the block commits both.

        Raises Unavailable.
        """

    async def end(self) -> None:
        """Undo what is not committed."""


class Inits(Protocol):
    """Begins runs of `init()`."""

    def run(
        self,
        candidate: Candidate,
        *,
        version: int,
        counts: bool,
        begin: Callable[[], Awaitable[object]],
    ) -> InitRun:
        """A run; it is undone unless it *counts*. *version* is 0 for files that are not saved.

        *begin* is awaited in its transaction before its first write.
        """


class NoInits:
    """The runs where `init()` can ask nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def run(
        self,
        candidate: Candidate,
        *,
        version: int,
        counts: bool,
        begin: Callable[[], Awaitable[object]],
    ) -> InitRun:
        """A run without answers."""
        return _NoInit(self._db)


class _NoInit:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def answer(self, operation: str, arguments: list[Any], body: bytes) -> Reply:
        """Raises Unavailable."""
        raise Unavailable(f"{operation[:100]} is not available here.")

    @property
    def is_begun(self) -> bool:
        """Whether `init()` has written; it can't."""
        return False

    def joined(self) -> AbstractAsyncContextManager[None]:
        """A transaction."""
        return self._db.transaction()

    async def end(self) -> None:
        """Does nothing."""
