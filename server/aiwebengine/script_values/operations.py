"""What scripts ask about their values."""

from __future__ import annotations

from uuid import UUID

from aiwebengine.core.errors import BadUserInput, Unauthenticated
from aiwebengine.runtimes.questions import Reply
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_values.service import ScriptValues

MINE = "mine"
"""As the holder: the signed-in user of the call."""


class ValueOperations:
    """The operations `kv.…`. Their holder is null for the script, MINE, or the ID of a user."""

    def __init__(self, values: ScriptValues) -> None:
        self._values = values

    def add_to(self, operations: Operations) -> None:
        """Add all of them."""
        operations.add("kv.get", self.get)
        operations.add("kv.set", self.set)
        operations.add("kv.increment", self.increment)
        operations.add("kv.delete", self.delete)
        operations.add("kv.list", self.page)
        operations.add("kv.clear", self.clear)

    async def get(self, invocation: Invocation, holder: str | None, key: str) -> Reply:
        """Version and expiry, and the value as bytes; null without one."""
        user_id = _user_id(invocation, holder)
        async with invocation.reads():
            found = await self._values.get(invocation.script.id, user_id, key)
        if found is None:
            return Reply(None)
        facts = {"version": found.version, "expiresAt": found.expires_at}
        return Reply(facts, found.value.encode())

    async def set(
        self,
        invocation: Invocation,
        holder: str | None,
        key: str,
        ttl: float | None,
        if_version: int | None,
        body: bytes,
    ) -> int:
        """Set a value, the JSON in *body*; its version."""
        user_id = _user_id(invocation, holder)
        try:
            value = body.decode()
        except UnicodeDecodeError:
            raise BadUserInput("value: it is no JSON.") from None
        async with invocation.writes():
            return await self._values.set(
                invocation.script.id,
                user_id,
                key,
                value,
                ttl=ttl,
                if_version=if_version,
                is_trial=invocation.is_trial,
            )

    async def increment(
        self, invocation: Invocation, holder: str | None, key: str, by: int, ttl: float | None
    ) -> int:
        """Add to an integer; the sum."""
        user_id = _user_id(invocation, holder)
        async with invocation.writes():
            return await self._values.increment(
                invocation.script.id, user_id, key, by, ttl=ttl, is_trial=invocation.is_trial
            )

    async def delete(
        self, invocation: Invocation, holder: str | None, key: str, if_version: int | None
    ) -> bool:
        """Remove a value; whether there was one."""
        user_id = _user_id(invocation, holder)
        async with invocation.writes():
            return await self._values.delete(
                invocation.script.id,
                user_id,
                key,
                if_version=if_version,
                is_trial=invocation.is_trial,
            )

    async def page(
        self,
        invocation: Invocation,
        holder: str | None,
        prefix: str,
        cursor: str | None,
        limit: int,
        values: bool,
    ) -> Reply:
        """A page of keys; with *values* also a JSON array of their values, as bytes."""
        user_id = _user_id(invocation, holder)
        async with invocation.reads():
            page = await self._values.page(
                invocation.script.id,
                user_id,
                prefix,
                after=cursor,
                limit=limit,
                with_values=values,
            )
        items = [
            {
                "key": one.key,
                "size": one.size,
                "version": one.version,
                "expiresAt": one.expires_at,
            }
            for one in page.items
        ]
        body = f"[{','.join(one.value or 'null' for one in page.items)}]" if values else ""
        return Reply({"items": items, "cursor": page.cursor}, body.encode())

    async def clear(self, invocation: Invocation, holder: str | None) -> int:
        """Remove all values; their number."""
        user_id = _user_id(invocation, holder)
        async with invocation.writes():
            return await self._values.clear(
                invocation.script.id, user_id, is_trial=invocation.is_trial
            )


def _user_id(invocation: Invocation, holder: str | None) -> UUID | None:
    """The user whose values are meant; None for the script itself."""
    if holder is None:
        return None
    if holder == MINE:
        if invocation.user is None:
            raise Unauthenticated("Values of a user need a signed-in user.")
        holder = invocation.user.id
    try:
        return UUID(holder)
    except ValueError:
        raise BadUserInput(f"user: found {holder[:70]!r}; allowed: the ID of a user.") from None
