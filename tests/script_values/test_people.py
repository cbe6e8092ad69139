"""Values as the owners of a script read and change them."""

import pytest

from aiwebengine.audit.types import AuditAction, AuditFilter
from aiwebengine.core.identity import Role

LIST = """
  query ($user: ID, $prefix: String = "", $first: Int = 50, $after: String) {
    scriptValues(slug: "shop", userId: $user, prefix: $prefix, first: $first, after: $after) {
      nodes { key beginning isShortened size version expiresAt updatedAt }
      totalCount pageInfo { hasNextPage endCursor }
    }
  }
"""
ONE = """
  query ($key: String!, $user: ID) {
    scriptValue(slug: "shop", key: $key, userId: $user) { key json version expiresAt }
  }
"""
HOLDERS = """
  query ($first: Int = 50, $after: String) {
    scriptValueHolders(slug: "shop", first: $first, after: $after) {
      nodes { userId email name keys bytes } totalCount pageInfo { endCursor hasNextPage }
    }
  }
"""
SET = """
  mutation ($key: String!, $json: String!, $version: BigInt!, $user: ID, $ttl: Float) {
    setScriptValue(input: {
      slug: "shop", key: $key, json: $json, version: $version, userId: $user, ttlSeconds: $ttl
    }) { value { key json version expiresAt } }
  }
"""
DELETE = """
  mutation ($key: String!, $version: BigInt!, $user: ID) {
    deleteScriptValue(input: {slug: "shop", key: $key, version: $version, userId: $user}) { key }
  }
"""


@pytest.fixture
def put(data, edith):
    async def put(key, json, version=0, **more):
        given = {"key": key, "json": json, "version": version, **more}
        return (await data(edith, SET, **given))["setScriptValue"]["value"]

    return put


@pytest.fixture
async def emma(add_person):
    return await add_person("emma", Role.EDITOR)


async def events(engine, viewer):
    found = await engine.services.audit.page(viewer, AuditFilter(), None, 50)
    return [one.after for one in found if one.action is AuditAction.SCRIPT_DATA_CHANGED]


async def test_values_are_listed_by_prefix_and_page(shop, edith, put, data):
    for key in ("a", "b:1", "b:2", "b:3", "b;", "ä"):
        await put(key, f'"{key}"')
    await put("b:4", '"' + "x" * 1_000 + '"')

    page = (await data(edith, LIST, prefix="b:", first=3))["scriptValues"]
    rest = await data(edith, LIST, prefix="b:", first=3, after=page["pageInfo"]["endCursor"])

    assert [one["key"] for one in page["nodes"]] == ["b:1", "b:2", "b:3"]
    assert page["totalCount"] == 4
    [long] = rest["scriptValues"]["nodes"]
    assert (long["key"], len(long["beginning"]), long["isShortened"]) == ("b:4", 200, True)
    assert long["size"] == 1_005
    assert not page["nodes"][0]["isShortened"]
    assert not rest["scriptValues"]["pageInfo"]["hasNextPage"]


async def test_no_write_overwrites_another(shop, values, edith, put, data, code):
    first = await put("k", "[1,  2]")
    second = await put("k", "3", first["version"])

    assert first["json"] == "[1,  2]"
    current = second["version"]
    for version in (0, first["version"]):
        found = await code(edith, SET, key="k", json="4", version=version)
        assert found == ("CONFLICT", {"version": current})
    assert (await code(edith, DELETE, key="k", version=first["version"]))[0] == "CONFLICT"
    assert (await data(edith, ONE, key="k"))["scriptValue"]["json"] == "3"
    await data(edith, DELETE, key="k", version=current)
    assert await data(edith, ONE, key="k") == {"scriptValue": None}
    assert (await values.get(shop, None, "k")) is None


async def test_a_change_keeps_the_expiry_unless_it_sets_one(shop, put):
    first = await put("k", "1", ttl=500)
    kept = await put("k", "2", first["version"])
    never = await put("k", "3", kept["version"], ttl=0)

    assert kept["expiresAt"] <= first["expiresAt"]
    assert never["expiresAt"] is None
    assert (await put("k", "4", never["version"]))["expiresAt"] is None


async def test_what_scripts_could_not_read_is_refused(shop, edith, code, data):
    for given in (
        {"json": "hello"},
        {"json": ""},
        {"json": "NaN"},
        {"json": "[" * 5_000},
        {"json": '"' + "x" * 1_000_000 + '"'},
        {"key": ""},
        {"key": "x" * 501},
        {"key": "a\0"},
        {"version": -1},
        {"version": 2**63},
        {"ttl": -1},
        {"ttl": 1e12},
        {"user": "nobody"},
        {"user": "00000000-0000-0000-0000-000000000000"},
    ):
        found = await code(edith, SET, **{"key": "k", "json": "1", "version": 0, **given})
        assert (given, found[0]) == (given, "BAD_USER_INPUT")
    assert (await data(edith, LIST))["scriptValues"]["nodes"] == []
    assert (await code(edith, DELETE, key="k", version=0))[0] == "BAD_USER_INPUT"


async def test_values_of_users_are_apart(shop, edith, alan, ada, engine, put, data, code):
    mine = await put("k", "1", user=str(alan.id))
    await put("k", "2", user=str(ada.id))
    await put("k", "3")

    of_alan = (await data(edith, LIST, user=str(alan.id)))["scriptValues"]["nodes"]
    page = (await data(edith, HOLDERS, first=1))["scriptValueHolders"]
    rest = await data(edith, HOLDERS, after=page["pageInfo"]["endCursor"])

    assert [one["beginning"] for one in of_alan] == ["1"]
    assert page["totalCount"] == 2
    both = page["nodes"] + rest["scriptValueHolders"]["nodes"]
    assert {one["email"] for one in both} == {"alan@example.com", "ada@example.com"}
    assert {one["keys"] for one in both} == {1}
    await data(edith, DELETE, key="k", version=mine["version"], user=str(alan.id))
    assert (await data(edith, HOLDERS))["scriptValueHolders"]["totalCount"] == 1
    unknown = "01234567-0123-4123-8123-0123456789ab"
    given = {"key": "k", "json": "1", "version": 0, "user": unknown}
    assert (await code(edith, SET, **given))[0] == "NOT_FOUND"
    assert {"change": "deleted", "key": "k", "user": str(alan.id)} in await events(engine, ada)


async def test_events_name_the_key_and_never_the_value(shop, engine, ada, edith, put, data):
    value = await put("k", '"of a person"')
    await data(edith, DELETE, key="k", version=value["version"])

    assert await events(engine, ada) == [
        {"change": "deleted", "key": "k"},
        {"change": "set", "key": "k"},
    ]


async def test_only_owners_and_administrators(shop, emma, alan, ada, put, data, code):
    value = await put("k", "1")
    changes = [
        (SET, {"key": "k", "json": "2", "version": value["version"]}),
        (DELETE, {"key": "k", "version": value["version"]}),
        (LIST, {}),
        (ONE, {"key": "k"}),
        (HOLDERS, {}),
    ]

    for viewer in (emma, alan):
        for document, given in changes:
            assert (await code(viewer, document, **given))[0] == "FORBIDDEN"
    assert (await data(ada, ONE, key="k"))["scriptValue"]["json"] == "1"
