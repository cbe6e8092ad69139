"""Tools, prompts and resources of scripts, called by the client of the package `mcp`."""

import base64
import json

import pytest
from mcp.shared.exceptions import MCPError
from tests.script_mcp.sources import CLASSIC, MODULE

from aiwebengine.script_mcp.offers import offers_of

PNG = base64.b64encode(bytes([1, 2, 3])).decode()


def text_of(result):
    return result.content[0].text


@pytest.fixture
async def notes(deploy):
    return await deploy("notes", MODULE)


async def names(client):
    return [tool.name for tool in (await client.list_tools()).tools]


async def test_a_module_offers_tools_and_is_called(notes, connect, alan):
    async with connect(alan) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        added = await client.call_tool("add", {"a": 2, "b": 3})
        greeted = await client.call_tool("greet", {})
        picture = await client.call_tool("picture", {})
        many = await client.call_tool("many", {})

    assert tools["add"].title == "Add"
    assert tools["add"].annotations.read_only_hint is True
    assert tools["add"].input_schema["type"] == "object"
    assert added.structured_content == {"sum": 5}
    assert text_of(greeted) == "Hello Alan, alan@example.com"
    assert [part.type for part in picture.content] == ["text", "image"]
    assert picture.content[1].data == PNG
    assert many.structured_content == {"result": [1, 2]}


@pytest.mark.parametrize(
    ("name", "arguments", "part"),
    [
        ("add", {"a": "x", "b": 1}, "a: 'x' is not of type 'number'"),
        ("add", {"a": 1}, "'b' is a required property"),
        ("fail", {}, "the disk is full"),
        ("strange", {}, "hologram"),
        ("large", {}, "bytes; allowed: 1000000"),
    ],
)
async def test_what_goes_wrong_is_the_result_of_the_tool(
    notes, connect, alan, name, arguments, part
):
    async with connect(alan) as client:
        result = await client.call_tool(name, arguments)

    assert result.is_error
    assert part in text_of(result)
    assert "(request " in text_of(result)


async def test_a_module_offers_prompts_and_resources(notes, connect, alan):
    async with connect(alan) as client:
        prompts = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
        review = await client.get_prompt("review", {"text": "x"})
        talk = await client.get_prompt("talk", {})
        with pytest.raises(MCPError, match="text: this argument is required"):
            await client.get_prompt("review", {})
        resources = {str(one.uri): one for one in (await client.list_resources()).resources}
        plain = (await client.read_resource("notes://all")).contents[0]
        logo = (await client.read_resource("notes://logo")).contents[0]
        data = (await client.read_resource("notes://data")).contents[0]
        with pytest.raises(MCPError, match="Unknown resource"):
            await client.read_resource("notes://none")

    assert prompts["review"].arguments[0].required is True
    assert review.messages[0].content.text == "Review this kindly: x"
    assert [message.role for message in talk.messages] == ["user", "assistant"]
    assert resources["notes://all"].name == "All notes"
    assert (plain.text, plain.mime_type) == ("at notes://all", "text/plain")
    assert logo.blob == PNG
    assert (data.text, data.mime_type) == ('{"a":1}', "application/json")


async def test_the_classic_form_registers_by_names_of_handlers(deploy, connect, alan):
    deployed = await deploy("old", CLASSIC)
    async with connect(alan, mode="legacy") as client:
        added = await client.call_tool("add", {"a": 2, "b": 3})
        refused = await client.call_tool("only_here", {"what": "way"})
        asked = await client.get_prompt("ask", {"topic": "ships"})

    assert deployed["data"]["deployScript"]["diagnostics"] == []
    assert text_of(added) == '{"kind":"mcpTool","sum":5}'
    assert refused.is_error
    assert "no way" in text_of(refused)
    assert asked.messages[0].content.text == "ships"


PROPERTIES = {"text": {"type": "string", "description": "What."}, "tone": {"type": "string"}}
WANTED = [
    {"name": "text", "required": True, "description": "What."},
    {"name": "tone", "required": False},
]


@pytest.mark.parametrize(
    ("args", "listed"),
    [
        ({"type": "object", "properties": PROPERTIES, "required": ["text"]}, WANTED),
        ({"properties": PROPERTIES, "required": ["text"]}, WANTED),
        ({"text": {"description": "What.", "required": True}, "tone": {}}, WANTED),
        ([{"name": "text", "description": "What.", "required": True}, {"name": "tone"}], WANTED),
        ({"type": "object"}, []),
        (
            {"properties": {"description": "Which."}},
            [{"name": "properties", "required": False, "description": "Which."}],
        ),
        ({"type": {"required": True}}, [{"name": "type", "required": True}]),
    ],
    ids=range(7),
)
def test_arguments_of_a_prompt_are_a_list_or_by_name_or_a_schema(args, listed):
    for form in (args, json.dumps(args)):
        offers, problems = offers_of(
            [{"kind": "prompt", "name": "a", "args": form, "handler": "b"}]
        )

        assert problems == []
        assert offers.prompts["a"].listed["arguments"] == listed


def test_a_schema_of_a_prompt_that_can_not_be_read_is_an_error():
    for args in ({"type": "object", "properties": []}, {"type": "object", "required": "text"}):
        offers, problems = offers_of(
            [{"kind": "prompt", "name": "a", "args": args, "handler": "b"}]
        )

        assert not offers.prompts
        assert "The prompt 'a': has a schema whose properties" in problems[0].message


async def test_a_name_belongs_to_the_script_that_had_it_first(
    deploy, connect, alan, notes, graphql
):
    await deploy("old", CLASSIC)
    async with connect(alan) as client:
        found = await names(client)
        first = await client.call_tool("add", {"a": 2, "b": 3})
        second = await client.call_tool("old__add", {"a": 2, "b": 3})
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("nobody__add", {})
    async with connect(alan, path="/mcp/scripts/old") as client:
        own = await names(client)
        by_slug = await client.call_tool("add", {"a": 2, "b": 3})
    deleted = await graphql('mutation { deleteScript(input: {slug: "notes"}) { script { slug } } }')
    # Its name is free, and claimed at the next deployment.
    await deploy("old", CLASSIC + "\n", is_new=False)
    async with connect(alan) as client:
        after = await names(client)

    assert {"add", "old__add", "only_here"} <= set(found)
    assert first.structured_content == {"sum": 5}
    assert "mcpTool" in text_of(second)
    assert own == ["add", "only_here"]
    assert "mcpTool" in text_of(by_slug)
    assert "errors" not in deleted
    assert after == ["add", "only_here"]


async def test_a_token_without_the_scope_sees_and_calls_no_tool(notes, connect, ada):
    async with connect(ada, scopes=["read"]) as client:
        found = await names(client)
        refused = await client.call_tool("add", {"a": 1, "b": 2})
        prompts = (await client.list_prompts()).prompts
        resources = (await client.list_resources()).resources

    assert "add" not in found
    assert refused.is_error
    assert "scripts:call" in text_of(refused)
    assert (prompts, resources) == ([], [])


async def test_a_suspended_script_offers_nothing(notes, connect, alan, ada, served):
    await served.engine.services.scripts.suspend(ada, "notes", None)
    async with connect(alan) as client:
        assert await names(client) == []


@pytest.mark.parametrize(
    ("tool", "part"),
    [
        ('"a b": { handler: () => 1 }', "needs a name"),
        ("engine_x: { handler: () => 1 }", "begins with engine_"),
        ('x: { input: { type: "array" }, handler: () => 1 }', 'must be "object"'),
        ("x: { input: { properties: 5 }, handler: () => 1 }", "is not one"),
        ('x: { input: { $ref: "https://x.example/s" }, handler: () => 1 }', "$ref"),
        ('x: { input: { description: "w".repeat(70_000) }, handler: () => 1 }', "70"),
    ],
)
async def test_a_tool_that_can_not_be_offered_is_not_deployed(deploy, tool, part):
    answer = await deploy("bad", f"export const tools = {{ {tool} }};")

    assert part in str(answer)
    assert (answer.get("data") or {}).get("deployScript") is None or (
        answer["data"]["deployScript"]["changed"] is False
    )


async def test_patterns_are_left_to_the_handler_and_say_so(deploy, connect, alan):
    source = """export const tools = { x: {
      input: { properties: { a: { type: "string", pattern: "(a+)+$" } } }, handler: ({ a }) => a,
    } };"""
    deployed = await deploy("patterns", source)
    async with connect(alan) as client:
        result = await client.call_tool("x", {"a": "a" * 100 + "!"})

    [warning] = deployed["data"]["deployScript"]["diagnostics"]
    assert warning["severity"] == "WARNING"
    assert "does not check patterns" in warning["message"]
    assert not result.is_error
