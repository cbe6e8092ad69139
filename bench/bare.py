"""The limit: the same page of users by the same SQL through a bare Starlette route."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

LIST = """
  select u.id, u.email, u.name,
    array(select r.role from user_roles r where r.user_id = u.id) as roles,
    array(select distinct i.provider from identities i where i.user_id = u.id) as providers
  from users u
  order by u.created_at desc, u.id desc
  limit 50
"""


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["APP_REPOSITORY__DATABASE_URL"], max_size=10) as pool:
        app.state.pool = pool
        yield


async def _users(request: Request) -> Response:
    rows: list[Any] = await request.app.state.pool.fetch(LIST)
    nodes = [{**dict(row), "roles": [r.upper() for r in sorted(row["roles"])]} for row in rows]
    for node in nodes:
        node["roles"] = ["AUTHENTICATED", *node["roles"][::-1]]
    return Response(orjson.dumps({"data": {"users": {"nodes": nodes}}}, default=str))


app = Starlette(routes=[Route("/graphql", _users, methods=["POST"])], lifespan=_lifespan)
