"""What `env.messages` and `dispatcher` ask the engine for."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson

from aiwebengine.core.durations import duration_ms
from aiwebengine.core.errors import BadUserInput, LimitExceeded, NotFound
from aiwebengine.database import Database
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_messages import store
from aiwebengine.script_messages.listening import checked_type
from aiwebengine.script_messages.types import (
    LARGEST_DATA_BYTES,
    LONGEST_DELAY_DAYS,
    LONGEST_KEY,
    MOST_HOPS,
    MOST_PENDING,
    MOST_PER_MINUTE,
    NewMessage,
    Sent,
)
from aiwebengine.scripts.checks import storable

COMMIT_SECS = 0.1
MOST_COUNTED = 10_000
"""Scripts whose rate this process knows at a time."""


class MessageOperations:
    """Sends messages for the script that asks.

    *wake_in* gets in how many seconds a message is due, *hops_of* knows how many messages led to
    an invocation, *transaction_of* has the ID of the transaction that an invocation has open in the
    database of its script, on the same server.
    """

    def __init__(
        self,
        db: Database,
        wake_in: Callable[[float], None],
        hops_of: Callable[[str], int],
        transaction_of: Callable[[Invocation], Awaitable[str | None]],
    ) -> None:
        self._db = db
        self._wake_in = wake_in
        self._hops_of = hops_of
        self._transaction_of = transaction_of
        self._minute = 0
        self._sent: dict[UUID, int] = {}

    def add_to(self, operations: Operations) -> None:
        """Offer the operations."""
        operations.add("messages.send", self.send)
        operations.add("messages.send_text", self.send_text)

    async def send(
        self,
        invocation: Invocation,
        type_name: str,
        delay: Any = None,
        to: str | None = None,
        key: str | None = None,
        *,
        body: bytes = b"null",
    ) -> dict[str, Any]:
        """Send JSON to every script that receives this type, or to one of them.

        Raises BadUserInput, LimitExceeded, NotFound if *to* does not receive it.
        """
        checked_type("messages.send", type_name)
        milliseconds = (
            0 if delay is None else duration_ms("messages.send: delay", delay, LONGEST_DELAY_DAYS)
        )
        if key is not None and (not 1 <= len(key) <= LONGEST_KEY or storable(key) != key):
            raise BadUserInput(
                f"messages.send: the key is {key[:100]!r}; allowed: 1 to {LONGEST_KEY} characters."
            )
        message = NewMessage(
            sender_id=invocation.script.id,
            sender=invocation.script.slug,
            type=type_name,
            data=_json(body or b"null"),
            hops=self._next_hop(invocation.id),
            request_id=invocation.id[:200],
            delay_ms=milliseconds,
            to=to,
            held_by=await self._transaction_of(invocation),
        )
        self._count(invocation.script.id)
        async with invocation.writes():
            sent = await self._sent_once(message, key)
            if sent.number is not None and not sent.is_duplicate:
                self._db.after_commit(lambda: self._wake_in(milliseconds / 1_000))
                if message.held_by is not None:
                    invocation.on_end(self._wake_soon)
        if to is not None and sent.receivers == 0:
            raise NotFound(f"The script {to[:70]} does not receive messages of type {type_name}.")
        return {
            "id": None if sent.number is None else str(sent.number),
            "receivers": sent.receivers,
            "isDuplicate": sent.is_duplicate,
        }

    async def send_text(
        self, invocation: Invocation, type_name: str, *, body: bytes = b"null"
    ) -> dict[str, Any]:
        """The same for a text, which is often JSON. A listener gets it unchanged."""
        try:
            is_text = isinstance(orjson.loads(body), str)
        except ValueError:
            is_text = True
        if is_text:
            body = orjson.dumps(body.decode("utf-8", "replace"))
        return await self.send(invocation, type_name, body=body)

    async def _sent_once(self, message: NewMessage, key: str | None) -> Sent:
        if key is not None:
            before = await store.take_key(self._db, message.sender_id, key, message.held_by)
            if before is not None:
                return before
        if await store.has_too_many(self._db, message.sender_id):
            raise LimitExceeded(
                f"{MOST_PENDING:,} messages of this script are not delivered yet; more are not"
                " allowed."
            )
        sent = await store.send(self._db, message)
        if key is not None:
            await store.keep_key(self._db, message.sender_id, key, sent)
        return sent

    async def _wake_soon(self, _: bool) -> None:
        """The invocation ends: its transaction ends within a moment."""
        self._wake_in(COMMIT_SECS)

    def _next_hop(self, invocation_id: str) -> int:
        hops = self._hops_of(invocation_id)
        if hops >= MOST_HOPS:
            raise LimitExceeded(
                f"This message is the {hops}th of a chain in which each was sent while the one"
                f" before was received; allowed: {MOST_HOPS}. Do scripts answer each other?"
            )
        return hops + 1

    def _count(self, script_id: UUID) -> None:
        minute = int(time.monotonic() // 60)
        if minute != self._minute or len(self._sent) >= MOST_COUNTED:
            self._minute, self._sent = minute, {}
        self._sent[script_id] = self._sent.get(script_id, 0) + 1
        if self._sent[script_id] > MOST_PER_MINUTE:
            raise LimitExceeded(
                f"This script has sent {MOST_PER_MINUTE:,} messages within a minute; more are not"
                " allowed."
            )


def _json(body: bytes) -> str:
    if len(body) > LARGEST_DATA_BYTES:
        raise BadUserInput(
            f"messages.send: data has {len(body):,} bytes as JSON; allowed: {LARGEST_DATA_BYTES:,}."
        )
    try:
        orjson.loads(body)
        return body.decode()
    except ValueError:
        raise BadUserInput("messages.send: data is not JSON.") from None
