"""The setting `performance.compiled_plans` changes how answers are made, and no answer."""

import orjson
import pytest

from aiwebengine.app.schema import schema
from aiwebengine.core.config import Config, Performance
from aiwebengine.core.identity import Role
from aiwebengine.graphql import plans
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.limits import Limits
from aiwebengine.graphql.requests import GraphQLRequest

USER = "id email name status createdAt lastSignedInAt version roles providers"
DOCUMENTS = [
    "{ viewer { id email roles user { id name roles } } }",
    f"{{ users(first: 50) {{ totalCount nodes {{ {USER} }} }} }}",
    f"{{ users(first: 2) {{ edges {{ cursor node {{ {USER} grants {{ role reason }} }} }} }} }}",
    "{ users { nodes { identities { provider subject } sessions { id } } } }",
    "{ roles { role userCount } auditEvents { nodes { id action at actorLabel before after } } }",
    "query ($no: Boolean = false) { users { nodes { id name @include(if: $no) __typename } } }",
    '{ user(id: "no id") { id } viewer { id } }',
]


@pytest.fixture(autouse=True)
def executed_by():
    """These tests compare both ways themselves."""


async def answered(engine, viewer, text, *, compiled_plans):
    executor = Executor(schema, Limits(), lambda _: True, compiled_plans=compiled_plans)
    operation = executor.prepare(GraphQLRequest(text, {}))
    context = engine.context(viewer, engine.cursors)
    return orjson.dumps((await executor.answer(operation, context, "test-request")).body)


@pytest.mark.parametrize("text", DOCUMENTS)
async def test_answers_are_the_same_byte_for_byte(engine, ada, alan, add_person, text):
    for number in range(5):
        await add_person(f"person-{number}", Role.EDITOR)

    for viewer in (ada, alan):
        compiled = await answered(engine, viewer, text, compiled_plans=True)
        assert await answered(engine, viewer, text, compiled_plans=False) == compiled


async def test_without_the_setting_nothing_is_compiled(engine, ada, monkeypatch):
    made = []
    real = plans._compiled
    monkeypatch.setattr(plans, "_compiled", lambda *parts: made.append(parts) or real(*parts))

    await answered(engine, ada, DOCUMENTS[1], compiled_plans=False)
    assert made == []
    await answered(engine, ada, DOCUMENTS[1], compiled_plans=True)
    assert made != []


def test_plans_are_compiled_unless_the_operator_turns_them_off():
    assert Config().performance.compiled_plans
    assert not Config(performance=Performance(compiled_plans=False)).performance.compiled_plans
