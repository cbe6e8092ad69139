"""Roles for users with an unverified address: every API refuses them unless confirmed."""

import json
import os

import httpx2
import pytest
from tests import commands
from tests.conftest import link

from aiwebengine.core.identity import Origin, Profile, Role, anonymous, operator

ROOT = operator("tests")
GRANT = """
  mutation ($input: GrantRoleInput!) {
    grantRole(input: $input) { changed user { emailVerified roles } }
  }
"""
SEEN = "query ($id: ID!) { user(id: $id) { emailVerified } }"


async def claim(engine, email="kate@corp.example"):
    """Somebody signs in with this address, and no provider proves it."""
    stranger = anonymous(Origin("web"))
    profile = Profile("one", f"claims {email}", email, False)
    return await engine.services.sign_in._arrivals.provision(stranger, profile)


async def test_graphql_asks_for_a_confirmation_and_the_trail_has_it(engine, ask, ada):
    kate = await claim(engine)
    wanted = {"userId": kate.id, "role": "EDITOR"}

    refused = await ask(ada, GRANT, input=wanted)
    still = await engine.services.users.find(ROOT, kate.key)
    done = await ask(ada, GRANT, input=wanted | {"confirmUnverified": True})
    twice = await ask(ada, GRANT, input=wanted)

    assert refused["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert "confirmUnverified" in refused["errors"][0]["message"]
    assert (still.roles, still.version) == ([Role.AUTHENTICATED], kate.version)
    assert done["data"]["grantRole"] == {
        "changed": True,
        "user": {"emailVerified": False, "roles": ["AUTHENTICATED", "EDITOR"]},
    }
    assert twice["data"]["grantRole"]["changed"] is False
    told = await engine.db.all(
        "select after from audit_events where action = 'role.granted' and target_id = :id",
        id=kate.key,
    )
    assert [event["after"] for event in told] == [{"role": "Editor", "confirmedUnverified": True}]


async def test_a_verified_user_or_one_without_identity_needs_no_confirmation(engine, ask, ada):
    invited = (await engine.services.users.invite(ROOT, "edith@corp.example")).user
    await link(engine, Profile("one", "grace", "grace@corp.example", True))
    grace = await engine.services.users.find_by_email(ROOT, "grace@corp.example")

    for user, is_verified in ((invited, False), (grace, True)):
        seen = await ask(ada, SEEN, id=user.id)
        done = await ask(ada, GRANT, input={"userId": user.id, "role": "EDITOR"})
        assert seen["data"]["user"] == {"emailVerified": is_verified}
        assert done["data"]["grantRole"]["changed"] is True
    events = await engine.db.all("select after from audit_events where action = 'role.granted'")
    assert all("confirmedUnverified" not in event["after"] for event in events)


async def test_rest_asks_for_a_confirmation(served, add_served_person):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    kate = await claim(served.engine)
    headers = {"Authorization": f"Bearer {await served.token(ada)}"}
    body = {"role": "Editor", "action": "add"}

    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        path = f"/api/engine/admin/users/{kate.id}/roles"
        refused = await client.post(path, json=body)
        unclear = await client.post(path, json=body | {"confirmUnverified": "yes"})
        done = await client.post(path, json=body | {"confirmUnverified": True})

    assert (refused.status_code, refused.json()["code"]) == (409, "CONFLICT")
    assert (unclear.status_code, unclear.json()["code"]) == (422, "BAD_USER_INPUT")
    assert done.json()["changed"] is True


async def test_the_command_line_asks_for_a_confirmation_and_lists_who_is_verified(
    engine, url, tmp_path
):
    await claim(engine)
    await link(engine, Profile("one", "grace", "grace@corp.example", True))
    environ = {**os.environ, "APP_REPOSITORY__DATABASE_URL": url, "COLUMNS": "200"}

    def run(*arguments):
        return commands.run(*arguments, cwd=tmp_path, env=environ)

    refused = run("users", "grant", "KATE@corp.example", "Editor")
    done = run("users", "grant", "kate@corp.example", "Editor", "--confirm-unverified")
    listed = json.loads(run("users", "list", "--json").stdout)["users"]
    table = run("users", "list").stdout.splitlines()

    assert refused.returncode != 0
    assert "--confirm-unverified" in refused.stderr
    assert done.stdout == "kate@corp.example is now Editor.\n"
    assert {user["email"]: user["email_verified"] for user in listed} == {
        "kate@corp.example": False,
        "grace@corp.example": True,
    }
    assert "Verified" in table[0]


async def test_a_review_says_who_was_not_verified(engine, ada):
    kate = await claim(engine)
    await link(engine, Profile("one", "grace", "grace@corp.example", True))
    users = engine.services.users
    grace = await users.find_by_email(ROOT, "grace@corp.example")
    for user in (kate, grace):
        await users.grant_role(ROOT, user.key, Role.EDITOR, confirm_unverified=True)

    review = await engine.services.access_reviews.start(ada, None)

    entries = await engine.services.access_reviews.entries(ada, review.number, False, None, 10)
    assert {entry.email: entry.email_verified for entry in entries} == {
        "ada@example.com": None,
        "kate@corp.example": False,
        "grace@corp.example": True,
    }


@pytest.mark.parametrize("email", ["KATE@corp.example", " kate@corp.example"])
async def test_an_invitation_for_a_claimed_address_is_a_conflict(engine, ask, ada, email):
    await claim(engine)

    answer = await ask(
        ada, "mutation ($e: String!) { inviteUser(input: {email: $e}) { user { id } } }", e=email
    )

    assert answer["errors"][0]["extensions"]["code"] == "CONFLICT"
