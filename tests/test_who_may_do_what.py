"""Who may do what: every operation and every route, asked by everybody.

ok: answered · none: answered with null · 401, 403, 404, 409: refused as GraphQL's UNAUTHENTICATED,
FORBIDDEN, NOT_FOUND and CONFLICT, or with that status · another number: that status.

stranger: nobody signed in · plain, editor, admin: signed in with no role, Editor, Administrator ·
suspended: an administrator's session after the suspension · expired: an administrator's token
after its end · read, users, ops: an administrator's token with the scope `read`, `users:write` or
`ops:write` alone · stale: an administrator's session whose sign-in is not recent; again: refused as
REAUTHENTICATION_REQUIRED.
"""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import websockets
from starlette.routing import Route, WebSocketRoute

from aiwebengine.app.engine import Engine
from aiwebengine.app.schema import schema
from aiwebengine.core.identity import Role, Scope, operator
from aiwebengine.core.recent_sign_in import SensitiveAction, condition

OPERATIONS = """
                                stranger plain editor admin suspended expired read users ops stale
Query.viewer                    none     ok    ok     ok    none      401     ok   ok    ok  ok
Query.user                      401      403   403    ok    401       401     ok   403   403 ok
Query.users                     401      403   403    ok    401       401     ok   403   403 ok
Query.roles                     401      403   403    ok    401       401     ok   403   403 ok
Query.auditEvents               401      403   403    ok    401       401     ok   403   403 ok
Query.logEntries                401      403   403    ok    401       401     ok   403   403 ok
Query.systemStats               401      403   403    ok    401       401     ok   403   403 ok
Query.sessions                  401      403   403    ok    401       401     ok   403   403 ok
Query.apiTokens                 401      403   403    ok    401       401     ok   403   403 ok
Query.migrations                401      403   403    ok    401       401     ok   403   403 ok
Query.database                  401      403   403    ok    401       401     ok   403   403 ok
Query.healthChecks              401      403   403    ok    401       401     ok   403   403 ok
Query.engineState               401      403   403    ok    401       401     ok   403   403 ok
Query.alerts                    401      403   403    ok    401       401     ok   403   403 ok
Query.backups                   401      403   403    ok    401       401     ok   403   403 ok
Query.backupRuns                401      403   403    ok    401       401     ok   403   403 ok
Query.drills                    401      403   403    ok    401       401     ok   403   403 ok
Query.backupStorageProblem      401      403   403    none  401       401     none 403   403 none
Query.backupOverview            401      403   403    ok    401       401     ok   403   403 ok
Query.restorePreview            401      403   403    404   401       401     404  403   403 404
Query.keptDatabases             401      403   403    ok    401       401     ok   403   403 ok
Query.undoRestorePreview        401      403   403    404   401       401     404  403   403 404
Mutation.createBackup           401      403   403    ok    401       401     403  403   ok  ok
Mutation.verifyBackup           401      403   403    404   401       401     403  403   404 404
Mutation.deleteBackup           401      403   403    404   401       401     403  403   404 again
Mutation.restoreBackup          401      403   403    404   401       401     403  403   404 again
Mutation.undoRestore            401      403   403    404   401       401     403  403   404 again
Mutation.runDrill               401      403   403    404   401       401     403  403   404 again
Mutation.grantRole              401      403   403    ok    401       401     403  ok    403 again
Mutation.revokeRole             401      403   403    ok    401       401     403  ok    403 again
Mutation.inviteUser             401      403   403    ok    401       401     403  ok    403 again
Mutation.suspendUser            401      403   403    ok    401       401     403  ok    403 again
Mutation.reinstateUser          401      403   403    ok    401       401     403  ok    403 again
Mutation.deleteUser             401      403   403    ok    401       401     403  ok    403 again
Mutation.revokeSession          401      403   403    ok    401       401     403  ok    403 again
Mutation.revokeAllSessions      401      403   403    ok    401       401     403  ok    403 again
Mutation.createApiToken         401      403   403    ok    401       401     403  ok    403 again
Mutation.revokeApiToken         401      403   403    ok    401       401     403  ok    403 again
Mutation.vacuumDatabase         401      403   403    ok    401       401     403  403   ok  ok
Mutation.sendTestAlert          401      403   403    409   401       401     403  403   409 409
Query.maintenance               401      403   403    ok    401       401     ok   403   403 ok
Query.scheduledTasks            401      403   403    ok    401       401     ok   403   403 ok
Query.taskRuns                  401      403   403    ok    401       401     ok   403   403 ok
Query.accessReviews             401      403   403    ok    401       401     ok   403   403 ok
Query.accessReview              401      403   403    none  401       401     none 403   403 none
Query.signingKeys               401      403   403    ok    401       401     ok   403   403 ok
Mutation.tickMaintenanceItem    401      403   403    ok    401       401     403  403   ok  ok
Mutation.runMaintenanceTask     401      403   403    ok    401       401     403  403   ok  again
Mutation.stopMaintenanceTask    401      403   403    404   401       401     403  403   404 404
Mutation.startAccessReview      401      403   403    ok    401       401     403  ok    403 ok
Mutation.submitAccessReview     401      403   403    404   401       401     403  404   403 again
Mutation.rotateSecrets          401      403   403    ok    401       401     403  403   ok  again
Subscription.userChanged        401      403   403    ok    401       401     ok   403   403 ok
Subscription.auditEventAdded    401      403   403    ok    401       401     ok   403   403 ok
Subscription.systemStats        401      403   403    ok    401       401     ok   403   403 ok
Subscription.logEntryAdded      401      403   403    ok    401       401     ok   403   403 ok
"""

# Signing out comes last: it ends the sessions that the other rows are asked with.
ROUTES = """
                                         stranger plain editor admin suspended expired read users ops stale
GET /                                    200      200   200    200   200       401     200  200   200 200
GET /health                              200      200   200    200   200       200     200  200   200 200
HEAD /health                             200      200   200    200   200       200     200  200   200 200
GET /.well-known/security.txt            404      404   404    404   404       404     404  404   404 404
GET /metrics                             401      403   403    200   401       401     200  403   403 200
GET /graphql                             401      200   200    200   401       401     200  200   200 200
POST /graphql                            200      200   200    200   200       401     200  200   200 200
WS /graphql                              401      200   200    200   401       401     200  200   200 200
GET /auth/login                          200      303   303    303   200       401     303  303   303 303
GET /auth/login/nowhere                  404      404   404    404   404       404     404  404   404 404
GET /auth/callback/nowhere               404      404   404    404   404       404     404  404   404 404
POST /auth/callback/nowhere              404      404   404    404   404       404     404  404   404 404
GET /auth/link                           401      401   401    401   401       401     401  401   401 401
GET /api/engine/admin/users              401      403   403    200   401       401     200  403   403 200
POST /api/engine/admin/users/{id}/roles  401      403   403    200   401       401     403  200   403 again
GET /api/engine/admin/audit              401      403   403    200   401       401     200  403   403 200
GET /api/engine/admin/logs               401      403   403    200   401       401     200  403   403 200
GET /api/engine/admin/reviews/1          401      403   403    404   401       401     404  403   403 404
GET /api/engine/admin/backups/{id}       401      403   403    404   401       401     403  403   404 again
GET /engine/admin                        401      403   403    200   401       401     200  403   403 200
GET /engine/admin/users                  401      403   403    200   401       401     200  403   403 200
GET /editor                              401      403   200    200   401       401     200  403   403 200
GET /assets/0/nothing.js                 404      404   404    404   404       404     404  404   404 404
POST /auth/logout                        204      204   204    204   204       401     204  204   204 204
"""  # noqa: E501 - a table

DOCUMENTS = {
    "Query.viewer": "{ viewer { id } }",
    "Query.user": "{ user(id: $user) { id } }",
    "Query.users": "{ users { totalCount } }",
    "Query.roles": "{ roles { role } }",
    "Query.auditEvents": "{ auditEvents { totalCount } }",
    "Query.logEntries": "{ logEntries { nodes { id } } }",
    "Query.systemStats": "{ systemStats { at } }",
    "Query.sessions": "{ sessions(userId: $user) { id } }",
    "Query.apiTokens": "{ apiTokens(userId: $user) { id } }",
    "Query.migrations": "{ migrations { state } }",
    "Query.database": "{ database { version tables { name } } }",
    "Query.healthChecks": "{ healthChecks { name } }",
    "Query.engineState": "{ engineState { state } }",
    "Query.alerts": "{ alerts { totalCount } }",
    "Query.backups": "{ backups { totalCount } }",
    "Query.backupRuns": "{ backupRuns { totalCount } }",
    "Query.drills": "{ drills { totalCount } }",
    "Query.backupStorageProblem": "{ backupStorageProblem }",
    "Query.backupOverview": "{ backupOverview { totalBytes } }",
    "Query.restorePreview": '{ restorePreview(backupName: "x") { takenAt } }',
    "Query.keptDatabases": "{ keptDatabases { name } }",
    "Query.undoRestorePreview": '{ undoRestorePreview(database: "x") { takenAt } }',
    "Mutation.undoRestore": 'mutation { undoRestore(input: {database: "x"}) { run { id } } }',
    "Mutation.createBackup": "mutation { createBackup(input: {}) { backup { name } } }",
    "Mutation.verifyBackup": 'mutation { verifyBackup(input: {name: "x"}) { run { id } } }',
    "Mutation.deleteBackup": 'mutation { deleteBackup(input: {name: "x"}) { run { id } } }',
    "Mutation.restoreBackup": (
        'mutation { restoreBackup(input: {name: "x", confirm: "x"}) { run { id } } }'
    ),
    "Mutation.runDrill": 'mutation { runDrill(input: {name: "x"}) { run { id } } }',
    "Mutation.grantRole": (
        "mutation { grantRole(input: {userId: $user, role: EDITOR}) { changed } }"
    ),
    "Mutation.revokeRole": (
        "mutation { revokeRole(input: {userId: $user, role: EDITOR}) { changed } }"
    ),
    "Mutation.inviteUser": "mutation { inviteUser(input: {email: $email}) { user { id } } }",
    "Mutation.suspendUser": "mutation { suspendUser(input: {userId: $user}) { user { id } } }",
    "Mutation.reinstateUser": "mutation { reinstateUser(input: {userId: $user}) { user { id } } }",
    "Mutation.deleteUser": "mutation { deleteUser(input: {userId: $user}) { user { id } } }",
    "Mutation.revokeSession": (
        "mutation { revokeSession(input: {sessionId: $session}) { revokedCount } }"
    ),
    "Mutation.revokeAllSessions": (
        "mutation { revokeAllSessions(input: {userId: $user}) { revokedCount } }"
    ),
    "Mutation.createApiToken": 'mutation { createApiToken(input: {name: "x"}) { secret } }',
    "Mutation.revokeApiToken": (
        "mutation { revokeApiToken(input: {tokenId: $token}) { apiToken { id } } }"
    ),
    "Mutation.vacuumDatabase": (
        'mutation { vacuumDatabase(input: {tables: ["settings"]}) { run { id } } }'
    ),
    "Mutation.sendTestAlert": "mutation { sendTestAlert(input: {}) { results { delivered } } }",
    "Query.maintenance": "{ maintenance { overdue } }",
    "Query.scheduledTasks": "{ scheduledTasks { name } }",
    "Query.taskRuns": "{ taskRuns { totalCount } }",
    "Query.accessReviews": "{ accessReviews { totalCount } }",
    "Query.accessReview": "{ accessReview { id } }",
    "Query.signingKeys": "{ signingKeys { number } }",
    "Mutation.tickMaintenanceItem": (
        'mutation { tickMaintenanceItem(input: {name: "documentation"}) { item { name } } }'
    ),
    "Mutation.runMaintenanceTask": (
        'mutation { runMaintenanceTask(input: {name: "end-grants"}) { run { id } } }'
    ),
    "Mutation.stopMaintenanceTask": (
        'mutation { stopMaintenanceTask(input: {runId: "x"}) { run { id } } }'
    ),
    "Mutation.startAccessReview": ("mutation { startAccessReview(input: {}) { review { id } } }"),
    "Mutation.submitAccessReview": (
        "mutation { submitAccessReview(input: {decisions: ["
        "{userId: $user, role: EDITOR, decision: KEEP}]}) { review { id } } }"
    ),
    "Mutation.rotateSecrets": "mutation { rotateSecrets(input: {}) { signingKeys { number } } }",
    "Subscription.userChanged": "subscription { userChanged { user { id } } }",
    "Subscription.auditEventAdded": "subscription { auditEventAdded { id } }",
    "Subscription.systemStats": "subscription { systemStats { at } }",
    "Subscription.logEntryAdded": "subscription { logEntryAdded { id } }",
}

# Where it is the object that asks for a recent sign-in: the one that does.
GRAVEST = {
    "Mutation.grantRole": DOCUMENTS["Mutation.grantRole"].replace("EDITOR", "ADMINISTRATOR"),
    "Mutation.inviteUser": DOCUMENTS["Mutation.inviteUser"].replace(
        "$email", "$email, roles: [EDITOR]"
    ),
    "Mutation.revokeRole": DOCUMENTS["Mutation.revokeRole"].replace("EDITOR", "ADMINISTRATOR"),
    "Mutation.submitAccessReview": DOCUMENTS["Mutation.submitAccessReview"]
    .replace("EDITOR", "ADMINISTRATOR")
    .replace("KEEP", "REVOKE"),
}

# The columns that tell of scopes, and which ones.
SCOPES = {"read": Scope.READ, "users": Scope.USERS_WRITE, "ops": Scope.OPS_WRITE}

REFUSED = {
    "UNAUTHENTICATED": "401",
    "FORBIDDEN": "403",
    "NOT_FOUND": "404",
    "CONFLICT": "409",
    "REAUTHENTICATION_REQUIRED": "again",
}

ROOT = operator("tests")


def rows(table):
    """The table as {row: {caller: expected}}."""
    header, *lines = (line for line in table.splitlines() if line.strip())
    callers = header.split()
    cells = [line.rsplit(maxsplit=len(callers)) for line in lines]
    return {row.strip(): dict(zip(callers, rest, strict=True)) for row, *rest in cells}


def test_every_operation_has_a_row_and_a_document():
    types = {name: schema._schema.type_map[name] for name in ("Query", "Mutation", "Subscription")}
    fields = {f"{name}.{field}" for name, kind in types.items() for field in kind.fields}

    assert set(rows(OPERATIONS)) == fields
    assert set(DOCUMENTS) == fields


def test_an_operation_says_that_it_needs_a_recent_sign_in_and_no_other_does():
    asks = {row for row, cells in rows(OPERATIONS).items() if cells["stale"] == "again"}
    types = {name: schema._schema.type_map[name] for name in ("Query", "Mutation", "Subscription")}
    says = {
        f"{name}.{field}"
        for name, kind in types.items()
        for field, one in kind.fields.items()
        if "recent sign-in" in one.description
    }

    assert says == asks
    assert {row for row in rows(OPERATIONS) if condition(row) is not None} == asks


def test_a_route_asks_for_a_recent_sign_in_when_the_list_says_so_and_no_other_does():
    asks = {row for row, cells in rows(ROUTES).items() if cells["stale"] == "again"}
    listed = {
        place
        for act in SensitiveAction
        for place in act.value.by
        if not place.startswith("Mutation.")
    }

    found = {row for place in listed for row in rows_of(*place.split())}
    assert found == asks


def test_every_route_has_a_row(engine: Engine):
    routes = set()
    for route in engine.app().routes:
        if isinstance(route, WebSocketRoute):
            routes.add(("WS", route.path))
        elif isinstance(route, Route):
            routes |= {(method, route.path) for method in route.methods or ("GET", "POST")}
    # HEAD is answered wherever GET is; /health alone promises it.
    routes = {(method, path) for method, path in routes if method != "HEAD" or path == "/health"}
    for method, path in routes:
        assert rows_of(method, path), f"no row for {method} {path}"


def rows_of(method, path):
    """The rows of a route, by its pattern: {row: {caller: expected}}."""
    shape = path.split("/")
    return {
        row: cells
        for row, cells in rows(ROUTES).items()
        if row.split()[0] == method and len(row.split("/")) == len(shape)
        if all(
            mine.startswith("{") or mine == its
            for mine, its in zip(shape, row.split()[1].split("/"), strict=True)
        )
    }


@pytest.fixture
async def callers(served, add_served_person):
    """What each caller sends along: {caller: headers}."""
    services = served.engine.services
    people = {
        "plain": await add_served_person("plain"),
        "editor": await add_served_person("editor", Role.EDITOR),
        "admin": await add_served_person("admin", Role.ADMINISTRATOR),
    }
    suspended = await add_served_person("suspended", Role.ADMINISTRATOR)
    session = await services.sessions.begin(suspended, suspended.id, suspended.label, "link")
    await services.users.suspend(ROOT, suspended.id)
    expired = await served.token(people["admin"], expires_at=datetime.now(UTC) + timedelta(days=1))
    await served.engine.db.execute(
        "update api_tokens set expires_at = now() where expires_at is not null"
    )
    tokens = {name: await served.token(person) for name, person in people.items()}
    tokens |= {"expired": expired}
    for name, scope in SCOPES.items():
        tokens[name] = await served.token(people["admin"], scopes=[scope.value])
    admin = people["admin"]
    stale = await services.sessions.begin(admin, admin.id, admin.label, "link")
    await served.engine.db.execute(
        "update sessions set created_at = created_at - interval '1 hour' where id = :id",
        id=stale.session.id,
    )
    return {
        "stranger": {},
        "suspended": {"Cookie": f"aiwebengine_session={session.secret}"},
        "stale": {"Cookie": f"aiwebengine_session={stale.secret}"},
        **{name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()},
    }


@pytest.fixture
def fill(served, add_served_person):
    """Put a new user, with a session and a token, where a document names one."""
    number = iter(range(1_000))

    async def fill(text):
        name = f"target{next(number)}"
        target = await add_served_person(name)
        services = served.engine.services
        session = await services.sessions.begin(target, target.id, target.label, "link")
        token = await services.tokens.create(ROOT, target.id, "target")
        values = {
            "$user": target.id,
            "$session": session.session.id,
            "$token": token.token.id,
            "$email": f"{name}.invited@example.com",
        }
        for place, value in values.items():
            text = text.replace(place, json.dumps(str(value)))
        return text.replace("{id}", str(target.id))

    return fill


async def answered(client, query):
    """What became of a query or mutation."""
    body = (await client.post("/graphql", json={"query": query})).json()
    if "errors" in body:
        code = body["errors"][0]["extensions"]["code"]
        return REFUSED.get(code, code)
    (value,) = body["data"].values()
    return "none" if value is None else "ok"


async def subscribed(client, query):
    """What became of a subscription: ok when nothing but silence comes."""
    headers = {"Accept": "text/event-stream"}
    async with client.stream("POST", "/graphql", json={"query": query}, headers=headers) as answer:
        text = ""
        try:
            async with asyncio.timeout(0.4):
                async for part in answer.aiter_text():
                    text += part
        except TimeoutError:
            pass
    codes = re.findall(r'"code":"(\w+)"', text)
    return {"UNAUTHENTICATED": "401", "FORBIDDEN": "403"}[codes[0]] if codes else "ok"


async def test_every_operation_answers_who_may_and_nobody_else(served, callers, fill):
    table, found = rows(OPERATIONS), {}
    for row in table:
        found[row] = {}
        ask = subscribed if row.startswith("Subscription") else answered
        for caller in table[row]:
            documents = DOCUMENTS | GRAVEST if caller == "stale" else DOCUMENTS
            async with httpx2.AsyncClient(
                base_url=served.base, headers={"Origin": served.base, **callers[caller]}
            ) as client:
                found[row][caller] = await ask(client, await fill(documents[row]))
            # One backup at a time, and one run of a task: the next who may begin one must not
            # meet this one's.
            await served.engine.services.backups.stop()
            await task_is_over(served.engine.db)

    assert found == table


async def task_is_over(db):
    running = "select exists (select from task_runs where task = 'end-grants' and ended_at is null)"
    async with asyncio.timeout(30):
        while await db.value(running):
            await asyncio.sleep(0.02)


async def test_every_route_answers_who_may_and_nobody_else(served, callers, fill):
    table, found = rows(ROUTES), {}
    for row in table:
        method, path = row.split()
        found[row] = {}
        for caller in table[row]:
            visit = reach if method == "WS" else request
            role = "Administrator" if caller == "stale" else "Editor"
            found[row][caller] = await visit(
                served.base, method, await fill(path), callers[caller], role
            )

    assert found == table


async def request(base, method, path, headers, role):
    """The status of a request as a script sends it."""
    body = {"role": role, "action": "add"} if "roles" in path else {"query": "{ __typename }"}
    query = {"query": "{ __schema { __typename } }"} if path == "/graphql" else None
    async with httpx2.AsyncClient(base_url=base) as client:
        answer = await client.request(
            method,
            path,
            headers={"Origin": base, "Accept": "application/json", **headers},
            params=query if method == "GET" else None,
            json=body if method == "POST" else None,
        )
    codes = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403}
    if path == "/graphql" and "errors" in answer.json():
        return str(codes[answer.json()["errors"][0]["extensions"]["code"]])
    if answer.status_code == 403 and answer.json()["code"] == "REAUTHENTICATION_REQUIRED":
        return "again"
    return str(answer.status_code)


async def reach(base, _, path, headers, __):
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
