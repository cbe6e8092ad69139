"""Roles that scripts define for their users: who grants them, and what is recorded."""

import asyncio
from dataclasses import replace

import pytest

from aiwebengine.audit.types import AuditAction, AuditFilter
from aiwebengine.core.errors import BadUserInput, Forbidden, LimitExceeded, NotFound
from aiwebengine.core.identity import Origin, Role, Scope, anonymous, operator
from aiwebengine.scripts import granting

GRANT = """
mutation ($input: ScriptRoleInput!) { grantScriptRole(input: $input) { roles changed } }
"""
REVOKE = """
mutation ($input: ScriptRoleInput!) { revokeScriptRole(input: $input) { roles changed } }
"""
LIST = """
query ($first: Int!, $after: String, $role: String) {
  scriptUserRoles(slug: "shop", first: $first, after: $after, role: $role) {
    nodes { email name role grantedAt grantedBy }
    totalCount
    pageInfo { endCursor hasNextPage }
  }
}
"""


@pytest.fixture
async def shop(engine, edith):
    return await engine.services.scripts.create(edith, "shop")


@pytest.fixture
def scripts(engine):
    return engine.services.scripts


async def events(engine, ada, action):
    found = await engine.services.audit.page(ada, AuditFilter(), None, 50)
    return [event for event in found if event.action is action]


def given(role, email="alan@example.com"):
    return {"slug": "shop", "email": email, "role": role}


async def test_an_owner_grants_and_revokes_a_role(engine, shop, edith, alan, ada, data):
    granted = await data(edith, GRANT, input=given("board"))
    again = await data(edith, GRANT, input=given("board"))
    revoked = await data(edith, REVOKE, input=given("board"))
    gone = await data(edith, REVOKE, input=given("board"))

    assert granted["grantScriptRole"] == {"roles": ["board"], "changed": True}
    assert again["grantScriptRole"] == {"roles": ["board"], "changed": False}
    assert revoked["revokeScriptRole"] == {"roles": [], "changed": True}
    assert gone["revokeScriptRole"] == {"roles": [], "changed": False}
    told = {"user": str(alan.id), "email": "alan@example.com", "role": "board"}
    [event] = await events(engine, ada, AuditAction.SCRIPT_ROLE_GRANTED)
    assert (event.after, event.target_label) == (told, "shop")
    [event] = await events(engine, ada, AuditAction.SCRIPT_ROLE_REVOKED)
    assert event.before == told


async def test_only_owners_and_administrators_see_and_change_roles(
    engine, shop, scripts, edith, emma, alan, ada
):
    token = replace(edith, scopes=frozenset({Scope.READ}))
    for viewer in (emma, alan, anonymous(Origin("web")), token):
        with pytest.raises(Exception, match=r"Only an owner|role Editor|Sign in|scope"):
            await scripts.grant_role(viewer, "shop", "alan@example.com", "board")
        with pytest.raises(Exception, match=r"Only an owner|role Editor|Sign in|scope"):
            await scripts.revoke_role(viewer, "shop", "alan@example.com", "board")
    with pytest.raises(Forbidden):
        await scripts.user_roles(emma, "shop", None, None, 1)
    assert await events(engine, ada, AuditAction.SCRIPT_ROLE_GRANTED) == []

    assert (await scripts.grant_role(ada, "shop", "alan@example.com", "board")).changed
    assert len(await scripts.user_roles(token, "shop", None, None, 1)) == 1


async def test_roles_of_a_script_give_no_role_of_the_engine(engine, shop, scripts, edith, alan):
    await scripts.grant_role(edith, "shop", "alan@example.com", "Administrator")

    user = await engine.services.users.find_by_email(operator("tests"), "alan@example.com")

    assert Role.ADMINISTRATOR not in user.roles


@pytest.mark.parametrize("role", ["", "a b", "1a", "a" * 51, "é", "a\n", "-a"])
async def test_an_unfit_role_is_refused(shop, scripts, edith, alan, role):
    with pytest.raises(BadUserInput, match="role: found"):
        await scripts.grant_role(edith, "shop", "alan@example.com", role)


async def test_unknown_users_and_scripts_are_named(shop, scripts, edith):
    with pytest.raises(NotFound):
        await scripts.grant_role(edith, "shop", "nobody@example.com", "board")
    with pytest.raises(NotFound):
        await scripts.grant_role(edith, "other", "edith@example.com", "board")


async def test_a_user_has_a_limited_number_of_roles(
    engine, shop, scripts, edith, alan, monkeypatch
):
    monkeypatch.setattr(granting, "MOST_ROLES_OF_USER", 3)

    results = await asyncio.gather(
        *(scripts.grant_role(edith, "shop", "alan@example.com", f"r{n}") for n in range(6)),
        return_exceptions=True,
    )

    assert sum(isinstance(one, LimitExceeded) for one in results) == 3
    assert len(await scripts.roles_of_user(shop.key, alan.id)) == 3


async def test_users_with_roles_are_listed_by_role(shop, scripts, edith, emma, alan, data):
    for email, role in (("alan", "b"), ("emma", "a"), ("alan", "a"), ("edith", "c")):
        await scripts.grant_role(edith, "shop", f"{email}@example.com", role)
    found, after = [], None
    while True:
        page = (await data(edith, LIST, first=1, after=after))["scriptUserRoles"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        assert page["totalCount"] == 4
        if not page["pageInfo"]["hasNextPage"]:
            break
    only = (await data(edith, LIST, first=10, role="a"))["scriptUserRoles"]

    assert [one["role"] for one in found] == ["a", "a", "b", "c"]
    assert {one["email"] for one in found[:2]} == {"alan@example.com", "emma@example.com"}
    assert found[3]["grantedBy"] == "edith@example.com"
    assert (only["totalCount"], len(only["nodes"])) == (2, 2)


async def test_roles_end_with_their_user(engine, shop, scripts, edith, alan):
    await scripts.grant_role(edith, "shop", "alan@example.com", "board")

    await engine.db.execute("delete from users where id = :id", id=alan.id)

    assert await scripts.user_roles(edith, "shop", None, None, 10) == []
