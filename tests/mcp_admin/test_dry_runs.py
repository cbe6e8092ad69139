"""`dryRun`: the audit events that a change would write, and nothing else."""

import pytest

from aiwebengine.app.schema import schema
from aiwebengine.core.identity import Role
from aiwebengine.mcp_admin import dry_runs
from aiwebengine.mcp_admin.operations import operations_of
from aiwebengine.mcp_admin.service import SECRET_ARGUMENTS, hidden
from aiwebengine.script_requests.types import NewRequest

MUTATIONS = {one.name for one in operations_of(schema).values() if one.is_mutation}

# What the changes write to. Other tables change by themselves, such as those of alerts.
CHANGED = (
    "access_review_entries",
    "access_reviews",
    "identities",
    "script_blobs",
    "script_draft_files",
    "script_drafts",
    "script_fetch_hosts",
    "script_files",
    "script_requests",
    "script_owners",
    "script_secrets",
    "script_user_roles",
    "script_routes",
    "script_versions",
    "scripts",
    "sessions",
    "signing_keys",
    "user_addresses",
    "user_roles",
    "users",
)


async def contents(db):
    """Each of these tables as text."""
    found = {
        name: await db.value(f"select string_agg(t::text, '|' order by t::text) from {name} t")
        for name in CHANGED
    }
    # The other columns note the use of a token.
    found["api_tokens"] = await db.value(
        "select string_agg(concat_ws(' ', id, name, revoked_at), '|' order by id) from api_tokens"
    )
    return found


def test_every_mutation_is_classified():
    known = dry_runs.ROLLED_BACK | dry_runs.REFUSED.keys()

    assert MUTATIONS - known == set(), (
        "say in aiwebengine/mcp_admin/dry_runs.py whether these can be rolled back"
    )
    assert not dry_runs.ROLLED_BACK & dry_runs.REFUSED.keys()


def test_a_mutation_that_is_not_classified_is_refused():
    assert dry_runs.refusal("somethingNew") == dry_runs.UNKNOWN


@pytest.fixture
async def scene(served, ada, alan, add_served_person, connect):
    """What the changes below are about."""
    edith = await add_served_person("edith", Role.EDITOR)
    services = served.engine.services
    session = await services.sessions.begin(alan, alan.id, alan.label, "link")
    token = await services.tokens.create(ada, alan.id, "x")
    for slug in ("notes", "old", "tired"):
        await services.scripts.create(edith, slug)
    wanted = NewRequest("Ask", "GET", "/", (), "", False)
    request = await services.script_requests.save(edith, "notes", None, wanted)
    await services.scripts.suspend(ada, "tired", "x")
    await services.scripts.delete(edith, "old")
    await services.access_reviews.start(ada, None)
    return {
        "user": str(alan.id),
        "editor": str(edith.id),
        "session": str(session.session.key),
        "token": str(token.token.key),
        "request": request.id,
    }


def arguments_for(name, scene):
    user = {"userId": scene["user"]}
    notes = {"slug": "notes"}
    return {
        "grantRole": {**user, "role": "EDITOR"},
        "revokeRole": {"userId": scene["editor"], "role": "EDITOR"},
        "inviteUser": {"email": "new@example.com", "roles": ["EDITOR"]},
        "suspendUser": user,
        "reinstateUser": user,
        "deleteUser": user,
        "revokeSession": {"sessionId": scene["session"]},
        "revokeAllSessions": user,
        "createApiToken": {"name": "x"},
        "revokeApiToken": {"tokenId": scene["token"]},
        "startAccessReview": {},
        "submitAccessReview": {
            "decisions": [{"userId": scene["editor"], "role": "EDITOR", "decision": "REVOKE"}]
        },
        "rotateSecrets": {},
        "createScript": {"slug": "new"},
        "saveScript": {**notes, "files": [{"path": "main.ts", "text": "export default {}"}]},
        "saveScriptDraft": {**notes, "baseVersion": 0, "files": [{"path": "a.ts", "text": "x"}]},
        "discardScriptDraft": {"slug": "tired"},
        "setScriptLimits": {**notes, "limits": {"heapMb": 64}},
        "suspendScript": notes,
        "resumeScript": {"slug": "tired"},
        "deleteScript": notes,
        "restoreScript": {"slug": "old"},
        "addScriptOwner": {**notes, "email": "ada@example.com"},
        "removeScriptOwner": {**notes, "email": "edith@example.com"},
        "bindScriptHost": {**notes, "host": "notes.localhost"},
        "setScriptPageMode": {**notes, "pageMode": "SANDBOXED"},
        "setScriptTitle": {**notes, "title": "Notes of all"},
        "setScriptSecret": {**notes, "name": "KEY", "value": "v", "hosts": ["api.example.org"]},
        "removeScriptSecret": {**notes, "name": "KEY"},
        "setScriptFetchHosts": {**notes, "hosts": ["api.example.org"]},
        "grantScriptRole": {**notes, "email": "ada@example.com", "role": "judge"},
        "revokeScriptRole": {**notes, "email": "ada@example.com", "role": "judge"},
        "saveScriptRequest": {**notes, "name": "Ada", "path": "/"},
        "deleteScriptRequest": {**notes, "id": scene["request"]},
        "retryScriptMessages": notes,
        "discardScriptMessages": notes,
        "setScriptValue": {**notes, "key": "a", "json": "1", "version": 0},
        "deleteScriptValue": {**notes, "key": "a", "version": 1},
    }[name]


# Their objects are in a state in which they change nothing or may not be done.
WITHOUT_EVENTS = {
    "reinstateUser",
    "startAccessReview",
    "removeScriptOwner",
    "setScriptPageMode",
    "removeScriptSecret",
    "revokeScriptRole",
    "retryScriptMessages",
    "discardScriptMessages",
    "saveScriptDraft",
    "discardScriptDraft",
    "deleteScriptValue",
    "saveScriptRequest",
    "deleteScriptRequest",
}


async def test_nothing_of_a_change_that_is_tried_remains(served, connect, ada, scene):
    db = served.engine.db
    events = "select count(*) from audit_events where action <> 'mcp.tool_called'"
    wrote = {}

    async with connect(ada) as client:
        before, recorded = await contents(db), await db.value(events)
        for name in sorted(dry_runs.ROLLED_BACK & MUTATIONS):
            arguments = {**arguments_for(name, scene), "dryRun": True}
            result = await client.call_tool(f"engine_{name}", arguments)
            if not result.is_error:
                wrote[name] = [one["action"] for one in result.structured_content["wouldWrite"]]

    assert await contents(db) == before
    assert await db.value(events) == recorded
    assert {name for name, actions in wrote.items() if actions} == (
        dry_runs.ROLLED_BACK & MUTATIONS
    ) - WITHOUT_EVENTS
    assert wrote["inviteUser"] == ["USER_INVITED", "ROLE_GRANTED"]
    assert "USER_DELETED" in wrote["deleteUser"]


async def test_the_events_of_a_trial_are_those_of_the_change(served, connect, ada, alan):
    arguments = {"userId": str(alan.id), "role": "EDITOR", "reason": "a test"}
    async with connect(ada) as client:
        tried = await client.call_tool("engine_grantRole", {**arguments, "dryRun": True})
        done = await client.call_tool("engine_grantRole", arguments)

    row = await served.engine.db.one(
        "select target_label, after, reason from audit_events where action = 'role.granted'"
        " order by id desc limit 1"
    )
    assert not done.is_error
    assert tried.structured_content == {
        "dryRun": True,
        "wouldWrite": [
            {
                "action": "ROLE_GRANTED",
                "targetType": "user",
                "target": row["target_label"],
                "after": row["after"],
                "reason": row["reason"],
            }
        ],
    }


async def test_a_trial_has_the_rights_of_the_change(connect, alan, ada):
    arguments = {"userId": str(ada.id), "role": "ADMINISTRATOR", "dryRun": True}
    async with connect(alan) as client:
        result = await client.call_tool("engine_revokeRole", arguments)

    assert result.is_error
    assert "FORBIDDEN" in result.content[0].text


@pytest.mark.parametrize("name", sorted(dry_runs.REFUSED.keys() & MUTATIONS))
async def test_what_can_not_be_rolled_back_says_why(served, connect, ada, name):
    async with connect(ada) as client:
        result = await client.call_tool(f"engine_{name}", {"dryRun": True})

    assert result.is_error
    assert dry_runs.REFUSED[name] in result.content[0].text
    events = "select count(*) from audit_events where action = 'mcp.tool_called'"
    assert await served.engine.db.value(events) == 1


def test_a_secret_is_hidden_by_the_name_of_its_operation():
    given = {"slug": "x", "name": "KEY", "value": "hunter2"}

    assert SECRET_ARGUMENTS["setScriptSecret"] == ("value",)
    assert hidden("setScriptSecret", given) == {"slug": "x", "name": "KEY", "value": "(hidden)"}
    assert hidden("x", {"password": "hunter2"})["password"] != "hunter2"
