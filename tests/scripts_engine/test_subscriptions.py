"""Subscriptions to scripts and their logs, as long as their subscribers may read them."""

import asyncio
from contextlib import asynccontextmanager

import httpx2
import orjson
import pytest

from aiwebengine.core.identity import Role


@pytest.fixture
def follow(served):
    """Subscribe with a person's token; the bodies that come."""

    @asynccontextmanager
    async def follow(viewer, query):
        before = served.engine.live.followers
        headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {await token(viewer)}"}
        async with (
            httpx2.AsyncClient(base_url=served.base, headers=headers, timeout=20) as client,
            client.stream("POST", "/graphql", json={"query": query}) as answer,
        ):
            async with asyncio.timeout(20):
                while served.engine.live.followers == before:
                    await asyncio.sleep(0.01)
            yield bodies_of(answer)

    async def token(viewer):
        return await served.token(viewer, scopes=["read"])

    return follow


async def bodies_of(answer):
    async for line in answer.aiter_lines():
        if line.startswith("data: {"):
            yield orjson.loads(line.removeprefix("data: "))


async def new(bodies):
    async with asyncio.timeout(20):
        return await anext(bodies)


async def test_an_editor_follows_the_changes_of_a_script(served, add_served_person, follow):
    scripts = served.engine.services.scripts
    edith = await add_served_person("edith", Role.EDITOR)
    query = """subscription {
      scriptChanged(slug: "hello") { action slug by script { title viewerIsOwner } }
    }"""
    async with follow(edith, query) as bodies:
        await scripts.create(edith, "other")
        await scripts.create(edith, "hello", "Hi")

        assert (await new(bodies))["data"]["scriptChanged"] == {
            "action": "SCRIPT_CREATED",
            "slug": "hello",
            "by": "edith@example.com",
            "script": {"title": "Hi", "viewerIsOwner": True},
        }

        await served.engine.services.users.revoke_role(
            await add_served_person("ada", Role.ADMINISTRATOR), edith.id, Role.EDITOR
        )

        assert (await new(bodies))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_an_owner_follows_the_log_until_somebody_else_owns_the_script(
    served, add_served_person, follow
):
    services = served.engine.services
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    edith = await add_served_person("edith", Role.EDITOR)
    emma = await add_served_person("emma", Role.EDITOR)
    script = await services.scripts.create(edith, "hello")
    query = 'subscription { scriptLogAdded(slug: "hello", level: WARN) { text level } }'
    async with follow(edith, query) as bodies:
        await write(served.engine, script, "debug", "warn", "error")

        assert (await new(bodies))["data"]["scriptLogAdded"] == {"text": "a line", "level": "WARN"}
        assert (await new(bodies))["data"]["scriptLogAdded"]["level"] == "ERROR"

        await services.scripts.add_owner(edith, "hello", emma.label)
        await services.scripts.remove_owner(ada, "hello", edith.label)

        assert (await new(bodies))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def write(engine, script, *levels):
    await engine.db.execute(
        """
        insert into script_log (script_id, level, text)
        select :script_id, level, 'a line' from unnest(cast(:levels as text[])) as level
        """,
        script_id=script.key,
        levels=list(levels),
    )
