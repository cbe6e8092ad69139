"""The context of an operation: who asks, and how much the operation may still do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from graphql import GraphQLResolveInfo

from aiwebengine.core.errors import EngineError, QueryTooComplex
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.types import ScriptUser
from aiwebengine.scripts.types import Dialect

MOST_CALLS = 50
"""Calls of scripts by one operation: one for each field of a root type."""
CALLS_AT_ONCE = 10
"""Calls of scripts by one operation at a time."""
MOST_NESTED = 4
"""How deep operations may be nested: a resolver executes an operation, whose resolver executes …"""


class NestedTooDeeply(EngineError):
    """Resolvers execute operations whose resolvers execute operations, too often."""

    code = "LIMIT"
    status = 400


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request. *user* is what scripts learn of the user; None if nobody is signed in.

    *until_sign_out* waits until the rights of the caller end and raises EngineError then.
    """

    id: UUID | None = None
    user: ScriptUser | None = None
    until_sign_out: Callable[[], Awaitable[None]] | None = None

    @property
    def is_signed_in(self) -> bool:
        """Whether the caller is a user."""
        return self.user is not None


ANYONE = Caller()


@dataclass
class Context:
    """What the resolvers of one operation share.

    *parent* is the invocation that executes the operation; None for an operation of a client.
    """

    viewer: Caller
    request_id: str
    parent: Invocation | None = None
    calls: int = 0
    users: dict[UUID, ScriptUser] = field(default_factory=dict)
    """The user, as each script that was called sees it."""
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CALLS_AT_ONCE))

    @property
    def is_internal(self) -> bool:
        """Whether a script executes the operation, which may use all fields."""
        return self.parent is not None

    def count_call(self) -> None:
        """Count a call of a script. Raises QueryTooComplex."""
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise QueryTooComplex(
                f"The operation reads more than {MOST_CALLS} fields of scripts.",
                limit="calls",
                allowed=MOST_CALLS,
            )


Info: TypeAlias = GraphQLResolveInfo[Context]


def must_not_be_too_deep(context: Context) -> None:
    """Raise NestedTooDeeply before an operation of a script that is nested too deeply."""
    parent = context.parent
    if parent is not None and sum(1 for _ in parent.ancestors) >= MOST_NESTED:
        raise NestedTooDeeply(
            f"Operations are nested more than {MOST_NESTED} deep: a resolver executes an operation,"
            " whose resolver executes another one, and so on."
        )


def must_have_process(script: UUID, context: Context) -> None:
    """Raise NestedTooDeeply before a call that no process of a classic script could answer.

    Each of its invocations that waits for this call keeps a process.
    """
    parent = context.parent
    if parent is None:
        return
    waiting = [one for one in (parent, *parent.ancestors) if one.script.id == script]
    if not waiting or waiting[0].script.dialect is not Dialect.CLASSIC:
        return
    most = waiting[0].script.limits.processes
    if len(waiting) >= most:
        raise NestedTooDeeply(
            f"The script {waiting[0].script.slug} waits for {len(waiting)} operations on its own"
            f" fields; at most {most - 1} can be answered in the classic form. Call the function of"
            " the resolver instead."
        )
