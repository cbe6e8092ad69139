"""What scripts do without a visitor: their schedules, and the messages that they get."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from aiwebengine.core.errors import NotFound
from aiwebengine.database import Database
from aiwebengine.jobs.leases import Lease
from aiwebengine.jobs.queues import NotStarted, QueueRunner
from aiwebengine.jobs.runs import Runs
from aiwebengine.runtimes.types import Lost, Reason
from aiwebengine.script_calls.caller import ScriptCaller
from aiwebengine.script_calls.errors import ScriptUnavailable
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_calls.types import Kind
from aiwebengine.script_database.service import ScriptDatabases
from aiwebengine.script_messages.declaring import DeclaredListeners
from aiwebengine.script_messages.operations import MessageOperations
from aiwebengine.script_messages.queue import MessageQueue
from aiwebengine.script_schedules.declaring import DeclaredSchedules
from aiwebengine.script_schedules.operations import ScheduleOperations
from aiwebengine.script_schedules.queue import ScheduleQueue
from aiwebengine.scripts.activation import ActivationStep


class ScriptWork:
    """Runs schedules and delivers messages in this process, as one of all instances."""

    def __init__(
        self,
        db: Database,
        caller: ScriptCaller,
        operations: Operations,
        databases: ScriptDatabases,
    ) -> None:
        self._lease = Lease(Runs(db))
        self._caller = caller
        schedules = ScheduleQueue(db, self._lease, self._calls(Kind.SCHEDULED))
        messages = MessageQueue(db, self._lease, self._calls(Kind.MESSAGE))
        self.schedules = QueueRunner("schedules", schedules, self._lease)
        self.messages = QueueRunner("messages", messages, self._lease)
        ScheduleOperations(db, self.schedules.wake_in).add_to(operations)
        self.steps: list[ActivationStep] = [DeclaredSchedules(db), DeclaredListeners(db)]
        """Their parts of a deployment."""
        MessageOperations(
            db, self.messages.wake_in, messages.hops_of, databases.transaction_id
        ).add_to(operations)

    async def run(self) -> None:
        """Work until cancelled; then what is in progress is interrupted."""
        await asyncio.gather(self.schedules.run(), self.messages.run())

    async def stop(self) -> None:
        """Let other processes know at once that this one works on nothing any more."""
        await self._lease.stop()

    def _calls(self, kind: Kind) -> Callable[..., Any]:
        async def call(script: UUID, handler: str, head: dict[str, Any], request_id: str) -> None:
            try:
                await self._caller.call(script, kind, handler, head, request_id=request_id)
            except NotFound as error:
                # Deployed by another process a moment ago.
                raise NotStarted(error.message) from None
            except ScriptUnavailable as error:
                if _has_begun(error):
                    raise
                raise NotStarted(error.message) from None

        return call


def _has_begun(error: ScriptUnavailable) -> bool:
    """Whether the handler may have begun: the connection to its process was lost."""
    return isinstance(error.__cause__, Lost) and error.__cause__.reason is not Reason.BUSY
