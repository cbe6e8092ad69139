"""What can do most harm asks a browser for a recent sign-in."""

from contextlib import suppress
from uuid import uuid4

import pytest

from aiwebengine.access_reviews.types import Decision, ReviewDecision
from aiwebengine.core.errors import NotFound, ReauthenticationRequired
from aiwebengine.core.identity import Origin, Role, anonymous, operator

WEB = Origin("web")


@pytest.fixture
async def late(engine, ada):
    """Ada, by a session that began an hour ago."""
    session = await engine.services.sessions.begin(anonymous(WEB), ada.id, ada.label, "link")
    await engine.db.execute("update sessions set created_at = now() - interval '1 hour'")
    return await engine.services.callers.by_session(session.secret, WEB)


async def verbs_of(engine, add_person, alan):
    """What asks for a recent sign-in: name and a call as somebody."""
    services, root = engine.services, operator("tests")
    users, edith = services.users, await add_person("edith", Role.EDITOR)
    boss, out = await add_person("boss", Role.ADMINISTRATOR), await add_person("out")
    await users.suspend(root, out.id)
    his = await services.sessions.begin(anonymous(WEB), alan.id, alan.label, "link")
    token = await services.tokens.create(root, alan.id, "his")
    admin, decide = Role.ADMINISTRATOR, ReviewDecision.REVOKE
    await services.access_reviews.start(root)
    return {
        "grant": lambda viewer: users.grant_role(viewer, edith.id, admin),
        "invite": lambda viewer: users.invite(viewer, f"{uuid4()}@example.com", roles=[admin]),
        "invite-editor": lambda viewer: users.invite(
            viewer, f"{uuid4()}@example.com", roles=[Role.EDITOR]
        ),
        "revoke": lambda viewer: users.revoke_role(viewer, boss.id, admin),
        "review": lambda viewer: services.access_reviews.submit(
            viewer, None, [Decision(boss.id, admin, decide)]
        ),
        "suspend": lambda viewer: users.suspend(viewer, edith.id),
        "reinstate": lambda viewer: users.reinstate(viewer, out.id),
        "session": lambda viewer: services.sessions.revoke(viewer, his.session.key),
        "sessions": lambda viewer: services.sessions.revoke_all(viewer, alan.id),
        "token": lambda viewer: services.tokens.create(viewer, viewer.id or alan.id, "mine"),
        "service-token": lambda viewer: services.tokens.create(
            viewer, viewer.id if viewer.token_id else alan.id, "nightly"
        ),
        "revoke-token": lambda viewer: services.tokens.revoke(viewer, token.token.key),
        "rotate": lambda viewer: services.signing_keys.rotate(viewer, None),
        "task": lambda viewer: services.jobs.run_here(viewer, "end-grants", lambda _: None),
        "delete": lambda viewer: users.delete(viewer, out.id),
    }


VERBS = [
    "grant",
    "invite",
    "invite-editor",
    "revoke",
    "review",
    "suspend",
    "reinstate",
    "session",
    "sessions",
    "token",
    "service-token",
    "revoke-token",
    "rotate",
    "task",
    "delete",
]


@pytest.mark.parametrize("verb", VERBS)
async def test_an_old_session_must_sign_in_again(engine, late, alan, add_person, events_of, verb):
    verbs = await verbs_of(engine, add_person, alan)
    before = await events_of()

    with pytest.raises(ReauthenticationRequired):
        await verbs[verb](late)

    assert await events_of() == before
    assert set(verbs) == set(VERBS)


@pytest.mark.parametrize("who", ["recent session", "token", "operator"])
async def test_a_recent_session_a_token_and_the_operator_need_not(
    engine, ada, alan, add_person, who
):
    services = engine.services
    verbs = await verbs_of(engine, add_person, alan)
    session = await services.sessions.begin(anonymous(WEB), ada.id, ada.label, "link")
    token = await services.tokens.create(ada, None, "script")
    await engine.db.execute("update api_tokens set created_at = now() - interval '1 hour'")
    viewer = {
        "recent session": await services.callers.by_session(session.secret, WEB),
        "token": await services.callers.by_token(token.secret, WEB),
        "operator": operator("tests"),
    }[who]

    for verb in verbs.values():
        # What is gone already is no question of the sign-in.
        with suppress(NotFound):
            await verb(viewer)


async def test_an_old_session_may_still_do_the_rest(engine, late, alan):
    services, root = engine.services, operator("tests")
    mine = await services.tokens.create(root, late.id, "mine")
    own = await services.sessions.begin(anonymous(WEB), late.id, late.label, "link")

    done = await services.users.grant_role(late, alan.id, Role.EDITOR)
    taken = await services.users.revoke_role(late, alan.id, Role.EDITOR)
    invited = await services.users.invite(late, "joan@example.com")
    await services.tokens.revoke(late, mine.token.key)
    await services.sessions.revoke(late, own.session.key)
    ended = await services.sessions.revoke_all(late, late.id)

    assert (done.changed, taken.changed, invited.changed) == (True, True, True)
    assert ended == 1


async def test_the_refusal_says_what_was_refused(late, engine, alan):
    with pytest.raises(ReauthenticationRequired, match="Suspending a user needs a recent sign-in"):
        await engine.services.users.suspend(late, alan.id)


async def test_the_code_reaches_a_script(engine, late, alan, ask):
    body = await ask(
        late,
        "mutation ($id: ID!) { deleteUser(input: {userId: $id}) { changed } }",
        id=str(alan.id),
    )

    assert body["errors"][0]["extensions"]["code"] == "REAUTHENTICATION_REQUIRED"
