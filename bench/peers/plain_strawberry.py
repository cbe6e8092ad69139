"""Strawberry with its own ASGI view, on asyncpg."""

from __future__ import annotations

import enum
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import strawberry
from starlette.applications import Starlette
from strawberry.asgi import GraphQL

from bench.peers.people import cursor, people

Info = strawberry.Info[Any, None]


@strawberry.enum
class Role(enum.Enum):
    AUTHENTICATED = "AUTHENTICATED"
    EDITOR = "EDITOR"
    ADMINISTRATOR = "ADMINISTRATOR"


@strawberry.type
class Viewer:
    id: strawberry.ID
    email: str
    name: str
    roles: list[Role]


@strawberry.type
class Identity:
    provider: str
    subject: str
    email: str | None


@strawberry.type
class User:
    id: strawberry.ID
    email: str
    name: str
    created_at: datetime | None
    roles: list[Role]
    providers: list[str] | None
    identities: list[Identity] | None


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class UserConnection:
    nodes: list[User]
    page_info: PageInfo

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        return await info.context["people"].count()


@strawberry.type
class RoleChange:
    user: User
    role: Role
    changed: bool


@strawberry.input
class GrantRoleInput:
    user_id: strawberry.ID
    role: Role
    reason: str | None = None


@strawberry.input
class RevokeRoleInput(GrantRoleInput):
    pass


@strawberry.type
class Query:
    @strawberry.field
    async def viewer(self, info: Info) -> Viewer | None:
        caller = info.context["sender"].caller
        if caller is None:
            return None
        roles = [Role(role) for role in caller["roles"]]
        return Viewer(id=str(caller["id"]), email=caller["email"], name=caller["name"], roles=roles)

    @strawberry.field
    async def users(
        self, info: Info, first: int = 50, after: str | None = None, search: str | None = None
    ) -> UserConnection:
        info.context["sender"].must_administer()
        with_identities = asks_for(info.selected_fields, "identities")
        found = await info.context["people"].page(first, after, search, with_identities)
        nodes = found[:first]
        end = cursor(nodes[-1]) if nodes else None
        return UserConnection(
            nodes=[_user(row) for row in nodes],
            page_info=PageInfo(has_next_page=len(found) > first, end_cursor=end),
        )


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def grant_role(self, info: Info, input: GrantRoleInput) -> RoleChange:
        return await _changed(info, input, is_grant=True)

    @strawberry.mutation
    async def revoke_role(self, info: Info, input: RevokeRoleInput) -> RoleChange:
        return await _changed(info, input, is_grant=False)


async def _changed(info: Info, wanted: GrantRoleInput, *, is_grant: bool) -> RoleChange:
    user, changed = await info.context["people"].change_role(
        info.context["sender"], wanted.user_id, wanted.role.value, wanted.reason, is_grant
    )
    return RoleChange(user=_user(user), role=wanted.role, changed=changed)


def _user(row: asyncpg.Record) -> User:
    identities = row.get("identities")
    return User(
        id=str(row["id"]),
        email=row["email"],
        name=row["name"],
        created_at=row.get("created_at"),
        roles=[Role(role) for role in row["roles"]],
        providers=row.get("providers"),
        identities=identities and [Identity(**one) for one in json.loads(identities)],
    )


def asks_for(fields: list[Any], name: str) -> bool:
    """Whether a field of this name is anywhere below."""
    return any(field.name == name or asks_for(field.selections, name) for field in fields)


class _View(GraphQL):
    async def get_context(self, request: Any, response: Any = None) -> dict[str, Any]:
        known = request.app.state.people
        return {"people": known, "sender": await known.sender(request)}


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with people() as app.state.people:
        yield


app = Starlette(lifespan=_lifespan)
app.add_route("/graphql", _View(strawberry.Schema(Query, Mutation)))
