"""Followers of a subscription share an answer where nothing but the event decides about it."""

import asyncio
from contextlib import aclosing

import orjson
import pytest

from aiwebengine.app.schema import schema
from aiwebengine.core.identity import Role
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.limits import Limits
from aiwebengine.graphql.requests import GraphQLRequest

PLAIN = "subscription { userChanged { kind userId user { email roles } event { action } } }"
OF_THE_READER = "subscription { userChanged { user { email sessions { id } } } }"
CHOSEN = "subscription ($all: Boolean!) { userChanged { userId kind @include(if: $all) } }"


@pytest.fixture(autouse=True)
def executed_by():
    """These tests are about compiled plans."""


@pytest.fixture
def executor():
    return Executor(schema, Limits(), lambda _: True)


@pytest.fixture
def following(engine, executor, alan):
    """The first bodies that followers get, each by its viewer, document and variables."""

    async def first_of(viewer, text, variables):
        operation = executor.prepare(GraphQLRequest(text, variables))
        context = engine.context(viewer, engine.cursors)
        async with aclosing(executor.events(operation, context, None)) as bodies:
            return await anext(bodies)

    async def following(*asked):
        running = asyncio.create_task(engine.live.run())
        try:
            followers = [asyncio.create_task(first_of(*one)) for one in asked]
            async with asyncio.timeout(20):
                while engine.live.followers < len(asked) or not engine.live.is_listening:
                    await asyncio.sleep(0.01)
                await engine.services.users.grant_role(asked[0][0], alan.id, Role.EDITOR)
                return await asyncio.gather(*followers)
        finally:
            running.cancel()

    return following


async def test_an_event_is_encoded_once_for_those_who_select_the_same(following, ada):
    one, other = await following((ada, PLAIN, {}), (ada, PLAIN, {}))

    assert isinstance(one["data"], orjson.Fragment)
    assert one["data"] is other["data"]
    assert orjson.loads(orjson.dumps(one))["data"]["userChanged"]["event"] == {
        "action": "ROLE_GRANTED"
    }


async def test_variables_that_decide_about_the_selection_give_answers_of_their_own(
    following, ada, alan
):
    with_kind, without, again = await following(
        (ada, CHOSEN, {"all": True}), (ada, CHOSEN, {"all": False}), (ada, CHOSEN, {"all": True})
    )

    found = [orjson.loads(orjson.dumps(one))["data"]["userChanged"] for one in (with_kind, without)]
    assert found == [{"userId": str(alan.id), "kind": "ROLES"}, {"userId": str(alan.id)}]
    assert again["data"] is with_kind["data"]


async def test_what_a_resolver_answers_is_worked_out_for_each_reader(following, ada):
    one, other = await following((ada, OF_THE_READER, {}), (ada, OF_THE_READER, {}))

    assert one == other
    assert one["data"] is not other["data"]
    assert isinstance(one["data"], dict)
