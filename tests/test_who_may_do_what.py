"""Every operation and route, called as every kind of caller: what is declared is enforced.

What each caller should get is worked out from the rights that the operation or route declares
(`aiwebengine.core.rights`); the services decide what it gets.

ok: answered · none: answered with null · 401, 403, 404, 409: refused as GraphQL's UNAUTHENTICATED,
FORBIDDEN, NOT_FOUND and CONFLICT, or with that status · another number: that status · again:
refused as REAUTHENTICATION_REQUIRED.
"""

import asyncio
import itertools
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest
import strawberry
import websockets
from reference.http import HEAD_IS_PROMISED
from starlette.routing import WebSocketRoute
from tests.calls import ANSWERS, DOCUMENTS, EXEMPT, ROUTES

from aiwebengine.app.engine import Engine
from aiwebengine.app.schema import schema
from aiwebengine.core.config import Config
from aiwebengine.core.identity import ActorKind, Origin, Role, Scope, Viewer, operator
from aiwebengine.core.rights import ALWAYS, needs
from aiwebengine.graphql.context import Info
from aiwebengine.graphql.descriptions import describe
from aiwebengine.graphql.rights import rights_by_operation
from aiwebengine.web.rights import rights_of_route

# stranger: nobody signed in · plain, editor, admin: signed in with no role, Editor, Administrator ·
# suspended: an administrator's session after the suspension · expired: an administrator's token
# after its end · read, users, ops, scripts: an administrator's token with that scope alone ·
# stale: an administrator's session whose sign-in is not recent.
CALLERS = "stranger plain editor admin suspended expired read users ops scripts stale".split()
ROLES = {"plain": Role.AUTHENTICATED, "editor": Role.EDITOR}
SCOPES = {
    "read": Scope.READ,
    "users": Scope.USERS_WRITE,
    "ops": Scope.OPS_WRITE,
    "scripts": Scope.SCRIPTS_WRITE,
}

REFUSED = {
    "UNAUTHENTICATED": "401",
    "FORBIDDEN": "403",
    "NOT_FOUND": "404",
    "CONFLICT": "409",
    "REAUTHENTICATION_REQUIRED": "again",
}

ROOT = operator("tests")
OPERATIONS = rights_by_operation(schema)


def expected(rights, caller, answer):
    """What a caller gets, who would get *answer* if it may."""
    if rights.is_open or rights.is_by_operation:
        return answer
    if caller in ("stranger", "suspended", "expired"):
        return "401"
    if rights.roles and ROLES.get(caller, Role.ADMINISTRATOR) not in rights.roles:
        return "403"
    if rights.scope and SCOPES.get(caller, rights.scope) is not rights.scope:
        return "403"
    if caller == "stale" and rights.recent_sign_in is not None:
        return "again"
    return answer


def expected_of_operation(operation, rights, caller):
    if caller == "expired":
        # An expired token is refused before the document is read.
        return "401"
    answer = ANSWERS.get(operation, "ok")
    if isinstance(answer, dict):
        answer = answer.get(caller, "ok")
    return expected(rights, caller, answer)


def expected_of_routes():
    """What each caller gets of each route: {route: {caller: status}}."""
    found = {}
    for name, rights in rights_by_route().items():
        answers = dict(ROUTES[name].by_caller)
        found[name] = {
            caller: expected(rights, caller, answers.get(caller, ROUTES[name].answer))
            for caller in CALLERS
        }
    return found


def rights_by_route():
    """What each route declares: {method and path: rights}, in the order of ROUTES."""
    found = {}
    for route in Engine(Config(), "postgresql://nowhere/nothing").app().routes:
        path = re.sub(r":\w+}", "}", route.path)
        methods = {"WS"} if isinstance(route, WebSocketRoute) else route.methods or {"GET", "POST"}
        for method in methods:
            if method != "HEAD" or path in HEAD_IS_PROMISED:
                found[f"{method} {path}"] = rights_of_route(route)
    order = list(ROUTES)
    assert set(found) == set(order)
    return dict(sorted(found.items(), key=lambda one: order.index(one[0])))


def test_every_operation_has_a_document():
    assert set(DOCUMENTS) == set(OPERATIONS)


def test_every_route_has_a_sample():
    assert set(rights_by_route()) == set(ROUTES)


def test_every_condition_has_a_call_that_does_not_meet_it():
    conditional = {
        name for name, rights in OPERATIONS.items() if rights.recent_sign_in or rights.role_when
    }

    assert set(EXEMPT) == conditional


async def test_a_declaration_that_is_not_enforced_is_found():
    @strawberry.type
    class Query:
        @strawberry.field
        @needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
        def trusting(self) -> bool:
            return True

        @strawberry.field
        @needs(Role.ADMINISTRATOR)
        def careless(self, info: Info) -> bool:
            info.context.must_be(Role.EDITOR)
            return True

        @strawberry.field
        @needs(Role.ADMINISTRATOR)
        def careful(self, info: Info) -> bool:
            info.context.must_be(Role.ADMINISTRATOR)
            return True

    small = strawberry.Schema(Query)
    describe(small)
    wrong = {}
    for name, rights in rights_by_operation(small).items():
        field = name.partition(".")[2]
        for caller in CALLERS:
            if caller in ("suspended", "expired"):
                continue
            answer = await small.execute(f"{{ {field} }}", context_value=viewer_like(caller))
            error = answer.errors and answer.errors[0].original_error
            found = REFUSED[error.code] if error else "ok"
            if found != expected_of_operation(name, rights, caller):
                wrong.setdefault(field, []).append(caller)

    assert wrong == {
        "trusting": ["stranger", "plain", "editor", "read", "users", "scripts", "stale"],
        "careless": ["editor", "admin", "read", "stale"],
    }


def viewer_like(caller):
    """A viewer as `callers` has one, without a database."""
    if caller == "stranger":
        return Viewer(ActorKind.USER, "anonymous", Origin("tests"))
    return Viewer(
        ActorKind.USER,
        caller,
        Origin("tests"),
        id=uuid4(),
        roles=frozenset({ROLES.get(caller, Role.ADMINISTRATOR)}),
        scopes=frozenset({SCOPES[caller]} if caller in SCOPES else Scope),
        session_id=uuid4() if caller == "stale" else None,
    )


@pytest.fixture
async def callers(served, add_served_person):
    """What each caller sends along, and who it is: {caller: (headers, viewer)}."""
    services = served.engine.services
    people = {
        "plain": await add_served_person("plain"),
        "editor": await add_served_person("editor", Role.EDITOR),
        "admin": await add_served_person("admin", Role.ADMINISTRATOR),
        "stale": await add_served_person("stale", Role.ADMINISTRATOR),
    }
    suspended = await add_served_person("suspended", Role.ADMINISTRATOR)
    session = await services.sessions.begin(suspended, suspended.id, suspended.label, "link")
    await services.users.suspend(ROOT, suspended.id)
    expired = await served.token(people["admin"], expires_at=datetime.now(UTC) + timedelta(days=1))
    await served.engine.db.execute(
        "update api_tokens set expires_at = now() where expires_at is not null"
    )
    by_token = ("plain", "editor", "admin")
    tokens = {name: await served.token(people[name]) for name in by_token} | {"expired": expired}
    for name, scope in SCOPES.items():
        tokens[name] = await served.token(people["admin"], scopes=[scope.value])
    admin, person = people["admin"], people["stale"]
    stale = await services.sessions.begin(person, person.id, person.label, "link")
    await served.engine.db.execute(
        "update sessions set created_at = created_at - interval '1 hour' where id = :id",
        id=stale.session.id,
    )
    headers = {
        "stranger": {},
        "suspended": {"Cookie": f"aiwebengine_session={session.secret}"},
        "stale": {"Cookie": f"aiwebengine_session={stale.secret}"},
        **{name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()},
    }
    return {name: (headers[name], people.get(name, admin)) for name in CALLERS}


@pytest.fixture
def fill(served, add_served_person):
    """Put a new user, with a session and a token, where a document names one, or the caller's.

    A script that a document names is new too; the caller owns it if that is possible.
    """
    number = itertools.count()

    async def fill(text, caller):
        name = f"target{next(number)}"
        # Never both: a user has so many sessions, and then the oldest one ends.
        prefix = "own_" if "$own_" in text else ""
        person = caller if prefix else await add_served_person(name)
        services = served.engine.services
        session = await services.sessions.begin(person, person.id, person.label, "link")
        token = await services.tokens.create(ROOT, person.id, "target")
        if "$script" in text:
            await services.scripts.create(ROOT, name)
            if caller.roles & {Role.EDITOR, Role.ADMINISTRATOR}:
                await services.scripts.add_owner(ROOT, name, caller.label)
        values = {
            "script": name,
            "slug": f"new-{name}",
            "email": f"{name}.invited@example.com",
            f"{prefix}user": person.id,
            f"{prefix}session": session.session.id,
            f"{prefix}token": token.token.id,
        }
        for place, value in values.items():
            text = text.replace(f"${place}", json.dumps(str(value)))
        return text.replace("{id}", str(person.id))

    return fill


async def answered(client, query):
    """What became of a query or mutation."""
    body = (await client.post("/graphql", json={"query": query})).json()
    if "errors" in body:
        code = body["errors"][0]["extensions"]["code"]
        return REFUSED.get(code, code)
    (value,) = body["data"].values()
    return "none" if value is None else "ok"


async def subscribed(client, query, is_refused):
    """What became of a subscription: ok when nothing but silence comes.

    A refusal that is expected is waited for, however busy the machine is.
    """
    headers = {"Accept": "text/event-stream"}
    async with client.stream("POST", "/graphql", json={"query": query}, headers=headers) as answer:
        text = ""
        try:
            async with asyncio.timeout(30 if is_refused else 0.4):
                async for part in answer.aiter_text():
                    text += part
        except TimeoutError:
            pass
    codes = re.findall(r'"code":"(\w+)"', text)
    return {"UNAUTHENTICATED": "401", "FORBIDDEN": "403"}[codes[0]] if codes else "ok"


async def test_every_operation_answers_exactly_the_callers_with_its_rights(served, callers, fill):
    wrong = {}
    for operation, rights in OPERATIONS.items():
        for caller in CALLERS:
            wanted = expected_of_operation(operation, rights, caller)
            found = await call(served, callers, fill, DOCUMENTS[operation], caller, wanted)
            if found != wanted:
                wrong[operation, caller] = found

    assert wrong == {}


async def test_a_condition_leaves_out_all_other_calls(served, callers, fill):
    wrong = {}
    for operation, document in EXEMPT.items():
        rights = replace(OPERATIONS[operation], recent_sign_in=None)
        if rights.role_when:
            rights = replace(rights, roles=())
        for caller in CALLERS:
            wanted = expected_of_operation(operation, rights, caller)
            found = await call(served, callers, fill, document, caller, wanted)
            if found != wanted:
                wrong[operation, caller] = found

    assert wrong == {}


async def call(served, callers, fill, document, caller, wanted):
    """What becomes of a document that a caller sends, who should get *wanted*."""
    headers, viewer = callers[caller]
    text = await fill(document, viewer)
    async with httpx2.AsyncClient(
        base_url=served.base, headers={"Origin": served.base, **headers}
    ) as client:
        if text.startswith("subscription"):
            found = await subscribed(client, text, wanted != "ok")
        else:
            found = await answered(client, text)
    # One backup at a time, and one run of a task: the next caller must not meet this one's.
    await served.engine.services.backups.stop()
    await task_is_over(served.engine.db)
    return found


async def task_is_over(db):
    running = "select exists (select from runs where task = 'end-grants' and ended_at is null)"
    async with asyncio.timeout(30):
        while await db.value(running):
            await asyncio.sleep(0.02)


async def test_every_route_answers_exactly_the_callers_with_its_rights(served, callers, fill):
    # Until the scripts are read, their schema is not there.
    await served.engine.scripting.active.refresh()
    await served.engine.scripting.fields.refresh()
    found = {}
    for route in rights_by_route():
        method = route.split()[0]
        visit = reach if method == "WS" else request
        found[route] = {}
        for caller in CALLERS:
            headers, viewer = callers[caller]
            path = await fill(ROUTES[route].path, viewer)
            found[route][caller] = await visit(served.base, method, path, headers)

    assert found == expected_of_routes()


async def request(base, method, path, headers):
    """The status of a request as a script sends it."""
    body = (
        {"role": "Administrator", "action": "add"}
        if "roles" in path
        else {"query": "{ __typename }"}
    )
    is_graphql = path in ("/graphql", "/scripts/graphql")
    query = {"query": "{ __schema { __typename } }"} if is_graphql else None
    async with httpx2.AsyncClient(base_url=base) as client:
        answer = await client.request(
            method,
            path,
            headers={"Origin": base, "Accept": "application/json", **headers},
            params=query if method == "GET" else None,
            json=body if method == "POST" else None,
        )
    codes = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403}
    if is_graphql and "errors" in answer.json():
        return str(codes[answer.json()["errors"][0]["extensions"]["code"]])
    if answer.status_code == 403 and answer.json()["code"] == "REAUTHENTICATION_REQUIRED":
        return "again"
    return str(answer.status_code)


async def reach(base, _, path, headers):
    """What becomes of a query through a socket."""
    async with websockets.connect(
        base.replace("http:", "ws:") + path,
        subprotocols=["graphql-transport-ws"],
        additional_headers=headers,
        origin=base,
    ) as socket:
        await socket.send('{"type": "connection_init"}')
        try:
            await socket.recv()
        except websockets.ConnectionClosed as closed:
            return {4403: "401"}[closed.rcvd.code]
        payload = {"query": "{ __schema { __typename } }"}
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        answer = json.loads(await socket.recv())
    if answer["type"] == "next":
        return "200"
    return {"UNAUTHENTICATED": "401"}[answer["payload"][0]["extensions"]["code"]]
