"""What scripts may ask about secrets. No answer contains a value."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_calls.types import user_key
from aiwebengine.script_secrets.service import ScriptSecrets


@dataclass(frozen=True)
class _Sender:
    script_id: UUID
    user_id: UUID | None


def add(operations: Operations, secrets: ScriptSecrets) -> None:
    """Add the operations `secrets.…`."""

    async def has(invocation: Invocation, name: str) -> bool:
        async with invocation.reads():
            return await secrets.has(_sender(invocation), name)

    async def verify(
        invocation: Invocation, name: str, signature: str, algorithm: str, body: bytes = b""
    ) -> bool:
        async with invocation.reads():
            return await secrets.verify(_sender(invocation), name, body, signature, algorithm)

    async def set_own(invocation: Invocation, name: str, value: str) -> None:
        async with invocation.writes():
            await secrets.set_own(_sender(invocation), name, value)

    async def remove_own(invocation: Invocation, name: str) -> bool:
        async with invocation.writes():
            return await secrets.remove_own(_sender(invocation), name)

    async def clear_own(invocation: Invocation) -> None:
        async with invocation.writes():
            await secrets.remove_own(_sender(invocation), None)

    operations.add("secrets.has", has)
    operations.add("secrets.verify", verify)
    operations.add("secrets.setOwn", set_own)
    operations.add("secrets.removeOwn", remove_own)
    operations.add("secrets.clearOwn", clear_own)


def _sender(invocation: Invocation) -> _Sender:
    user = invocation.user
    return _Sender(invocation.script.id, None if user is None else user_key(user))
