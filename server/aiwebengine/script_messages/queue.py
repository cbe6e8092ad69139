"""Delivers messages that are due, as a queue of the job engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

import orjson

from aiwebengine.core.errors import EngineError
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.database import Database
from aiwebengine.jobs.leases import Lease
from aiwebengine.jobs.queues import Capacity, NotStarted, Outcome, Result
from aiwebengine.script_messages import queue_store as store
from aiwebengine.script_messages.types import MOST_ATTEMPTS, Delivery

LONGEST_PROBLEM = 2_000
FREED_AT_ONCE = 500
FIRST_PAUSE_SECS = 2.0
POSTPONED_SECS = 2.0


class Calls(Protocol):
    """What calls handlers; `app/` passes it."""

    async def __call__(
        self, script: UUID, handler: str, head: dict[str, Any], request_id: str
    ) -> None:
        """Call a handler. Raises EngineError; NotStarted when it could not begin."""


class MessageQueue:
    """The messages for all scripts. Each is delivered at least once to each receiver."""

    def __init__(self, db: Database, lease: Lease, call: Calls) -> None:
        self._db = db
        self._lease = lease
        self._call = call
        self._hops: dict[str, int] = {}

    async def free(self) -> None:
        """Free what processes had claimed that are gone; remove what was rolled back."""
        await store.remove_rolled_back(self._db)
        if not await store.has_foreign_claims(self._db, self._lease.number):
            return
        await self._lease.free_dead()
        outcome = Outcome(Result.INTERRUPTED, "The engine that delivered it has ended.")
        async with self._db.transaction():
            for delivery in await store.claims_of_the_dead(self._db, FREED_AT_ONCE):
                await self._record(delivery, outcome)

    async def is_due(self, capacity: Capacity) -> bool:
        """Whether something is due."""
        return await store.is_due(self._db, capacity)

    async def claim(self, runner: int, capacity: Capacity) -> Sequence[Delivery]:
        """Claim deliveries that are due."""
        return await store.claim(self._db, runner, capacity)

    async def work(self, item: Delivery) -> Outcome:
        """Call the handler."""
        if item.handler is None:
            return Outcome(
                Result.REFUSED, f"The active version does not receive messages of type {item.type}."
            )
        head = {
            "id": str(item.message_id),
            "type_name": item.type,
            "data": orjson.Fragment(item.data),
            "from": item.sender,
            "sent_at": item.sent_at.isoformat().replace("+00:00", "Z"),
            "attempt": item.attempt,
            "hops": item.hops,
        }
        # Its log lines are found by this; each attempt has its own.
        request_id = f"message-{item.message_id}-{item.script_id.hex[:8]}-{item.attempt}"
        self._hops[request_id] = item.hops
        try:
            await self._call(item.script_id, item.handler, head, request_id)
        except NotStarted as error:
            return Outcome(Result.POSTPONED, str(error))
        except EngineError as error:
            return Outcome(Result.FAILED, on_one_line(error.message)[:LONGEST_PROBLEM])
        finally:
            del self._hops[request_id]
        return Outcome(Result.SUCCEEDED)

    def hops_of(self, request_id: str) -> int:
        """How many messages led to the call with this request ID."""
        return self._hops.get(request_id, 0)

    async def end(self, item: Delivery, outcome: Outcome) -> float | None:
        """Record how a delivery ended; in how many seconds it is due again."""
        async with self._db.transaction():
            return await self._record(item, outcome)

    async def _record(self, item: Delivery, outcome: Outcome) -> float | None:
        if outcome.result is Result.SUCCEEDED:
            await store.lock_message(self._db, item.message_id)
            await store.delivered(self._db, item)
            return None
        if outcome.result is Result.POSTPONED:
            await store.repeat(self._db, item, POSTPONED_SECS, item.attempt - 1, outcome.problem)
            return POSTPONED_SECS
        if outcome.result is Result.REFUSED or item.attempt >= MOST_ATTEMPTS:
            await store.give_up(self._db, item, outcome.problem)
            return None
        is_interrupted = outcome.result is Result.INTERRUPTED
        pause = 0.0 if is_interrupted else pause_secs(item.attempt)
        await store.repeat(self._db, item, pause, item.attempt, outcome.problem)
        return pause


def pause_secs(attempt: int) -> float:
    """The pause after a failed attempt: 2 s, 8 s, 32 s, 2 min."""
    return float(FIRST_PAUSE_SECS * 4 ** (attempt - 1))
