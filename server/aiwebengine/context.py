"""What every resolver is handed. A leaf: it imports the rooms for typing only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

if TYPE_CHECKING:
    from aiwebengine.auth.types import ApiToken, Session
    from aiwebengine.graphql.connection import Cursors
    from aiwebengine.services import Services
    from aiwebengine.users.types import Identity, RoleGrant, User
    from aiwebengine.viewer import Viewer


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
    """One request: who asks, whom to ask, and what is loaded in batches."""

    viewer: Viewer
    services: Services
    loaders: Loaders
    cursors: Cursors


Info: TypeAlias = strawberry.Info[Context, None]
