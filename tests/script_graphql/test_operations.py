"""Operations on the schema of a host, resolved by scripts that are functions here."""

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.script_graphql.registering import classic, module

from aiwebengine.core.errors import EngineError, Unauthenticated, Unavailable
from aiwebengine.graphql.limits import Limits
from aiwebengine.graphql.requests import GraphQLRequest
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.types import Kind as InvocationKind
from aiwebengine.script_calls.types import ScriptUser
from aiwebengine.script_graphql import context as context_module
from aiwebengine.script_graphql.context import ANYONE, Caller, Context, NestedTooDeeply
from aiwebengine.script_graphql.operations import execute
from aiwebengine.script_graphql.resolving import Resolvers
from aiwebengine.script_graphql.schemas import ScriptSchemas, Served
from aiwebengine.script_graphql.subscriptions import FieldSubscriptions
from aiwebengine.script_graphql.types import Audience

SCRIPTS_HOST = "scripts.example.org"
EVE = Caller(user=ScriptUser("1", "Eve"))
HERE = ("",)


def within(*, depth=0, above=None):
    """The context of an operation that a script executes in an invocation of this depth."""
    for _ in range(depth):
        above = within(above=above).parent
    invocation = Invocation(None, None, InvocationKind.GRAPHQL, None, "request-1")
    invocation.parent = above
    return Context(ANYONE, "request-1", invocation)


class ScriptFailed(EngineError):
    code = "SCRIPT_FAILED"


@dataclass
class Message:
    data: str


@dataclass
class World:
    """Scripts by their name, and everything that is between them and a client."""

    handlers: dict[tuple[str, str], Any] = field(default_factory=dict)
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    subscribed: list[tuple[str, str, dict[str, str], asyncio.Queue[Message]]] = field(
        default_factory=list
    )

    def __post_init__(self):
        resolvers = Resolvers(self, FieldSubscriptions(self, self))
        self.schemas = ScriptSchemas(resolvers.attach, Limits(), SCRIPTS_HOST)

    async def call(self, script, handler, head, context):
        self.calls.append((script, handler, head))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0)
        self._at_once -= 1
        answer = self.handlers[script, handler]
        if isinstance(answer, Exception):
            raise answer
        return answer(head, context) if callable(answer) else answer

    @contextmanager
    def subscribe(self, script, channel, connection=None):
        queue = asyncio.Queue()
        entry = (script, channel, connection, queue)
        self.subscribed.append(entry)
        try:
            yield _each(queue)
        finally:
            self.subscribed.remove(entry)

    async def deploy(self, slug, *registrations, host="", is_classic=True, **handlers):
        self.handlers |= {(slug, name): answer for name, answer in handlers.items()}
        self.served = [one for one in self.served if one.slug != slug]
        number = len(self.calls) + len(self.served)
        key = f"{slug}-{hash(str(registrations))}"
        self.served.append(Served(slug, slug, key, host, number, is_classic, registrations))
        await self.schemas.update(lambda: self.served)

    def executor(self, hosts=HERE, audience=Audience.CLIENTS):
        return self.schemas.executor(hosts, audience)

    async def ask(self, query, caller=ANYONE, hosts=HERE, **variables):
        executor = self.executor(hosts)
        context = Context(caller, "request-1")
        operation = executor.prepare(GraphQLRequest(query, variables))
        return (await executor.answer(operation, context, "request-1")).body

    async def events(self, query, caller=ANYONE):
        executor = self.executor()
        operation = executor.prepare(GraphQLRequest(query))
        return executor.events(operation, Context(caller, "request-1"), "request-1")


async def _each(queue):
    while True:
        yield await queue.get()


@pytest.fixture
async def world():
    world = World()
    await world.schemas.update(list)
    return world


def errors(body):
    return [(e["message"], e["extensions"]["code"], e.get("path")) for e in body["errors"]]


async def test_a_field_is_resolved_by_its_script_and_what_is_below_by_its_data(world):
    await world.deploy(
        "one",
        classic(
            "person", "person(id: ID!): Person type Person { name: String friends: [Person!] }"
        ),
        resolve='{"name": "Ada", "friends": [{"name": "Eve"}], "secret": 1}',
    )
    body = await world.ask(
        "query ($id: ID!) { who: person(id: $id) { name friends { name friends { name } } } }",
        id=7,
    )
    assert body == {"data": {"who": {"name": "Ada", "friends": [{"name": "Eve", "friends": None}]}}}
    head = {"operation": "query", "field": "person", "args": {"id": "7"}}
    assert world.calls == [("one", "resolve", head)]


async def test_a_script_that_fails_fails_alone(world):
    await world.deploy("good", classic("good", "good: Int"), resolve=1)
    await world.deploy("bad", classic("bad", "bad: Int"), resolve=ScriptFailed("It failed."))
    body = await world.ask("{ bad good }")
    assert body["data"] == {"bad": None, "good": 1}
    assert errors(body) == [("It failed.", "SCRIPT_FAILED", ["bad"])]
    assert body["errors"][0]["extensions"]["requestId"] == "request-1"


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("Int", "x", "Int cannot represent non-integer value: 'x'"),
        ("Int!", None, "Cannot return null for non-nullable field Query.a."),
        ("[Int]", 7, "Expected Iterable"),
        ("T", 7, "Expected an object of the type T: a number."),
        ("T", "x", "Expected an object of the type T: a text."),
        ("E", "C", "Enum 'E' cannot represent value: 'C'"),
        ("U", {"x": 1}, "needs __typename, one of T; found: None"),
        ("U", {"__typename": "E"}, "needs __typename, one of T; found: E."),
        ("U", "x", "needs __typename, one of T; found: None."),
    ],
)
async def test_a_result_that_does_not_fit_is_the_scripts_fault(world, kind, value, message):
    types = "type T { x: Int } enum E { A } union U = T"
    await world.deploy("one", classic("a", f"a: {kind} {types}"), resolve=value)
    selection = " { ... on T { x } }" if kind in "TU" else ""
    body = await world.ask(f"{{ a{selection} }}")
    ((text, code, _),) = errors(body)
    assert code == "SCRIPT_FAILED"
    assert message in text


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("String", "{}", "{}"),
        ("String", {"a": 1}, '{"a":1}'),
        ("ID", "7", "7"),
        ("Int", "7", 7),
        ("Boolean", "true", True),
        ("[String]", '["a"]', ["a"]),
        ("[String!]!", ["a"], ["a"]),
        ("Any", '{"a": 1}', '{"a": 1}'),
        ("Any", {"a": [1]}, {"a": [1]}),
        ("Float", 1, 1.0),
        ("E", "A", "A"),
        ("String", None, None),
    ],
)
async def test_classic_resolvers_may_return_json_as_text(world, kind, value, expected):
    await world.deploy("one", classic("a", f"a: {kind} enum E {{ A }} scalar Any"), resolve=value)
    assert await world.ask("{ a }") == {"data": {"a": expected}}


async def test_a_module_returns_values_as_they_are(world):
    registrations = module("type Query { a: T } type T { x: Int }", "Query.a")
    answer = {"graphql.Query.a": '{"x": 1}'}
    await world.deploy("one", *registrations, is_classic=False, **answer)
    ((text, code, _),) = errors(await world.ask("{ a { x } }"))
    assert (text, code) == ("Expected an object of the type T: a text.", "SCRIPT_FAILED")


async def test_visibility(world):
    await world.deploy(
        "one",
        classic("open", "open: Int"),
        classic("users", "users: Int", visibility="engine"),
        classic("hidden", "hidden: Int", visibility="internal"),
        resolve=1,
    )
    body = await world.ask("{ open users }")
    assert body["data"] == {"open": 1, "users": None}
    assert errors(body) == [
        (
            "Query.users is for users who are signed in. Sign in first.",
            "UNAUTHENTICATED",
            ["users"],
        )
    ]
    assert await world.ask("{ open users }", EVE) == {"data": {"open": 1, "users": 1}}
    with pytest.raises(EngineError, match="Cannot query field 'hidden'"):
        await world.ask("{ hidden }", EVE)
    executor = world.executor(audience=Audience.SCRIPTS)
    inside = within()
    assert await execute(executor, inside, "{ open users hidden }", None) == {
        "data": {"open": 1, "users": 1, "hidden": 1}
    }


async def test_introspection_is_for_signed_in_callers(world):
    await world.deploy("one", classic("a", "a: Int"), resolve=1)
    query = "{ __schema { queryType { fields { name } } } }"
    assert errors(await world.ask(query))[0][1] == "UNAUTHENTICATED"
    body = await world.ask(query, EVE)
    assert body["data"]["__schema"]["queryType"]["fields"] == [{"name": "a"}]


async def test_each_group_of_hosts_has_its_schema(world):
    await world.deploy("unbound", classic("a", "a: Int"), resolve=1)
    await world.deploy("apart", classic("b", "b: Int"), host=SCRIPTS_HOST, resolve=2)
    await world.deploy("shop", classic("c", "c: Int"), host="shop.example.org", resolve=3)
    assert await world.ask("{ a }") == {"data": {"a": 1}}
    both = (SCRIPTS_HOST, "")
    assert await world.ask("{ a b }", hosts=both) == {"data": {"a": 1, "b": 2}}
    assert await world.ask("{ c }", hosts=("shop.example.org",)) == {"data": {"c": 3}}
    with pytest.raises(EngineError, match="Cannot query field 'c'"):
        await world.ask("{ c }")
    assert await world.ask("{ __typename }", hosts=("none.example",)) == {
        "data": {"__typename": "Query"}
    }


async def test_a_deployment_changes_only_the_schemas_that_it_is_about(world):
    await world.deploy("one", classic("a", "a: Int"), resolve=1)
    await world.deploy("shop", classic("c", "c: Int"), host="shop.example.org", resolve=3)
    before, shop = world.executor(), world.executor(("shop.example.org",))
    await world.schemas.update(lambda: world.served)
    assert world.executor() is before
    await world.deploy("one", classic("b", "b: Int"), resolve=2)
    assert world.executor() is not before
    assert world.executor(("shop.example.org",)) is shop
    assert await world.ask("{ b }") == {"data": {"b": 2}}
    world.served = []
    await world.schemas.update(list)
    with pytest.raises(EngineError, match="Cannot query field 'b'"):
        await world.ask("{ b }")


async def test_nothing_is_known_before_the_scripts_are_read():
    with pytest.raises(Unavailable):
        World().executor()


async def test_an_operation_calls_scripts_a_limited_number_of_times(world, monkeypatch):
    monkeypatch.setattr(context_module, "MOST_CALLS", 25)
    names = [f"f{number}" for number in range(26)]
    await world.deploy("one", *(classic(name, f"{name}: Int") for name in names), resolve=1)
    assert len((await world.ask(f"{{ {' '.join(names[:25])} }}"))["data"]) == 25
    assert world.most_at_once == context_module.CALLS_AT_ONCE
    body = await world.ask(f"{{ {' '.join(names)} }}")
    assert [code for _, code, _ in errors(body)] == ["QUERY_TOO_COMPLEX"]
    assert list(body["data"].values()).count(1) == 25


async def test_mutations_run_one_after_the_other(world):
    await world.deploy("one", classic("a", "a(n: Int): Int", "mutation"), resolve=1)
    await world.ask("mutation { x: a(n: 1) y: a(n: 2) z: a(n: 3) }")
    assert world.most_at_once == 1
    assert [head["args"]["n"] for _, _, head in world.calls] == [1, 2, 3]


async def test_operations_of_operations_end(world):
    async def again(head, context):
        inner = within(above=context.parent)
        return await execute(world.executor(audience=Audience.SCRIPTS), inner, "{ a }", None)

    class Nested(World):
        async def call(self, script, handler, head, context):
            self.calls.append((script, handler, head))
            return await again(head, context)

    world = Nested()
    await world.deploy("one", classic("a", "a: Any scalar Any"))
    body = await world.ask("{ a }")
    for _ in range(context_module.MOST_NESTED):
        body = body["data"]["a"]
    assert errors(body)[0][1] == "LIMIT"
    assert len(world.calls) == context_module.MOST_NESTED + 1


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        ("{ b }", None, "Cannot query field 'b' on type 'Query'."),
        ("{ a", None, "Syntax Error"),
        ("", None, "query: must be a text with a GraphQL document."),
        ("query ($n: Int!) { a }", {}, "Variable '$n'"),
        ("{" + "a " * 3_000 + "}", None, "tokens"),
    ],
)
async def test_a_script_reads_what_is_wrong_in_its_result(world, query, variables, message):
    await world.deploy("one", classic("a", "a: Int"), resolve=1)
    inside = within()
    body = await execute(world.executor(audience=Audience.SCRIPTS), inside, query, variables)
    assert message in body["errors"][0]["message"]


async def test_scripts_execute_no_subscriptions(world):
    await world.deploy("one", classic("a", "a: Int", "subscription"), resolve=1)
    inside = within()
    with pytest.raises(EngineError, match="no subscriptions"):
        await execute(world.executor(), inside, "subscription { a }", None)
    with pytest.raises(NestedTooDeeply):
        await execute(world.executor(), within(depth=4), "{ a }", None)


async def test_subscribers_get_what_is_for_them(world):
    await world.deploy(
        "one",
        classic("tick", "tick(topic: String): Tick type Tick { n: Int }", "subscription"),
        resolve=lambda head, context: '{"topic": "' + head["args"]["topic"] + '", "level": 3}',
    )
    events = await world.events('subscription { tick(topic: "a") { n } }')
    coming = asyncio.ensure_future(anext(events))
    async with asyncio.timeout(10):
        while not world.subscribed:
            await asyncio.sleep(0)
        ((script, channel, connection, queue),) = world.subscribed
        assert (script, channel) == ("one", "graphql:tick")
        assert connection == {"topic": "a", "level": "3"}
        await queue.put(Message('{"n": 1, "hidden": 2}'))
        assert await coming == {"data": {"tick": {"n": 1}}}
        await queue.put(Message('{"n": "x"}'))
        (found,) = errors(await anext(events))
        assert found[1:] == ("SCRIPT_FAILED", ["tick", "n"])
    await events.aclose()
    assert world.subscribed == []


async def test_a_module_resolves_each_event(world):
    registrations = module("type Query { a: Int } type Subscription { tick: Int }", "Query.a")
    field = {"kind": "graphqlField", "operation": "subscription", "name": "tick"}
    await world.deploy(
        "one",
        *registrations,
        {**field, "onEvent": "resolve"},
        is_classic=False,
        resolve=lambda head, context: head["event"] * 2,
    )
    events = await world.events("subscription { tick }")
    coming = asyncio.ensure_future(anext(events))
    async with asyncio.timeout(10):
        while not world.subscribed:
            await asyncio.sleep(0)
        await world.subscribed[0][3].put(Message("4"))
        assert await coming == {"data": {"tick": 8}}
    await events.aclose()


@pytest.mark.parametrize(
    ("visibility", "answer", "code"),
    [
        ("engine", None, "UNAUTHENTICATED"),
        ("external", False, "FORBIDDEN"),
        ("external", ScriptFailed("It failed."), "SCRIPT_FAILED"),
    ],
)
async def test_a_subscription_can_be_refused(world, visibility, answer, code):
    sdl = "tick: Int"
    await world.deploy("one", classic("tick", sdl, "subscription", visibility), resolve=answer)
    events = await world.events("subscription { tick }")
    assert errors(await anext(events))[0][1:] == (code, ["tick"])
    assert [body async for body in events] == []
    assert world.subscribed == []


async def test_a_subscription_ends_with_the_sign_in(world):
    signed_out = asyncio.Event()

    async def until_sign_out():
        await signed_out.wait()
        raise Unauthenticated("The session has ended.")

    await world.deploy("one", classic("tick", "tick: Int", "subscription", "engine"), resolve=None)
    eve = Caller(user=ScriptUser("1", "Eve"), until_sign_out=until_sign_out)
    events = await world.events("subscription { tick }", eve)
    coming = asyncio.ensure_future(anext(events))
    async with asyncio.timeout(10):
        while not world.subscribed:
            await asyncio.sleep(0)
        await world.subscribed[0][3].put(Message("1"))
        assert await coming == {"data": {"tick": 1}}
        signed_out.set()
        assert errors(await anext(events))[0][1] == "UNAUTHENTICATED"
        assert [body async for body in events] == []
    assert world.subscribed == []
