"""No token outlives or outranks what made it, and the trail names the maker."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from aiwebengine.app.engine import Engine
from aiwebengine.core.errors import BadUserInput, EngineError, Forbidden, Unauthenticated
from aiwebengine.core.identity import Origin, Role, operator
from aiwebengine.core.resources import MIGRATIONS

WEB = Origin("web", address="127.0.0.1", user_agent="tests")
ROOT = operator("tests")
DAY = timedelta(days=1)


@pytest.fixture
def tokens(engine):
    return engine.services.tokens


@pytest.fixture
def behind(engine):
    """Who is behind a token."""

    async def behind(made):
        return await engine.services.callers.by_token(made.secret, WEB)

    return behind


@pytest.fixture
async def kate(add_person):
    """Another administrator."""
    return await add_person("kate", Role.ADMINISTRATOR)


async def test_a_token_of_a_token_expires_no_later_than_its_parent(tokens, ada, behind):
    end = datetime.now(UTC) + 5 * DAY
    parent = await tokens.create(ada, None, "parent", expires_at=end)
    viewer = await behind(parent)

    child = await tokens.create(viewer, None, "child")
    earlier = await tokens.create(viewer, None, "earlier", expires_at=end - DAY)
    with pytest.raises(BadUserInput) as refused:
        await tokens.create(viewer, None, "later", expires_at=end + DAY)

    assert (child.token.expires_at, earlier.token.expires_at) == (end, end - DAY)
    assert f"{end + DAY:found %Y-%m-%dT%H:%M:%SZ}" in refused.value.message
    assert f"{end:allowed: until %Y-%m-%dT%H:%M:%SZ}" in refused.value.message
    assert child.token.parent_key == parent.token.key


async def test_a_revoked_token_takes_all_its_descendants_along_and_no_other(
    engine, tokens, ada, behind, ask
):
    parent = await tokens.create(ada, None, "parent")
    child = await tokens.create(await behind(parent), None, "child")
    grandchild = await tokens.create(await behind(child), None, "grandchild")
    sibling = await tokens.create(ada, None, "sibling")

    await tokens.revoke(ada, parent.token.key)

    for one in (parent, child, grandchild):
        with pytest.raises(Unauthenticated):
            await behind(one)
    assert (await behind(sibling)).id == ada.id
    assert [one.name for one in await tokens.of_user(ada, None)] == ["sibling"]
    body = await ask(
        ada, "{ auditEvents(filter: {actions: [TOKEN_REVOKED]}) { nodes { before reason } } }"
    )
    told = [(one["before"]["name"], one["reason"]) for one in body["data"]["auditEvents"]["nodes"]]
    assert sorted(told) == [
        ("child", "Created by the token parent, which was revoked."),
        ("grandchild", "Created by the token parent, which was revoked."),
        ("parent", None),
    ]


async def test_none_of_the_tokens_made_during_a_revocation_survives_it(engine, tokens, ada, behind):
    parent = await tokens.create(ada, None, "parent")
    child = await tokens.create(await behind(parent), None, "child")
    viewers = [await behind(parent), await behind(child)]

    results = await asyncio.gather(
        *(tokens.create(viewers[n % 2], None, f"n{n}") for n in range(12)),
        tokens.revoke(ada, parent.token.key),
        *(tokens.create(viewers[n % 2], None, f"m{n}") for n in range(12)),
        return_exceptions=True,
    )

    assert {type(one) for one in results if isinstance(one, Exception)} <= {Unauthenticated}
    assert await tokens.of_user(ada, None) == []


async def test_a_token_makes_none_with_a_higher_role_or_another_scope(tokens, ada, behind):
    low = await tokens.create(
        ada, None, "low", role_ceiling=Role.ADMINISTRATOR, scopes=["users:write"]
    )
    viewer = await behind(low)

    same = await tokens.create(viewer, None, "same")
    lower = await tokens.create(viewer, None, "lower", role_ceiling=Role.EDITOR)
    with pytest.raises(Forbidden):
        await tokens.create(viewer, None, "more", scopes=["read"])

    assert (same.token.role_ceiling, same.token.scopes) == (Role.ADMINISTRATOR, ["users:write"])
    assert lower.token.role_ceiling is Role.EDITOR


@pytest.mark.parametrize("maker", ["session", "operator"])
async def test_a_token_ends_after_90_days_and_never_after_more_than_a_year(tokens, ada, maker):
    viewer = ada if maker == "session" else ROOT
    now = datetime.now(UTC)

    default = await tokens.create(viewer, ada.id, "default")
    longest = await tokens.create(viewer, ada.id, "longest", expires_at=now + 365 * DAY)
    with pytest.raises(BadUserInput, match=r"found .*; allowed: until .*max_token_lifetime"):
        await tokens.create(viewer, ada.id, "longer", expires_at=now + 366 * DAY)

    assert timedelta() <= default.token.expires_at - now - 90 * DAY < timedelta(hours=1)
    assert longest.token.expires_at == now + 365 * DAY


async def test_the_configuration_says_how_long_tokens_last(engine, url, ada):
    auth = engine.config.auth.model_copy(
        update={"token_lifetime": 10 * DAY, "max_token_lifetime": 2 * DAY}
    )
    other = Engine(engine.config.model_copy(update={"auth": auth}), url)
    now = datetime.now(UTC)
    await other.prepare()
    try:
        made = await other.services.tokens.create(ada, None, "short")
        with pytest.raises(BadUserInput):
            await other.services.tokens.create(ada, None, "long", expires_at=now + 3 * DAY)
    finally:
        await other.db.disconnect()

    assert timedelta() <= made.token.expires_at - now - 2 * DAY < timedelta(hours=1)


async def test_an_administrator_makes_no_token_for_another_one(tokens, ada, kate, events_of):
    before = await events_of()

    with pytest.raises(Forbidden, match="is an administrator"):
        await tokens.create(ada, kate.id, "hers")

    assert await events_of() == before
    assert (await tokens.create(ROOT, kate.id, "hers")).token.role_ceiling is None


@pytest.mark.parametrize(("held", "ceiling"), [([], "AUTHENTICATED"), ([Role.EDITOR], "EDITOR")])
async def test_a_token_created_for_another_user_gains_no_role_with_its_user(
    engine, tokens, ada, add_person, behind, held, ceiling
):
    robot = await add_person("robot", *held)
    made = await tokens.create(ada, robot.id, "nightly")
    higher = await tokens.create(ada, robot.id, "x", role_ceiling=Role.ADMINISTRATOR)

    await engine.services.users.grant_role(ROOT, robot.id, Role.ADMINISTRATOR)

    expected = {Role.AUTHENTICATED, *held}
    assert [(await behind(one)).roles for one in (made, higher)] == [expected, expected]
    assert made.token.role_ceiling is Role[ceiling]


async def test_a_token_created_for_another_user_has_at_most_its_creators_role(
    engine, tokens, ada, kate, edith, behind
):
    made = await tokens.create(kate, edith.id, "nightly")
    own = await tokens.create(edith_as_administrator(edith), None, "own")
    users = engine.services.users

    whole = (await behind(made)).roles
    await users.revoke_role(ada, kate.id, Role.ADMINISTRATOR)
    less = (await behind(made)).roles
    await users.suspend(ada, kate.id)
    with pytest.raises(Unauthenticated):
        await behind(made)
    await users.reinstate(ada, kate.id)
    again = (await behind(made)).roles
    await users.delete(ada, kate.id)
    with pytest.raises(Unauthenticated):
        await behind(made)

    assert whole == {Role.AUTHENTICATED, Role.EDITOR}
    assert less == again == {Role.AUTHENTICATED}
    assert (await behind(own)).roles == {Role.AUTHENTICATED, Role.EDITOR}


def edith_as_administrator(edith):
    """Edith, when she still was one: what she made for herself is bound to her alone."""
    return type(edith)(**{**vars(edith), "roles": frozenset(Role)})


async def test_actions_by_a_token_of_another_creator_name_both_users(
    engine, tokens, ada, kate, alan, edith, behind, ask
):
    tools = await tokens.create(ROOT, kate.id, "tools")
    by_root = await behind(tools)
    # As an administrator could make one for another administrator before.
    await engine.db.execute(
        "update api_tokens set made_by = 'ada@example.com', made_by_id = :ada", ada=ada.id
    )
    by_other = await behind(tools)
    own = await behind(await tokens.create(kate, None, "own"))
    child = await behind(await tokens.create(by_other, None, "child"))
    by_ada = await behind(await tokens.create(ada, edith.id, "nightly"))
    users, both = engine.services.users, "kate@example.com, by a token made by ada@example.com"

    await users.grant_role(by_other, alan.id, Role.EDITOR)
    await users.revoke_role(own, alan.id, Role.EDITOR)
    await users.grant_role(child, alan.id, Role.EDITOR)

    rows = await engine.db.all(
        "select actor_label from audit_events where target_id = :id and action like 'role.%'"
        " order by id",
        id=alan.id,
    )
    assert [row["actor_label"] for row in rows] == [both, "kate@example.com", both]
    assert (await engine.services.users.grants_of([alan.id]))[0][0].granted_by == both
    assert by_root.label == "kate@example.com"
    assert by_ada.label == "edith@example.com, by a token made by ada@example.com"
    body = await ask(by_ada, "{ viewer { email user { apiTokens { madeBy parent { id } } } } }")
    assert body["data"]["viewer"] == {
        "email": "edith@example.com",
        "user": {"apiTokens": [{"madeBy": "ada@example.com", "parent": None}]},
    }


async def test_the_owner_s_history_shows_who_made_a_token(engine, tokens, ada, alan, ask):
    await tokens.create(ada, alan.id, "nightly")

    body = await ask(
        ada,
        "query ($id: ID!) { auditEvents(first: 1, filter: {userId: $id})"
        " { nodes { action actorLabel targetLabel after } } }",
        id=str(alan.id),
    )

    (event,) = body["data"]["auditEvents"]["nodes"]
    assert event["action"] == "TOKEN_CREATED"
    assert (event["actorLabel"], event["targetLabel"]) == ("ada@example.com", "alan@example.com")
    assert event["after"]["roleCeiling"] == "Authenticated"


async def test_graphql_returns_parent_and_creator(tokens, ada, behind, ask):
    parent = await tokens.create(ada, None, "parent")
    await tokens.create(await behind(parent), None, "child")

    body = await ask(ada, "{ apiTokens { name madeBy parent { name } } }")

    assert body["data"]["apiTokens"] == [
        {"name": "child", "madeBy": "ada@example.com", "parent": {"name": "parent"}},
        {"name": "parent", "madeBy": "ada@example.com", "parent": None},
    ]


async def test_a_token_of_before_without_end_stays_and_is_counted(engine, tokens, ada, behind):
    made = await tokens.create(ada, None, "old")
    await engine.db.execute(
        "update api_tokens set expires_at = null, made_by = null, made_by_id = null"
    )

    viewer = await behind(made)
    child = await tokens.create(viewer, None, "child")
    board = await engine.services.maintenance.board(ada)

    assert viewer.label == "ada@example.com"
    assert child.token.expires_at is not None
    saw = next(item.saw for item in board.items if item.name == "secrets")
    assert "API tokens that never expire: 1." in saw


async def test_the_migration_learns_the_makers_of_existing_tokens_from_the_trail(
    engine, url, tokens, ada, kate, alan, edith, behind
):
    parent = await tokens.create(ada, None, "parent")
    child = await tokens.create(await behind(parent), None, "child")
    by_kate = await tokens.create(kate, alan.id, "kate's")
    by_gone = await tokens.create(edith_as_administrator(edith), alan.id, "edith's")
    await engine.services.users.delete(ada, edith.id)

    with psycopg.connect(url) as connection:
        for name in ("0024.record-token-makers.rollback.sql", "0024.record-token-makers.sql"):
            connection.execute((MIGRATIONS / name).read_bytes())

    rows = await engine.db.all("select name, parent_id, made_by_id, made_by from api_tokens")
    assert {row["name"]: (row["parent_id"], row["made_by_id"], row["made_by"]) for row in rows} == {
        "parent": (None, ada.id, "ada@example.com"),
        "child": (parent.token.key, ada.id, "ada@example.com"),
        "kate's": (None, kate.id, "kate@example.com"),
        "edith's": (None, None, "edith@example.com"),
    }
    for one in (parent, child, by_kate, by_gone):
        await behind(one)
    await tokens.revoke(ada, parent.token.key)
    with pytest.raises(EngineError):
        await behind(child)
