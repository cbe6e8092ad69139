"""How many statements each operation sends: never more because there is more to show."""

from datetime import UTC, datetime

import pytest
from graphql import GraphQLObjectType, get_named_type, is_required_argument
from tests.conftest import link

from aiwebengine.app.schema import schema
from aiwebengine.core.identity import Profile, Role, operator
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.limits import Limits
from aiwebengine.graphql.requests import GraphQLRequest
from aiwebengine.script_requests.types import NewRequest
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.log_types import LogLevel, NewLogLine

QUERY = schema._schema.query_type
MUTATION = schema._schema.mutation_type
# What a field shows of itself again, deeper down, is left out.
DEPTH = 5
FEW, MANY = 2, 9

ARGUMENTS = {
    "user": "(id: $user)",
    "sessions": "(userId: $user)",
    "apiTokens": "(userId: $user)",
    "script": '(slug: "script-0")',
    "scriptVersion": '(slug: "script-0", number: 1)',
    "scriptDiff": '(slug: "script-0", from: 1, to: 2)',
    "scriptSchedules": '(slug: "script-0")',
    "scriptScheduleRuns": '(slug: "script-0")',
    "scriptMessages": '(slug: "script-0")',
    "scriptStreams": '(slug: "script-0")',
    "scriptRequests": '(slug: "script-0")',
    "scriptFailures": '(slug: "script-0")',
    "scriptUserRoles": '(slug: "script-0")',
    "scriptAssets": '(slug: "script-0")',
    "scriptValues": '(slug: "script-0")',
    "scriptValue": '(slug: "script-0", key: "a")',
    "scriptValueHolders": '(slug: "script-0")',
    "scriptTables": '(slug: "script-0")',
}
CHANGES = {
    "grantRole": "(input: {userId: $user, role: EDITOR})",
    "revokeRole": "(input: {userId: $user, role: EDITOR})",
    "suspendUser": "(input: {userId: $user})",
    "reinstateUser": "(input: {userId: $user})",
    "revokeAllSessions": "(input: {userId: $user})",
    "createApiToken": '(input: {name: "more"})',
    "revokeSession": "(input: {sessionId: $session})",
    "revokeApiToken": "(input: {tokenId: $token})",
    "deleteUser": "(input: {userId: $user})",
    "inviteUser": '(input: {email: "new@example.com"})',
    "startAccessReview": "(input: {})",
    "tickMaintenanceItem": '(input: {name: "documentation"})',
    "rotateSecrets": "(input: {})",
    "createScript": '(input: {slug: "new-script"})',
    "saveScript": '(input: {slug: "own-script", files: [{path: "main.ts", text: ""}]})',
    "saveScriptDraft": (
        '(input: {slug: "own-script", baseVersion: 1, files: [{path: "a.ts", text: ""}]})'
    ),
    "discardScriptDraft": '(input: {slug: "own-script"})',
    "setScriptLimits": '(input: {slug: "own-script", limits: {heapMb: 64}})',
    "setScriptSecret": '(input: {slug: "own-script", name: "KEY", value: "x", hosts: []})',
    "removeScriptSecret": '(input: {slug: "own-script", name: "OLD"})',
    "setScriptFetchHosts": '(input: {slug: "own-script", hosts: ["api.example"]})',
    "suspendScript": '(input: {slug: "own-script"})',
    "bindScriptHost": '(input: {slug: "own-script", host: "own.example"})',
    "setScriptTitle": '(input: {slug: "own-script", title: "Shop"})',
    "setScriptPageMode": '(input: {slug: "own-script", pageMode: SANDBOXED})',
    "retryScriptMessages": '(input: {slug: "own-script"})',
    "discardScriptMessages": '(input: {slug: "own-script"})',
    "resumeScript": '(input: {slug: "own-script"})',
    "deleteScript": '(input: {slug: "own-script"})',
    "restoreScript": '(input: {slug: "deleted-script"})',
    "addScriptOwner": '(input: {slug: "own-script", email: "ada@example.com"})',
    "removeScriptOwner": '(input: {slug: "own-script", email: "ada@example.com"})',
    "saveScriptRequest": '(input: {slug: "own-script", name: "Ada", path: "/"})',
    "deleteScriptRequest": '(input: {slug: "own-script", id: $request})',
    "grantScriptRole": '(input: {slug: "own-script", email: "ada@example.com", role: "a"})',
    "revokeScriptRole": '(input: {slug: "own-script", email: "ada@example.com", role: "a"})',
    "setScriptValue": '(input: {slug: "own-script", key: "new", json: "1", version: 0})',
}
# These start work beside the request (archives, vacuum, letters, processes of scripts), whose
# statements are their own, or write one row for each decision that is handed in. The last four
# write to tables on connections of a script, or name the version of what they delete.
WORK = {
    "createBackup",
    "verifyBackup",
    "deleteBackup",
    "restoreBackup",
    "undoRestore",
    "runDrill",
    "vacuumDatabase",
    "sendTestAlert",
    "runMaintenanceTask",
    "stopMaintenanceTask",
    "submitAccessReview",
    "checkScript",
    "checkScriptTypes",
    "formatScriptFile",
    "deployScript",
    "rollBackScript",
    "runScript",
    "testScript",
    "evaluateScript",
    "replayScriptInvocation",
    "runScriptSchedule",
    "updateScriptRow",
    "insertScriptRow",
    "deleteScriptRow",
    "deleteScriptValue",
}
# These read an archive and ask on connections of their own; tests/backups/test_undoing.py counts
# what they read.
PREVIEWS = {"restorePreview", "undoRestorePreview"}
# These read tables of a script, on its own connections: one statement for a page of any size.
OF_TABLES = {"scriptTable", "scriptRows", "scriptRow"}
MOST = {"grantRole": 8, "revokeRole": 8}
"""Without the payload: the transaction's lock, the checks, the change, and its event."""


def selection(kind, seen=()):
    """Everything that a type shows, but not its own kind below itself."""
    kind = get_named_type(kind)
    if not isinstance(kind, GraphQLObjectType):
        return ""
    if kind.name in seen or len(seen) == DEPTH:
        return None
    written = []
    for name, field in kind.fields.items():
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue
        inner = selection(field.type, (*seen, kind.name))
        if inner is not None:
            written.append(f"{name} {inner}")
    return "{ " + " ".join(written) + " }" if written else None


@pytest.fixture
def counted(engine):
    """Execute an operation as somebody; the statements that it sent, and its data."""
    executor = Executor(schema, Limits(cost=10**9, tokens=10**6, depth=20), lambda _: True)
    ran = []
    engine.db.observers.append(lambda statement: ran.append(statement.sql))

    async def count(viewer, text, **variables):
        request = GraphQLRequest(text, variables)
        operation = executor.prepare(request)
        ran.clear()
        answer = await executor.answer(operation, engine.context(viewer, engine.cursors), "test")
        assert "errors" not in answer.body, answer.body["errors"]
        return len(ran), answer.body["data"]

    return count


@pytest.fixture
def populate(engine, add_person, ada):
    """So many people, who each have of everything."""

    async def populate(numbers):
        services, maker = engine.services, operator("tests")
        for number in numbers:
            person = await add_person(f"person{number}", Role.EDITOR, Role.ADMINISTRATOR)
            profile = Profile("google", f"{number}", f"person{number}@example.com", True, "P")
            await link(engine, profile)
            await services.sessions.begin(maker, person.id, person.label, "link")
            await services.tokens.create(maker, person.id, "scripts")
            await write_scripts(services, person, number, ada)
        return person

    return populate


async def write_scripts(services, person, number, ada):
    """A script of a person with a log, a deleted one, and a version of everybody's script."""
    own, scripts = f"script-{number}", services.scripts
    await scripts.create(person, f"deleted-{number}")
    await scripts.delete(person, f"deleted-{number}")
    script = await scripts.create(person, own)
    await scripts.add_owner(person, own, ada.label)
    for slug in (own, "script-0"):
        files = {"main.ts": f"// {slug} {number}".encode(), "logo.png": bytes([255, number])}
        await scripts.save(ada, slug, tree_of(files), base_version=None)
    for slug in {own, "script-0"}:
        request = NewRequest(f"Ask {number}", "GET", "/", (), "", False)
        await services.script_requests.save(ada, slug, None, request)
    await services.script_secrets.set(ada, own, "OLD", "x", ["api.example"])
    line = NewLogLine(script.key, 1, datetime.now(UTC), LogLevel.INFO, "a line")
    await scripts.write_log([line] * (number + 1))


@pytest.mark.parametrize("name", sorted(set(QUERY.fields) - PREVIEWS - OF_TABLES))
async def test_a_query_sends_no_more_when_there_is_more_to_show(
    counted, populate, ada, name, engine
):
    person = await populate(range(FEW))
    shown = selection(QUERY.fields[name].type) or ""
    given = ARGUMENTS.get(name, "")
    head = "query ($user: ID!)" if "$user" in given else ""
    values = {"user": str(person.id)} if head else {}
    text = f"{head} {{ {name}{given} {shown} }}"
    await engine.services.access_reviews.start(ada)
    # What is worked out at the first time, and kept, is not what is looked for.
    await counted(ada, text, **values)

    few = max(await three_times(counted, ada, text, values))
    await populate(range(FEW, MANY))
    many = min(await three_times(counted, ada, text, values))

    assert many <= few


async def three_times(counted, viewer, text, values):
    """The statements of a query: some results are kept for seconds, and loaders that wait for
    others may or may not be ready for the same statement.
    """
    return [(await counted(viewer, text, **values))[0] for _ in range(3)]


@pytest.mark.parametrize("name", sorted(CHANGES))
async def test_a_mutation_sends_no_more_when_there_is_more_to_show(counted, populate, ada, name):
    shown = selection(MUTATION.fields[name].type)

    async def change(person):
        number = person.label.removeprefix("person").partition("@")[0]
        requests = (await counted(ada, REQUESTS, slug=f"script-{number}"))[1]["scriptRequests"]
        sessions = (await counted(ada, SESSIONS, user=str(person.id)))[1]["user"]
        given = {
            "user": str(person.id),
            "session": sessions["sessions"][0]["id"],
            "token": sessions["apiTokens"][0]["id"],
            "request": requests[0]["id"],
        }
        keys = [key for key in given if f"${key}" in CHANGES[name]]
        head = f"mutation ({', '.join(f'${key}: ID!' for key in keys)})" if keys else "mutation"
        values = {key: given[key] for key in keys}
        text = f"{head} {{ {name}{CHANGES[name]} {shown} }}"
        names = {
            "new@": f"new{person.id.hex}@",
            "new-script": f"new-{number}",
            "own-script": f"script-{number}",
            "deleted-script": f"deleted-{number}",
        }
        for name_there, name_here in names.items():
            text = text.replace(name_there, name_here)
        return (await counted(ada, text, **values))[0]

    few = await change(await populate(range(FEW)))
    many = await change(await populate(range(FEW, MANY)))

    assert many <= few


REQUESTS = "query ($slug: String!) { scriptRequests(slug: $slug) { id } }"
SESSIONS = "query ($user: ID!) { user(id: $user) { sessions { id } apiTokens { id } } }"


@pytest.mark.parametrize("name", MOST)
async def test_a_change_of_role_stays_as_short_as_it_is(counted, add_person, ada, name):
    role = [Role.EDITOR] if name == "revokeRole" else []
    person = await add_person("person", *role)
    text = f"mutation ($user: ID!) {{ {name}{CHANGES[name]} {{ changed user {{ id roles }} }} }}"

    number, data = await counted(ada, text, user=str(person.id))

    assert data[name]["changed"]
    assert number <= MOST[name]


def test_every_mutation_is_counted_or_known_to_work_beside():
    assert set(CHANGES) | WORK == set(MUTATION.fields)
    assert not set(CHANGES) & WORK
