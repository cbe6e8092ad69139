"""Programs learn that lists of tools, prompts and resources have changed, and of nothing else."""

import asyncio

import pytest
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import PromptsListChanged, ResourcesListChanged, ToolsListChanged

from aiwebengine.script_mcp import listening

PATIENCE = 30
ALL = {"tools_list_changed": True, "prompts_list_changed": True, "resources_list_changed": True}


def source(tools=(), prompts=(), resources=(), text="hello"):
    """A script that offers these."""
    return f"""
export const tools = {{ {"".join(f"{one}: {{ handler: () => 1 }}," for one in tools)} }};
export const prompts = {{ {"".join(f"{one}: {{ handler: () => 'hi' }}," for one in prompts)} }};
export const resources = {{
  {"".join(f"'notes://{one}': {{ name: '{one}', handler: () => 'x' }}," for one in resources)}
}};
export default {{ fetch: () => new Response("{text}") }};
"""


async def next_of(stream):
    async with asyncio.timeout(PATIENCE):
        return await anext(stream)


@pytest.fixture
async def notes(deploy):
    """Deploy the next version of a script."""
    assert "errors" not in await deploy("notes", source(["one"]))

    async def next_version(*args, **options):
        answer = await deploy("notes", source(*args, **options), is_new=False)
        assert answer["data"]["deployScript"]["changed"], answer

    return next_version


async def test_a_deployment_that_changes_a_list_is_reported(notes, connect, alan):
    async with connect(alan) as client, client.listen(**ALL) as stream:
        await notes(["one", "two"])
        seen = [await next_of(stream)]
        tools = [tool.name for tool in (await client.list_tools()).tools]
        await notes(["one", "two"], ["ask"])
        seen.append(await next_of(stream))
        await notes(["one", "two"], ["ask"], ["all"])
        seen.append(await next_of(stream))

    assert seen == [ToolsListChanged(), PromptsListChanged(), ResourcesListChanged()]
    assert {"one", "two"} <= set(tools)


async def test_a_deployment_that_changes_no_list_is_not_reported(notes, connect, alan):
    async with connect(alan) as client, client.listen(**ALL) as stream:
        await notes(["one"], text="another")
        await notes(["one"], ["ask"])

        assert await next_of(stream) == PromptsListChanged()


async def test_a_script_that_goes_is_reported(notes, connect, alan, graphql):
    async with connect(alan) as client, client.listen(**ALL) as stream:
        deleted = await graphql('mutation { deleteScript(input: {slug: "notes"}) { __typename } }')
        assert "errors" not in deleted

        assert await next_of(stream) == ToolsListChanged()


async def test_what_a_program_does_not_see_is_not_reported(notes, deploy, connect, alan):
    await deploy("other", source(["far"]))
    async with (
        connect(alan, path="/mcp/scripts/other") as of_other,
        connect(alan, scopes=("read",)) as without_scripts,
        of_other.listen(**ALL) as stream,
        without_scripts.listen(**ALL) as nothing,
    ):
        await notes(["one", "two"])
        await deploy("other", source(["far"], ["ask"]), is_new=False)

        assert await next_of(stream) == PromptsListChanged()
        waiting = asyncio.ensure_future(anext(nothing))
        # What it would have got came before that.
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()


async def test_only_what_is_sent_is_declared(notes, connect, alan):
    async with connect(alan) as client, client.listen(**ALL, resource_subscriptions=["a:b"]) as one:
        found = client.server_capabilities
        honored = one.honored
    async with connect(alan, mode="legacy") as client:
        earlier = client.server_capabilities

    assert [found.tools.list_changed, found.prompts.list_changed] == [True, True]
    assert [found.resources.list_changed, bool(found.resources.subscribe)] == [True, False]
    assert honored.tools_list_changed
    assert not honored.resource_subscriptions
    assert not earlier.tools.list_changed
    assert not earlier.resources.list_changed


async def test_a_stream_ends_when_its_token_does(served, notes, connect, alan, monkeypatch):
    monkeypatch.setattr(listening, "CHECK_CALLER_SECS", 0.05)
    async with connect(alan) as client, client.listen(**ALL) as stream:
        await served.engine.db.execute("delete from api_tokens")

        with pytest.raises(StopAsyncIteration):
            await next_of(stream)


async def test_streams_end_when_the_engine_stops(served, notes, connect, alan):
    async with connect(alan) as client, client.listen(**ALL) as stream:
        for stop in served.engine.at_stop:
            await stop()

        with pytest.raises(StopAsyncIteration):
            await next_of(stream)
        with pytest.raises(MCPError, match="The engine stops"):
            async with client.listen(**ALL):
                pass


async def test_streams_take_no_places_of_calls_and_are_limited(notes, connect, alan, monkeypatch):
    monkeypatch.setattr("aiwebengine.script_mcp.listening.MOST_STREAMS", 2)
    async with connect(alan) as client, client.listen(**ALL), client.listen(**ALL):
        with pytest.raises(MCPError, match="streams"):
            async with client.listen(**ALL):
                pass
        assert (await client.list_tools()).tools
