"""`env.kv`, `sharedStorage` and `personalStorage` in deployed scripts, by real processes."""

import asyncio
import json

import httpx2
import pytest

from aiwebengine.core.identity import Role, operator
from aiwebengine.scripts.files import tree_of

# Runs what it is sent, a function of `env.kv` and its arguments.
MODULE = """
const attempt = async (work) => {
  try {
    return { value: await work() };
  } catch (error) {
    return { code: error.code, name: error.name, message: error.message, ...error.extensions };
  }
};
const storeOf = (kv, holder) =>
  holder === "mine" ? kv.mine : holder ? kv.forUser(holder) : kv;
export const routes = {
  "POST /kv/:name": async (request, env, ctx) => {
    const { holder, args } = await request.json();
    const answer = await attempt(() => storeOf(env.kv, holder)[ctx.params.name](...args));
    return Response.json(answer);
  },
  "POST /count": async (request, { kv }) =>
    Response.json(await Promise.all(Array.from({ length: 20 }, () => kv.increment("n")))),
  "GET /frozen": (request, { kv }) =>
    Response.json([kv, kv.mine, kv.forUser("x")].map(Object.isFrozen)),
};
"""
CLASSIC = """
function call(context) {
  const { store, name, args } = JSON.parse(context.request.body);
  const stores = { sharedStorage, personalStorage };
  return ResponseBuilder.json({ value: stores[store][name](...args) });
}
function init() {
  routeRegistry.registerRoute("/classic", "call", "POST");
}
"""

COUNTING = """
function show() { return ResponseBuilder.text(sharedStorage.getItem("inits")); }
function init() {
  sharedStorage.setItem("inits", String(Number(sharedStorage.getItem("inits") ?? 0) + 1));
  routeRegistry.registerRoute("/inits", "show", "GET");
}
"""


@pytest.fixture
async def edith_served(add_served_person):
    return await add_served_person("edith", Role.EDITOR)


@pytest.fixture
async def client(served):
    async with httpx2.AsyncClient(base_url=served.base, timeout=60) as client:
        yield client


@pytest.fixture
async def deploy(served, edith_served):
    async def deploy(slug, source, name="main.ts"):
        scripts = served.engine.services.scripts
        done = await scripts.put(edith_served, slug, tree_of({name: source.encode()}))
        await scripts.set_limits(edith_served, slug, {"call_timeout_secs": 5.0})
        return done.script.key

    return deploy


@pytest.fixture
async def kv(client, deploy):
    await deploy("kv", MODULE)

    async def kv(name, *args, holder=None, **headers):
        body = {"holder": holder, "args": args}
        # In ASCII, also for halves of surrogates.
        answer = await client.post(f"/kv/{name}", content=json.dumps(body), headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return kv


@pytest.fixture
async def classic(client, deploy):
    await deploy("classic", CLASSIC, "main.js")

    async def classic(store, name, *args, **headers):
        body = {"store": store, "name": name, "args": args}
        answer = await client.post("/classic", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json().get("value")

    return classic


@pytest.fixture
async def token(served, edith_served):
    """The header of a request by edith."""
    new = await served.engine.services.tokens.create(operator("tests"), edith_served.id, "kv")
    return {"Authorization": f"Bearer {new.secret}"}


async def test_values_of_all_kinds_come_back(kv):
    for value in ({"a": [1, None, "é\0\ud800"]}, "text", 1.5, True, None, []):
        version = (await kv("set", "key", value))["value"]
        assert (await kv("get", "key"))["value"] == value
        found = (await kv("getWithVersion", "key"))["value"]
        assert found == {"value": value, "version": version, "expiresAt": None}
    assert await kv("get", "other") == {"value": None}
    assert await kv("getWithVersion", "other") == {"value": None}


async def test_a_conflict_names_the_current_version(kv):
    version = (await kv("set", "key", 1, {"ifVersion": 0}))["value"]

    refused = await kv("set", "key", 2, {"ifVersion": version + 100})
    done = await kv("set", "key", 3, {"ifVersion": version})

    assert (refused["code"], refused["version"]) == ("CONFLICT", version)
    assert refused["name"] == "Error"
    assert done["value"] > version
    assert (await kv("delete", "key", {"ifVersion": version}))["code"] == "CONFLICT"
    assert await kv("delete", "key") == {"value": True}
    assert await kv("delete", "key") == {"value": False}


async def test_increments_at_once_all_count(client, kv):
    answers = await asyncio.gather(*(client.post("/count") for _ in range(3)))

    counts = [count for answer in answers for count in answer.json()]
    assert sorted(counts) == list(range(1, 61))
    assert await kv("increment", "n", -10) == {"value": 50}


async def test_keys_are_listed_with_and_without_values(kv):
    for key in ("a/1", "a/2", "b"):
        await kv("set", key, {"is": key}, {"ttl": 3600})

    first = (await kv("list", {"prefix": "a/", "limit": 1, "values": True}))["value"]
    second = (await kv("list", {"prefix": "a/", "cursor": first["cursor"]}))["value"]

    [item] = first["items"]
    assert (item["key"], item["value"], item["size"]) == ("a/1", {"is": "a/1"}, 15)
    assert item["expiresAt"].endswith("+00:00")
    assert [one["key"] for one in second["items"]] == ["a/2"]
    assert "value" not in second["items"][0]
    assert second["cursor"] is None
    assert await kv("clear") == {"value": 3}


async def test_values_of_a_user_are_theirs_alone(kv, token, edith_served):
    await kv("set", "key", "shared")
    await kv("set", "key", "hers", holder="mine", **token)

    assert (await kv("get", "key"))["value"] == "shared"
    assert (await kv("get", "key", holder="mine", **token))["value"] == "hers"
    assert (await kv("get", "key", holder=str(edith_served.id)))["value"] == "hers"
    assert (await kv("get", "key", holder="mine"))["code"] == "UNAUTHENTICATED"


async def test_a_wrong_argument_is_named(kv):
    for name, args, message in WRONG:
        refused = await kv(name, *args)
        assert message in refused["message"]
        assert refused["name"] in ("Error", "TypeError")


WRONG = [
    ("get", [], "key: found None"),
    ("get", [1], "key: found 1"),
    ("get", [""], "key: 0 characters; allowed: 1 to 500"),
    ("set", ["key", 1, {"TTL": 1}], "there is no option TTL: did you mean ttl?"),
    ("set", ["key", 1, {"ttl": "1"}], "ttl: found '1'"),
    ("set", ["key", "x" * 1_000_000], "value: 1,000,002 bytes as JSON"),
    ("set", ["key"], "undefined has no JSON form"),
    ("increment", ["key", 0.5], "by: found 0.5"),
    ("list", [{"limit": 1001}], "limit: found 1001; allowed: 1 to 1000"),
    ("list", ["a"], "the options must be an object"),
]


async def test_a_holder_is_a_user(kv):
    assert (await kv("get", "a", holder="x"))["code"] == "BAD_USER_INPUT"
    unknown = "01234567-89ab-cdef-0123-456789abcdef"
    assert (await kv("set", "a", 1, holder=unknown))["code"] == "NOT_FOUND"


async def test_authors_can_not_change_the_functions(client, kv):
    assert (await client.get("/frozen")).json() == [True, True, True]


async def test_shared_storage_holds_texts(classic):
    assert await classic("sharedStorage", "getItem", "a") is None
    assert await classic("sharedStorage", "setItem", "a", '{"n":1}') == "Item stored"
    await classic("sharedStorage", "setItem", "n", 7)

    assert await classic("sharedStorage", "getItem", "a") == '{"n":1}'
    assert await classic("sharedStorage", "getItem", "n") == "7"
    assert await classic("sharedStorage", "removeItem", "a") is True
    assert await classic("sharedStorage", "removeItem", "a") is False
    assert await classic("sharedStorage", "clear") == "Storage cleared"
    assert await classic("sharedStorage", "getItem", "n") is None
    assert (await classic("sharedStorage", "setItem", "", "a")).startswith("Error: key: ")


async def test_what_init_stores_counts_once_with_the_deployment(
    served, client, deploy, edith_served
):
    scripts, runtimes = served.engine.services.scripts, served.engine.runtimes
    await deploy("counting", COUNTING, "main.js")
    await scripts.check(edith_served, "counting")
    [script] = served.engine.scripting.active.scripts
    await runtimes.retire(script.program)
    assert (await client.get("/inits")).text == "1"

    await deploy("counting", COUNTING + "// 2", "main.js")

    assert (await client.get("/inits")).text == "2"


async def test_personal_storage_needs_a_user_and_answers_with_errors(classic, token):
    for name, *args in (["getItem", "a"], ["setItem", "a", "b"], ["removeItem", "a"], ["clear"]):
        found = await classic("personalStorage", name, *args)
        assert found == "Error: Values of a user need a signed-in user."

    assert await classic("personalStorage", "setItem", "a", "b", **token) == "Item stored"
    assert await classic("personalStorage", "getItem", "a", **token) == "b"
    assert await classic("sharedStorage", "getItem", "a") is None
    assert await classic("personalStorage", "removeItem", "a", **token) is True
    assert await classic("personalStorage", "getItem", "a", **token) is None
