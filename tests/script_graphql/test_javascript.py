"""What a program registers for GraphQL, and how its resolvers are called: real processes."""

import json

import pytest
from tests.runtimes.programs import failed, running

from aiwebengine.runtimes.protocol import Kind
from aiwebengine.runtimes.types import Failed
from aiwebengine.script_graphql.offers import offer_of

MODULE = """
export const graphql = {
  typeDefs: `
    type Query { hello(name: String): Greeting secret: String mine: String }
    type Mutation { add(n: Int!): Int }
    type Subscription { tick: Int tock: Int plain: Int }
    type Greeting { text: String }
  `,
  visibility: { "Query.secret": "internal" },
  resolvers: {
    Query: {
      hello: async ({ name }, env, ctx) => ({ text: `${name} ${ctx.requestId} ${typeof env.kv}` }),
      secret: () => undefined,
      mine: (args, env, ctx) => ctx.requireAuth().name,
    },
    Mutation: { add: ({ n }) => n + 1 },
    Subscription: {
      tick: { filter: (args) => ({ a: 1 }), resolve: (event, args) => event * 2 },
      tock: () => false,
      plain: {},
    },
  },
};
"""
CLASSIC = """
function hello(context) {
  const { args, kind, invocationType, request } = context;
  return JSON.stringify({ args, kind, invocationType, is: request.auth.isAuthenticated });
}
function mine(context) { return context.request.auth.requireAuth().name; }
function init() {
  graphQLRegistry.registerQuery("hello", "type Query { hello: String }", "hello", "external");
  graphQLRegistry.registerMutation("add", "add(n: Int): Int", hello, "engine");
  graphQLRegistry.registerSubscription("tick", "tick: Int", "hello", "internal");
  graphQLRegistry.registerQuery("mine", "mine: String", "mine");
}
"""


async def value(program, handler, **head):
    """What a resolver answers. Raises Failed."""
    program.calls += 1
    whole = {"type": "graphql", "handler": handler, "request_id": "r-1", "user": None, "args": {}}
    program.send(Kind.CALL, program.calls, {**whole, **head})
    frame = await program.received(program.calls)
    if frame.kind is Kind.FAILED:
        raise failed(frame)
    assert frame.kind is Kind.ANSWER, frame
    return json.loads(frame.body)


async def test_a_module_declares_fields_and_resolves_them(tmp_path):
    async with running(tmp_path, MODULE) as program:
        assert program.warnings == []
        checked = offer_of(program.registrations)
        assert not checked.problems
        fields = {field.path: field for field in checked.offer.fields}
        assert {path: field.visibility.value for path, field in fields.items()} == {
            "Query.hello": "external",
            "Query.secret": "internal",
            "Query.mine": "external",
            "Mutation.add": "external",
            "Subscription.tick": "external",
            "Subscription.tock": "external",
            "Subscription.plain": "external",
        }
        hello = await value(program, fields["Query.hello"].handler, args={"name": "Ada"})
        assert hello == {"value": {"text": "Ada r-1 object"}}
        assert await value(program, fields["Query.secret"].handler) == {}
        mine = fields["Query.mine"].handler
        assert await value(program, mine) == {"unauthenticated": "Authentication required"}
        assert await value(program, mine, user={"name": "Eve"}) == {"value": "Eve"}
        assert await value(program, fields["Mutation.add"].handler, args={"n": 1}) == {"value": 2}
        tick = fields["Subscription.tick"]
        assert await value(program, tick.handler) == {"value": {"a": 1}}
        assert await value(program, tick.on_event, event=4) == {"value": 8}
        tock = fields["Subscription.tock"]
        assert tock.on_event is None
        assert await value(program, tock.handler) == {"value": False}
        plain = fields["Subscription.plain"]
        assert (plain.handler, plain.on_event) == (None, None)


async def test_a_classic_program_registers_fields_and_resolves_them(tmp_path):
    async with running(tmp_path, {"main.js": CLASSIC}, dialect="classic") as program:
        checked = offer_of(program.registrations)
        assert not checked.problems
        fields = {field.path: field for field in checked.offer.fields}
        assert {path: field.visibility.value for path, field in fields.items()} == {
            "Query.hello": "external",
            "Mutation.add": "engine",
            "Subscription.tick": "internal",
            "Query.mine": "external",
        }
        answer = await value(program, "hello", operation="query", args={"x": [1]})
        assert answer == {
            "value": '{"args":{"x":[1]},"kind":"graphqlQuery","invocationType":"graphqlQuery",'
            '"is":false}'
        }
        assert "unauthenticated" in await value(program, "mine", operation="query")
        user = {"id": "1", "name": "Eve", "roles": []}
        assert await value(program, "mine", operation="query", user=user) == {"value": "Eve"}


async def test_an_exception_of_a_resolver_has_its_place(tmp_path):
    source = MODULE.replace("n + 1", "n.x.y")
    async with running(tmp_path, source) as program:
        with pytest.raises(Failed) as failure:
            await value(program, "graphql.Mutation.add", args={"n": 1})
    assert (failure.value.file, failure.value.line) == ("main.ts", 16)


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("typeDefs: 7", "graphql.typeDefs is a number, not a text with types"),
        (
            "typeDefs: '', resolvers: { Qery: {} }",
            "graphql.resolvers has Qery: did you mean Query?",
        ),
        ("typeDefs: '', resolvers: { Person: {} }", "only Query, Mutation, Subscription have"),
        ("typeDefs: '', resolvers: { Query: { a: 1 } }", "the resolver of Query.a is a number"),
        ("typeDefs: '', resolvers: { Subscription: { a: 1 } }", "Subscription.a is a number"),
        (
            "typeDefs: '', resolvers: { Subscription: { a: { resolv() {} } } }",
            "Subscription.a has resolv: did you mean resolve?",
        ),
        (
            "typeDefs: '', resolvers: { Subscription: { a: { filter: {} } } }",
            "Subscription.a.filter is an object, not a function",
        ),
        (
            "typeDefs: '', visibility: { 'Query.b': 'engine' }, resolvers: { Query: { a() {} } }",
            "graphql.visibility has Query.b, which is no field: did you mean Query.a?",
        ),
    ],
)
async def test_a_wrong_declaration_is_not_ready(tmp_path, member, message):
    with pytest.raises(Failed) as failure:
        async with running(tmp_path, f"export const graphql = {{ {member} }};"):
            pass
    assert message in failure.value.message
    assert failure.value.file == "main.ts"
    assert failure.value.line == 1


async def test_an_unknown_member_is_a_warning(tmp_path):
    source = "export const graphql = { typeDefs: 'type Query { a: Int }', resolver: {} };"
    async with running(tmp_path, source) as program:
        (warning,) = program.warnings
    assert warning["message"] == ("graphql has an unknown member resolver: did you mean resolvers?")
