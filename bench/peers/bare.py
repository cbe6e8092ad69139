"""The limit: bare Starlette routes with the same statements; no schema, no document, no limits."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers.people import LARGEST_PAGE, cursor, people

_SIZE = re.compile(rb"first: (\d+)")


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with people() as app.state.people:
        yield


async def _answer(request: Request) -> Response:
    """The operation, found by the words in the body, because this peer does not parse documents."""
    known = request.app.state.people
    sender = await known.sender(request)
    body = await request.body()
    if b"viewer" in body:
        caller = sender.caller
        return _told({"viewer": {name: caller[name] for name in ("id", "email", "name", "roles")}})
    sender.must_administer()
    variables = orjson.loads(body).get("variables", {})
    if b"Role(" in body:
        return _told(await _changed(known, sender, body, variables))
    return _told({"users": await _users(known, body, variables)})


async def _users(known: Any, body: bytes, variables: dict[str, Any]) -> dict[str, Any]:
    with_identities, size = b"identities" in body, _SIZE.search(body)
    first = int(size[1]) if size else LARGEST_PAGE
    after, search = variables.get("after"), variables.get("search")
    found = await known.page(first, after, search, with_identities)
    nodes = []
    for row in found[:first]:
        node = {name: row[name] for name in ("id", "email", "name", "roles", "providers")}
        node["createdAt"] = row["created_at"]
        if with_identities:
            node["identities"] = json.loads(row["identities"])
        nodes.append(node)
    users: dict[str, Any] = {"nodes": nodes}
    if b"totalCount" in body:
        users["totalCount"] = await known.count()
    if b"hasNextPage" in body:
        users["pageInfo"] = {"hasNextPage": len(found) > len(nodes)}
    if b"endCursor" in body:
        users["pageInfo"] = {"endCursor": cursor(found[len(nodes) - 1])}
    return users


async def _changed(
    known: Any, sender: Any, body: bytes, variables: dict[str, Any]
) -> dict[str, Any]:
    is_grant, wanted = b"grantRole(" in body, variables["input"]
    user, changed = await known.change_role(
        sender, wanted["userId"], wanted["role"], wanted.get("reason"), is_grant
    )
    current = {"user": {"id": user["id"], "email": user["email"], "roles": user["roles"]}}
    change = {**current, "role": wanted["role"], "changed": changed}
    return {"grantRole" if is_grant else "revokeRole": change}


def _told(data: dict[str, Any]) -> Response:
    return Response(orjson.dumps({"data": data}, default=str), media_type="application/json")


app = Starlette(routes=[Route("/graphql", _answer, methods=["POST"])], lifespan=_lifespan)
