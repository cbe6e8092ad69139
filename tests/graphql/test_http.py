"""GraphQL over HTTP: what the draft asks for, and bodies that are none."""

import asyncio
import json
from pathlib import Path

import httpx2
import pytest
from graphql import parse

from aiwebengine.app.schema import schema
from aiwebengine.core.identity import Role
from aiwebengine.graphql.limits import Measured, page_sizes

AUDIT = Path(__file__).parent / "audit"
MANY_LEVELS = 40


@pytest.fixture
async def client(served):
    async with httpx2.AsyncClient(base_url=served.base, timeout=20) as client:
        yield client


async def run(*command):
    process = await asyncio.create_subprocess_exec(
        *command, cwd=AUDIT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output


async def ask(client, query, **options):
    return await client.post("/graphql", json={"query": query}, **options)


def code(response):
    return response.json()["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize("signed_in", [False, True])
async def test_the_reference_audit_finds_nothing(served, add_served_person, signed_in):
    arguments = [f"{served.base}/graphql"]
    if signed_in:
        ada = await add_served_person("ada", Role.ADMINISTRATOR)
        arguments.append(await served.token(ada))

    if not (AUDIT / "node_modules").exists():
        await run("npm", "ci", "--silent", "--no-audit", "--no-fund")
    results = json.loads(await run("node", "audit.mjs", *arguments))

    assert len(results) > 50
    assert [one for one in results if one["status"] not in ("ok", "notice")] == []


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"null", 400),
        (b"[]", 400),
        (b'[{"query":"{__typename}"}]', 400),
        (b'"{__typename}"', 400),
        (b'{"query":1}', 400),
        (b'{"query":""}', 400),
        (b'{"query":"{__typename}","variables":[]}', 400),
        (b'{"query":"{__typename}","variables":"x"}', 400),
        (b'{"query":"{__typename}","operationName":7}', 400),
        (b'{"query":"{__typename}","extensions":3}', 400),
        (b'{"query":"\xff"}', 400),
        (b'{"query":"{__typename}","variables":{"a":"\\ud800"}}', 400),
        (b'{"query":"{__typename}","variables":{"a":["\\u0000"]}}', 400),
        (b"\x1f\x8b\x08\x00", 400),
    ],
)
async def test_a_malformed_body_is_a_bad_request(client, content, status):
    response = await client.post(
        "/graphql", content=content, headers={"content-type": "application/json"}
    )

    assert response.status_code == status
    assert code(response) == "BAD_USER_INPUT"
    assert "data" not in response.json()
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
async def test_what_a_foreign_form_could_send_is_refused(client, kind):
    response = await client.post(
        "/graphql", content=b'{"query":"{__typename}"}', headers={"content-type": kind}
    )

    assert response.status_code == 415


async def test_a_large_body_is_refused_with_and_without_content_length(client):
    async def chunks():
        for _ in range(200):
            yield b" " * 65_536

    headers = {"content-type": "application/json"}
    told = await client.post("/graphql", content=b" " * 10_000_000, headers=headers)
    streamed = await client.post("/graphql", content=chunks(), headers=headers)

    assert (told.status_code, streamed.status_code) == (413, 413)
    assert told.headers["content-type"] == "application/json; charset=utf-8"
    assert code(told) == code(streamed) == "BAD_USER_INPUT"
    assert (await client.get("/health")).status_code == 200


async def test_get_takes_queries_only(client):
    mutation = 'mutation { suspendUser(input: {userId: "x"}) { changed } }'

    read = await client.get("/graphql", params={"query": "{ viewer { id } }"})
    written = await client.get("/graphql", params={"query": mutation})

    assert read.json() == {"data": {"viewer": None}}
    assert written.status_code == 405
    assert written.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(client, method):
    response = await client.request(method, "/graphql")

    assert response.status_code == 405
    assert "POST" in response.headers["allow"]


async def test_what_nobody_can_read_is_not_acceptable(client):
    response = await ask(client, "{__typename}", headers={"accept": "image/png"})

    assert response.status_code == 406


async def test_two_operations_need_a_name(client):
    query = "query A { viewer { id } } query B { __typename }"

    unnamed = await ask(client, query)
    wrong = await client.post("/graphql", json={"query": query, "operationName": "C"})
    named = await client.post("/graphql", json={"query": query, "operationName": "B"})

    assert "operationName" in unnamed.json()["errors"][0]["message"]
    assert "data" not in wrong.json()
    assert named.json() == {"data": {"__typename": "Query"}}


async def test_a_subscription_by_plain_post_says_how_to_ask(client):
    response = await ask(client, "subscription { userChanged { userId } }")

    assert response.status_code == 406
    assert "text/event-stream" in response.json()["errors"][0]["message"]


def doubling(levels):
    fragments = [
        f"fragment F{i} on Query {{ a: viewer {{ id }} ...F{i + 1} b: __typename ...F{i + 1} }}"
        for i in range(levels)
    ]
    return "{ ...F0 } " + " ".join(fragments) + f" fragment F{levels} on Query {{ __typename }}"


def nested(levels):
    return "{ viewer { user" + " { sessions { user" * levels + " { id }" + " } }" * levels + " } }"


@pytest.mark.parametrize(
    "bomb",
    [
        doubling(MANY_LEVELS),
        nested(12),
        "{ a" * 600 + "}" * 600,
        "{ " + " ".join(f"a{i}: viewer {{ id }}" for i in range(200)) + " }",
        "{ viewer " + "@include(if: true) " * 100 + "{ id } }",
        "{ " + "viewer { id } " * 1_000 + "}",
        "{ users(first: 200) { nodes { sessions { user { sessions { user { id name } } } } } } }",
        "{ __schema { types" + " { fields { type" * 6 + " { name }" + " } }" * 6 + " } }",
    ],
    ids=["doubling", "nested", "braces", "aliases", "directives", "tokens", "cost", "schema"],
)
async def test_a_bomb_is_refused_before_it_goes_off(client, served, add_served_person, bomb):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    token = await served.token(ada)

    async with asyncio.timeout(30):
        response = await ask(client, bomb, headers={"Authorization": f"Bearer {token}"})

    assert code(response) == "QUERY_TOO_COMPLEX"


async def test_a_null_where_none_may_be_is_the_caller_s_mistake(client, served, add_served_person):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    asked = {
        "query": """query($by: UserOrderField = EMAIL) {
            users(orderBy: {field: $by}) { totalCount }
        }""",
        "variables": {"by": None},
    }

    response = await client.post(
        "/graphql", json=asked, headers={"Authorization": f"Bearer {await served.token(ada)}"}
    )

    assert code(response) == "BAD_USER_INPUT"
    assert "'$by'" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("given", [{}, {"first": None, "period": None}])
async def test_a_null_for_an_argument_with_a_default_says_the_same_as_none(
    client, served, add_served_person, given
):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    asked = {
        "query": """query($first: Int, $period: StatsPeriod) {
            users(first: $first) { nodes { email } }
            systemStats { operations(first: $first, period: $period) { name } }
            literal: users(first: null) { nodes { email } }
        }""",
        "variables": given,
    }

    response = await client.post(
        "/graphql", json=asked, headers={"Authorization": f"Bearer {await served.token(ada)}"}
    )

    answer = response.json()
    assert "errors" not in answer
    assert answer["data"]["users"]["nodes"] == answer["data"]["literal"]["nodes"] != []


@pytest.mark.parametrize(
    ("given", "cost"), [({}, 101), ({"first": None}, 101), ({"first": 7}, 15), ({"first": 7.0}, 15)]
)
def test_a_page_costs_what_it_will_read(given, cost):
    text = "query($first: Int) { users(first: $first) { nodes { email } } }"
    document = parse(text)
    measured = Measured(schema._schema, document, document.definitions[0], page_sizes(document))
    measured.size({"first": 200.0})

    assert measured.size(given).cost == cost


async def test_a_fragment_named_like_introspection_hides_nothing(client):
    response = await ask(
        client, "{ ...__schema } fragment __schema on Query { __schema { types { name } } }"
    )

    assert code(response) == "UNAUTHENTICATED"


async def test_strangers_learn_nothing_of_the_schema(client):
    schema = await ask(client, "{ __schema { types { name } } }")
    kind = await ask(client, '{ a: __type(name: "User") { fields { name } } }')
    typo = await ask(client, "{ viwer { id } }")

    assert code(schema) == "UNAUTHENTICATED"
    assert kind.json() == {"data": {"a": None}}
    assert "mean" not in typo.text


async def test_the_playground_s_introspection_is_within_the_limits(
    client, served, add_served_person
):
    from graphql import get_introspection_query

    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    headers = {"Authorization": f"Bearer {await served.token(ada)}"}

    query = get_introspection_query(input_value_deprecation=True)
    response = await ask(client, query, headers=headers)

    assert "errors" not in response.json()


async def test_a_token_that_is_not_valid_is_no_stranger(client):
    headers = {"Authorization": "Bearer awe_nonsense"}

    response = await ask(client, "{ viewer { id } }", headers=headers)

    assert response.status_code == 401
    assert code(response) == "UNAUTHENTICATED"


async def test_a_bug_is_hidden_and_named_by_the_request_id(client, served, add_served_person):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    headers = {"Authorization": f"Bearer {await served.token(ada)}"}
    await served.engine.db.execute("alter table users rename column picture_url to gone")

    response = await ask(client, "{ viewer { user { id } } }", headers=headers)

    error = response.json()["errors"][0]
    its_id = response.headers["x-request-id"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": its_id}
    assert "picture_url" not in response.text
