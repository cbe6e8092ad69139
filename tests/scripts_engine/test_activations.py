"""The list of deployments: who made which version the active one, and when."""

import pytest
from tests.scripts_engine.sources import serving, tree

from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.scripts.errors import NotLoadable
from aiwebengine.scripts.offers import schedule_names

LIST = """
  query ($first: Int, $after: String) { script(slug: "shop") {
    activeVersion
    activations(first: $first, after: $after) {
      totalCount pageInfo { endCursor hasNextPage }
      nodes { version previousVersion kind at by }
    }
  } }
"""


def shown(activation):
    return [activation[key] for key in ("version", "previousVersion", "kind", "by")]


@pytest.fixture
async def deployed(scripts, edith, ada):
    """Version 1, then 2 by an administrator, then back to 1."""
    await scripts.put(edith, "shop", serving("GET /1"))
    await scripts.put(ada, "shop", serving("GET /2"))
    await scripts.roll_back(edith, "shop")


async def test_each_deployment_is_listed_newest_first(deployed, edith, data):
    listed = (await data(edith, LIST, first=2))["script"]

    assert listed["activeVersion"] == 1
    assert [shown(one) for one in listed["activations"]["nodes"]] == [
        [1, 2, "ROLLED_BACK", "edith@example.com"],
        [2, 1, "DEPLOYED", "ada@example.com"],
    ]
    assert listed["activations"]["totalCount"] == 3
    after = listed["activations"]["pageInfo"]["endCursor"]
    rest = (await data(edith, LIST, first=2, after=after))["script"]["activations"]
    assert [shown(one) for one in rest["nodes"]] == [[1, None, "DEPLOYED", "edith@example.com"]]
    assert rest["pageInfo"]["hasNextPage"] is False


async def test_a_deployment_that_fails_or_changes_nothing_is_not_listed(
    deployed, scripts, edith, data
):
    await scripts.deploy(edith, "shop", 1)
    with pytest.raises(NotLoadable):
        await scripts.put(edith, "shop", tree("export const routes = { oops oops };"))

    assert (await data(edith, LIST, first=1))["script"]["activations"]["totalCount"] == 3


DEPLOY_INSTEAD = """
  mutation ($version: Int, $expected: Int) {
    deployScript(input: {slug: "shop", version: $version, expectedActiveVersion: $expected}) {
      changed script { activeVersion }
    }
  }
"""
ROLL_BACK_INSTEAD = """
  mutation ($version: Int, $expected: Int) {
    rollBackScript(input: {slug: "shop", version: $version, expectedActiveVersion: $expected}) {
      changed script { activeVersion }
    }
  }
"""


@pytest.mark.parametrize("document", [DEPLOY_INSTEAD, ROLL_BACK_INSTEAD])
async def test_a_deployment_that_the_caller_has_not_seen_is_not_replaced(
    deployed, scripts, ask, ada, edith, data, document
):
    await scripts.put(edith, "shop", serving("GET /3"))
    await scripts.deploy(ada, "shop", 2)

    for expected in (3, 0):
        body = await ask(edith, document, version=1, expected=expected)
        error = body["errors"][0]
        assert (error["extensions"]["code"], error["extensions"]["activeVersion"]) == (
            "CONFLICT",
            2,
        )
        assert "ada@example.com deployed version 2 of shop" in error["message"]
    assert (await data(edith, LIST, first=9))["script"]["activations"]["totalCount"] == 5

    [done] = (await data(edith, document, version=1, expected=2)).values()
    assert done == {"changed": True, "script": {"activeVersion": 1}}
    # Somebody was faster, with the same version.
    [done] = (await data(edith, document, version=1, expected=2)).values()
    assert done == {"changed": False, "script": {"activeVersion": 1}}


async def test_a_first_deployment_expects_that_nothing_is_active(scripts, ask, edith, ada, data):
    await scripts.create(edith, "shop")
    await scripts.save(edith, "shop", serving("GET /1"), base_version=0)
    await scripts.save(edith, "shop", serving("GET /2"), base_version=1)

    error = (await ask(edith, DEPLOY_INSTEAD, version=1, expected=2))["errors"][0]
    assert "no version of it is active" in error["message"]
    await data(edith, DEPLOY_INSTEAD, version=1, expected=0)

    assert (await scripts.get(edith, "shop")).active_version == 1


async def test_only_the_newest_are_kept(deployed, scripts, edith, data, monkeypatch):
    monkeypatch.setattr("aiwebengine.scripts.service.KEEP_ACTIVATIONS", 1)

    await scripts.remove_old()

    nodes = (await data(edith, LIST, first=9))["script"]["activations"]["nodes"]
    assert [one["kind"] for one in nodes] == ["ROLLED_BACK"]


async def test_the_migration_lists_what_was_deployed_before_it(
    deployed, engine, scripts, edith, data
):
    before = (await data(edith, LIST, first=9))["script"]["activations"]["nodes"]
    # Of this one the audit trail has forgotten everything.
    await scripts.put(edith, "cafe", serving("GET /cafe"))
    await engine.db.execute("alter table audit_events disable trigger user")
    await engine.db.execute("delete from audit_events where target_label = 'cafe'")
    await engine.db.execute("drop table script_deployments")

    for statement in (MIGRATIONS / "0053.create-script-deployments.sql").read_text().split(";\n"):
        if statement.strip():
            await engine.db.execute(statement)

    after = (await data(edith, LIST, first=9))["script"]["activations"]["nodes"]
    assert [shown(one) for one in after] == [shown(one) for one in before]
    forgotten = (await data(edith, LIST.replace("shop", "cafe"), first=9))["script"]
    assert [shown(one) for one in forgotten["activations"]["nodes"]] == [[1, None, "DEPLOYED", ""]]


def test_names_of_schedules_are_those_that_stay_declared():
    registrations = [
        {"kind": "once", "name": "old"},
        {"kind": "clear"},
        {"kind": "route", "name": "no schedule"},
        {"kind": "recurring", "handler": "tidy"},
        {"kind": "schedule", "name": "nightly"},
    ]

    assert schedule_names(registrations) == ["nightly", "tidy"]
