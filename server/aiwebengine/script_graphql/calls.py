"""Calls the resolvers of scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from aiwebengine.core.errors import Unauthenticated
from aiwebengine.script_calls.caller import ScriptCaller
from aiwebengine.script_calls.errors import ScriptFailed
from aiwebengine.script_calls.types import Kind, ScriptUser
from aiwebengine.script_graphql.context import Context, must_have_process
from aiwebengine.script_graphql.results import InvalidResult

_NO_USER = "unauthenticated"


class ResolverCalls:
    """See `resolving.ScriptCalls`.

    *caller* returns the caller of scripts once there is one, *roles_of* the roles in a script that
    a user has.
    """

    def __init__(
        self,
        caller: Callable[[], ScriptCaller],
        roles_of: Callable[[UUID, UUID], Awaitable[list[str]]],
    ) -> None:
        self._caller = caller
        self._roles_of = roles_of

    async def call(self, script: UUID, handler: str, head: dict[str, Any], context: Context) -> Any:
        """What the handler returns.

        Raises Unauthenticated if it needs a user, InvalidResult, NestedTooDeeply, and what
        `ScriptCaller` raises.
        Only other scripts read the message of its exception.
        """
        must_have_process(script, context)
        user = await self._user(script, context)
        try:
            result = await self._caller().call(
                script,
                Kind.GRAPHQL,
                handler,
                head,
                user=user,
                parent=context.parent,
                request_id=context.request_id or None,
            )
        except ScriptFailed as error:
            if context.is_internal:
                raise
            raise ScriptFailed("The script failed. Its log has the details.") from error
        return _value_in(result.value)

    async def _user(self, script: UUID, context: Context) -> ScriptUser | None:
        """The user of the operation with the roles in this script, read once."""
        user = context.viewer.user
        if user is None:
            return None
        if script not in context.users:
            roles = await self._roles_of(script, UUID(user.id))
            context.users[script] = replace(user, script_roles=tuple(roles))
        return context.users[script]


def _value_in(answer: Any) -> Any:
    """The value in the answer of graphql.js. It is the script's word."""
    if not isinstance(answer, Mapping):
        raise InvalidResult("The script's answer is not that of a resolver.")
    if _NO_USER in answer:
        raise Unauthenticated("This is for users who are signed in. Sign in first.")
    return answer.get("value")
