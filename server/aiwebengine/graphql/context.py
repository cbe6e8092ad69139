"""The context of a request, which every resolver gets. Imports other packages only for types."""

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
    from aiwebengine.scripts.loaders import ScriptLoaders
    from aiwebengine.sessions.types import ApiToken, Session
    from aiwebengine.users.types import Identity, RoleGrant, User


@dataclass
class Loaders:
    """Data loaders: each reads related objects of all objects in a response with one statement."""

    users: DataLoader[UUID, User | None]
    grants: DataLoader[UUID, list[RoleGrant]]
    identities: DataLoader[UUID, list[Identity]]
    sessions: DataLoader[UUID, list[Session]]
    api_tokens: DataLoader[UUID, list[ApiToken]]
    new_script_loaders: Callable[[], ScriptLoaders]

    @cached_property
    def scripts(self) -> ScriptLoaders:
        """Those of scripts, created at first use because they are many."""
        return self.new_script_loaders()


@dataclass
class Context:
    """The caller of a request, and what its resolvers need."""

    viewer: Viewer
    services: Services
    cursors: Cursors
    new_loaders: Callable[[], Loaders]

    @cached_property
    def loaders(self) -> Loaders:
        """The data loaders, created at first use because many requests need none."""
        return self.new_loaders()


KNOWN_AS = "known_as"


def known_as(attribute: str) -> Callable[[Callable[..., Any]], Any]:
    """Declare a field whose value is in an attribute of the object, if it has been loaded.

    Compiled plans (`graphql/plans.py`) read the attribute instead of calling the resolver. If the
    attribute is missing, or None although the field is not nullable, the resolver is called. The
    attribute may be a property.
    """
    declared: Callable[[Callable[..., Any]], Any] = strawberry.field(metadata={KNOWN_AS: attribute})
    return declared


Info: TypeAlias = strawberry.Info[Context, None]
