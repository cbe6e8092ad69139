"""The context of a request, which every resolver receives. Imports features for typing only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

if TYPE_CHECKING:
    from aiwebengine.app.services import Services
    from aiwebengine.core.identity import Viewer
    from aiwebengine.graphql.connection import Cursors
    from aiwebengine.sessions.types import ApiToken, Session
    from aiwebengine.users.types import Identity, RoleGrant, User


@dataclass
class Loaders:
    """Links between nouns, each read in one statement for all objects on the answer."""

    users: DataLoader[UUID, User | None]
    grants: DataLoader[UUID, list[RoleGrant]]
    identities: DataLoader[UUID, list[Identity]]
    sessions: DataLoader[UUID, list[Session]]
    api_tokens: DataLoader[UUID, list[ApiToken]]


@dataclass
class Context:
    """One request: who asks, and whom to ask."""

    viewer: Viewer
    services: Services
    cursors: Cursors
    new_loaders: Callable[[], Loaders]

    @cached_property
    def loaders(self) -> Loaders:
        """What is loaded in batches; many requests need none of it."""
        return self.new_loaders()


KNOWN_AS = "known_as"


def known_as(attribute: str) -> Callable[[Callable[..., Any]], Any]:
    """Declare a field whose resolver answers what this attribute of the object holds, if it does.

    Compiled answers (`graphql/plans.py`) read the attribute, and so call no resolver. Where it is
    missing, or None and the field must not be null, the resolver is asked. A property that works
    the value out is fine.
    """
    declared: Callable[[Callable[..., Any]], Any] = strawberry.field(metadata={KNOWN_AS: attribute})
    return declared


Info: TypeAlias = strawberry.Info[Context, None]
