"""The administration's tools: the same rights as GraphQL, recorded, and readable."""

import json

import pytest
from mcp.shared.exceptions import MCPError

from aiwebengine.app.schema import schema
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.limits import Limits
from aiwebengine.graphql.requests import GraphQLRequest
from aiwebengine.mcp_admin.operations import operations_of

OPERATIONS = operations_of(schema)
QUERIES = [one for one in OPERATIONS.values() if not one.is_mutation]
NEEDED = {
    **dict.fromkeys(("backupName", "database", "id", "key", "name", "slug", "table"), "x"),
    **dict.fromkeys(("number", "from", "to"), 1),
}
READ = ["read"]


async def names(client):
    return {tool.name for tool in (await client.list_tools()).tools}


async def calls_in(engine):
    rows = await engine.db.all(
        "select target_label, after from audit_events where action = 'mcp.tool_called' order by id"
    )
    return [(row["target_label"], row["after"]) for row in rows]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_both_ways_of_the_protocol_list_and_call_tools(connect, ada, mode):
    async with connect(ada, mode=mode) as client:
        assert "engine_users" in await names(client)
        result = await client.call_tool("engine_users", {"first": 5})

    assert not result.is_error
    assert result.structured_content["nodes"][0]["email"] == "ada@example.com"
    assert json.loads(result.content[0].text) == result.structured_content


async def test_every_query_and_mutation_is_a_tool_with_a_description(connect, ada):
    async with connect(ada) as client:
        tools = (await client.list_tools()).tools

    assert {tool.name for tool in tools} == set(OPERATIONS)
    assert all(tool.description and tool.input_schema["type"] == "object" for tool in tools)
    [grant] = [tool for tool in tools if tool.name == "engine_grantRole"]
    assert grant.input_schema["required"] == ["userId", "role"]
    assert grant.input_schema["properties"]["role"]["enum"]
    assert "dryRun" in grant.input_schema["properties"]
    assert "Needs the role ADMINISTRATOR" in grant.description


@pytest.mark.parametrize("name", [one.name for one in QUERIES])
def test_what_a_query_selects_by_itself_is_within_the_limits(name):
    operation = OPERATIONS[f"engine_{name}"]
    required = operation.listed["inputSchema"].get("required", ())
    executor = Executor(schema, Limits(), lambda context: True)

    document, variables = operation.request(
        {argument: NEEDED[argument] for argument in required}, is_dry=False
    )

    executor.admit(executor.prepare(GraphQLRequest(document, variables)), None)


async def test_a_token_for_reading_sees_and_calls_queries_only(served, connect, ada):
    async with connect(ada, scopes=READ) as client:
        found = await names(client)
        refused = await client.call_tool("engine_inviteUser", {"email": "eve@example.com"})

    assert found == {name for name, one in OPERATIONS.items() if not one.is_mutation}
    assert refused.is_error
    assert "FORBIDDEN" in refused.content[0].text
    # It is recorded although it was refused.
    assert [name for name, _ in await calls_in(served.engine)] == ["engine_inviteUser"]


async def test_a_user_without_a_role_gets_what_graphql_gives(connect, alan):
    async with connect(alan, scopes=READ) as client:
        found = await names(client)
        mine = await client.call_tool("engine_viewer", {})
        others = await client.call_tool("engine_users", {})

    assert "engine_viewer" in found
    assert "engine_auditEvents" not in found
    assert mine.structured_content["email"] == "alan@example.com"
    assert others.is_error


async def test_a_token_for_scripts_sees_none_of_them(connect, ada):
    async with connect(ada, scopes=["scripts:call"]) as client:
        assert await names(client) == set()


async def test_each_call_is_recorded_with_its_arguments(served, connect, ada):
    async with connect(ada) as client:
        await client.call_tool("engine_users", {"search": "x"})
        await client.call_tool("engine_inviteUser", {"email": "eve@example.com"})

    calls = await calls_in(served.engine)
    assert calls == [
        ("engine_users", {"arguments": {"search": "x"}, "dryRun": False}),
        ("engine_inviteUser", {"arguments": {"email": "eve@example.com"}, "dryRun": False}),
    ]
    row = await served.engine.db.one(
        "select token_id, request_id from audit_events where action = 'user.invited'"
        " order by id desc limit 1"
    )
    same = await served.engine.db.value(
        "select count(*) from audit_events where request_id = :id", id=row["request_id"]
    )
    assert row["token_id"] is not None
    assert same == 2


async def test_secrets_in_arguments_are_not_recorded(served, connect, ada):
    secret = await served.token(ada)
    async with connect(ada) as client:
        await client.call_tool("engine_users", {"search": f"Bearer {secret}"})

    assert secret not in str(await calls_in(served.engine))


async def test_the_caller_selects_fields(connect, ada):
    async with connect(ada) as client:
        result = await client.call_tool("engine_users", {"select": "nodes { email }"})

    assert result.structured_content == {"nodes": [{"email": "ada@example.com"}]}


@pytest.mark.parametrize(
    "select",
    [
        "totalCount } } mutation { deleteUser(input: {userId: 1}) { __typename",
        "totalCount } fragment x on User { id",
        "totalCount } roles { role",
        "nodes {",
        "w" * 10_001,
        "{" * 5_000,
    ],
    ids=range(6),
)
async def test_a_selection_does_not_leave_its_field(connect, ada, select):
    async with connect(ada) as client:
        result = await client.call_tool("engine_users", {"select": select})

    assert result.is_error
    assert result.content[0].text.startswith("BAD_USER_INPUT")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"firts": 5}, "firts"),
        ({"first": "many"}, "Int"),
        ({"dryRun": True}, "dryRun"),
        ({"select": 5}, "select"),
    ],
)
async def test_an_argument_that_is_not_valid_is_named(connect, ada, arguments, part):
    async with connect(ada) as client:
        result = await client.call_tool("engine_users", arguments)

    assert result.is_error
    assert part in result.content[0].text
    assert "(request " in result.content[0].text


async def test_a_tool_that_is_unknown_is_an_error_of_the_protocol(connect, ada):
    async with connect(ada) as client:
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("engine_nothing", {})


async def test_the_tools_of_one_script_are_without_the_administration(connect, ada):
    async with connect(ada, path="/mcp/scripts/notes") as client:
        assert await names(client) == set()
