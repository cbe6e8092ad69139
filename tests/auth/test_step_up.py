"""What can do most harm asks a browser for a recent sign-in."""

import pytest

from aiwebengine.errors import ReauthenticationRequired
from aiwebengine.users.types import Role
from aiwebengine.viewer import Origin, anonymous, operator

WEB = Origin("web")


@pytest.fixture
async def late(engine, ada):
    """Ada, by a session that began an hour ago."""
    session = await engine.services.sessions.begin(anonymous(WEB), ada.id, ada.label, "link")
    await engine.db.execute("update sessions set created_at = now() - interval '1 hour'")
    return await engine.services.callers.by_session(session.secret, WEB)


def dangerous(engine, viewer, user):
    services = engine.services
    return {
        "grant": lambda: services.users.grant_role(viewer, user.id, Role.ADMINISTRATOR),
        "invite": lambda: services.users.invite(
            viewer, "joan@example.com", roles=[Role.ADMINISTRATOR]
        ),
        "token": lambda: services.tokens.create(viewer, None, "mine"),
        "delete": lambda: services.users.delete(viewer, user.id),
    }


@pytest.mark.parametrize("verb", ["grant", "invite", "token", "delete"])
async def test_an_old_session_must_sign_in_again(engine, late, alan, events_of, verb):
    before = await events_of()

    with pytest.raises(ReauthenticationRequired):
        await dangerous(engine, late, alan)[verb]()

    assert await events_of() == before


@pytest.mark.parametrize("verb", ["grant", "invite", "token", "delete"])
async def test_a_recent_session_a_token_and_the_operator_need_not(engine, ada, add_person, verb):
    services = engine.services
    session = await services.sessions.begin(anonymous(WEB), ada.id, ada.label, "link")
    token = await services.tokens.create(ada, None, "script")
    await engine.db.execute("update api_tokens set created_at = now() - interval '1 hour'")
    viewers = [
        await services.callers.by_session(session.secret, WEB),
        await services.callers.by_token(token.secret, WEB),
        operator("tests"),
    ]

    for number, viewer in enumerate(viewers):
        user = await add_person(f"user{number}")
        if viewer.kind.value == "operator" and verb == "token":
            continue
        await dangerous(engine, viewer, user)[verb]()
        await engine.db.execute("delete from users where email = 'joan@example.com'")


async def test_an_old_session_may_still_do_the_rest(engine, late, alan):
    done = await engine.services.users.grant_role(late, alan.id, Role.EDITOR)
    taken = await engine.services.users.revoke_role(late, alan.id, Role.EDITOR)

    assert (done.changed, taken.changed) == (True, True)


async def test_the_code_reaches_a_script(engine, late, alan, ask):
    body = await ask(
        late,
        "mutation ($id: ID!) { deleteUser(input: {userId: $id}) { changed } }",
        id=str(alan.id),
    )

    assert body["errors"][0]["extensions"]["code"] == "REAUTHENTICATION_REQUIRED"
