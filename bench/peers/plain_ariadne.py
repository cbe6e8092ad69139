"""Ariadne with its own ASGI view, on asyncpg."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from ariadne import MutationType, ObjectType, QueryType, ScalarType, make_executable_schema
from ariadne.asgi import GraphQL
from starlette.applications import Starlette
from starlette.requests import Request

from bench.peers.people import cursor, people

SCHEMA = """
  scalar DateTime
  enum Role { AUTHENTICATED EDITOR ADMINISTRATOR }
  type Viewer { id: ID! email: String! name: String! roles: [Role!]! }
  type Identity { provider: String! subject: String! email: String }
  type User {
    id: ID! email: String! name: String! createdAt: DateTime!
    roles: [Role!]! providers: [String!]! identities: [Identity!]!
  }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type UserConnection { nodes: [User!]! pageInfo: PageInfo! totalCount: Int! }
  type RoleChange { user: User! role: Role! changed: Boolean! }
  input GrantRoleInput { userId: ID! role: Role! reason: String }
  input RevokeRoleInput { userId: ID! role: Role! reason: String }
  type Query {
    viewer: Viewer
    users(first: Int = 50, after: String, search: String): UserConnection!
  }
  type Mutation {
    grantRole(input: GrantRoleInput!): RoleChange!
    revokeRole(input: RevokeRoleInput!): RoleChange!
  }
"""

query, mutation = QueryType(), MutationType()
connection, user_type = ObjectType("UserConnection"), ObjectType("User")
instant = ScalarType("DateTime")
user_type.set_alias("createdAt", "created_at")


@instant.serializer
def _instant(value: datetime) -> str:
    return value.isoformat()


@query.field("viewer")
async def _viewer(_: None, info: Any) -> Any:
    caller = info.context["sender"].caller
    return caller and dict(caller)


@query.field("users")
async def _users(
    _: None, info: Any, first: int = 50, after: str | None = None, search: str | None = None
) -> dict[str, Any]:
    info.context["sender"].must_administer()
    with_identities = asks_for(info.field_nodes, "identities")
    found = await info.context["people"].page(first, after, search, with_identities)
    nodes = [dict(row) for row in found[:first]]
    end = cursor(nodes[-1]) if nodes else None
    return {"nodes": nodes, "pageInfo": {"hasNextPage": len(found) > first, "endCursor": end}}


@connection.field("totalCount")
async def _total_count(_: Any, info: Any) -> int:
    number: int = await info.context["people"].count()
    return number


@user_type.field("identities")
def _identities(user: Any, _: Any) -> Any:
    return json.loads(user["identities"])


@mutation.field("grantRole")
async def _grant_role(_: None, info: Any, input: dict[str, Any]) -> dict[str, Any]:
    return await _changed(info, input, is_grant=True)


@mutation.field("revokeRole")
async def _revoke_role(_: None, info: Any, input: dict[str, Any]) -> dict[str, Any]:
    return await _changed(info, input, is_grant=False)


async def _changed(info: Any, wanted: dict[str, Any], *, is_grant: bool) -> dict[str, Any]:
    user, changed = await info.context["people"].change_role(
        info.context["sender"], wanted["userId"], wanted["role"], wanted.get("reason"), is_grant
    )
    return {"user": dict(user), "role": wanted["role"], "changed": changed}


def asks_for(fields: Any, name: str) -> bool:
    """Whether a field of this name is anywhere below."""
    return any(
        (hasattr(field, "name") and field.name.value == name)
        or (field.selection_set and asks_for(field.selection_set.selections, name))
        for field in fields
    )


async def _context(request: Request, data: Any) -> dict[str, Any]:
    known = request.app.state.people
    return {"people": known, "sender": await known.sender(request)}


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with people() as app.state.people:
        yield


schema = make_executable_schema(SCHEMA, query, mutation, connection, user_type, instant)
app = Starlette(lifespan=_lifespan)
app.add_route("/graphql", GraphQL(schema, context_value=_context))
