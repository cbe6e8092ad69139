"""The rules about who may hold which role."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from aiwebengine.core.errors import BadUserInput, Conflict, Forbidden, NotFound, Unauthenticated
from aiwebengine.core.identity import Origin, Role, Scope, anonymous, operator
from aiwebengine.users.service import LastAdministrator, Outdated
from aiwebengine.users.types import UserStatus

WRITES = ["grant_role", "revoke_role"]


async def administrators(engine):
    return await engine.db.value(
        "select count(*) from user_roles r join users u on u.id = r.user_id"
        " where r.role = 'Administrator' and u.status = 'active'"
    )


async def test_a_granted_role_is_held_and_traced(engine, ada, alan, events_of):
    before = await events_of()

    done = await engine.services.users.grant_role(ada, alan.id, Role.EDITOR, reason=" because ")

    assert done.changed
    assert done.user.roles == [Role.AUTHENTICATED, Role.EDITOR]
    assert (await events_of())[len(before) :] == ["role.granted"]
    event = await engine.db.one("select * from audit_events order by id desc limit 1")
    assert (event["actor_id"], event["target_id"], event["reason"]) == (ada.id, alan.id, "because")
    assert (event["before"], event["after"]) == (None, {"role": "Editor"})
    assert (event["request_id"], event["address"]) == ("test-request", "127.0.0.1")


async def test_granting_a_held_role_changes_nothing_and_leaves_no_trace(
    engine, ada, edith, events_of
):
    before = await events_of()

    done = await engine.services.users.grant_role(ada, edith.id, Role.EDITOR)

    assert not done.changed
    assert await events_of() == before


async def test_revoking_a_missing_role_changes_nothing_and_leaves_no_trace(
    engine, ada, alan, events_of
):
    before = await events_of()

    done = await engine.services.users.revoke_role(ada, alan.id, Role.EDITOR)

    assert not done.changed
    assert await events_of() == before


@pytest.mark.parametrize("verb", WRITES)
async def test_authenticated_can_be_neither_granted_nor_revoked(engine, ada, alan, verb, events_of):
    before = await events_of()

    with pytest.raises(BadUserInput, match="neither granted nor revoked"):
        await getattr(engine.services.users, verb)(ada, alan.id, Role.AUTHENTICATED)

    assert await events_of() == before


@pytest.mark.parametrize("verb", WRITES)
async def test_only_administrators_change_roles(engine, ada, edith, alan, verb, events_of):
    before = await events_of()
    change = getattr(engine.services.users, verb)

    for viewer, refusal in [
        (edith, Forbidden),
        (alan, Forbidden),
        (anonymous(Origin("graphql")), Unauthenticated),
    ]:
        with pytest.raises(refusal):
            await change(viewer, alan.id, Role.EDITOR)

    assert await events_of() == before


async def test_an_unknown_user_is_not_found(engine, ada):
    with pytest.raises(NotFound):
        await engine.services.users.grant_role(ada, uuid4(), Role.EDITOR)


async def test_the_last_administrator_stays(engine, ada, events_of):
    before, users = await events_of(), engine.services.users

    with pytest.raises(LastAdministrator):
        await users.revoke_role(ada, ada.id, Role.ADMINISTRATOR)
    with pytest.raises(LastAdministrator):
        await users.suspend(ada, ada.id)
    with pytest.raises(LastAdministrator):
        await users.delete(operator("tests"), ada.id)

    assert await administrators(engine) == 1
    assert await events_of() == before


async def test_a_suspended_administrator_does_not_count_as_one(engine, ada, add_person):
    grace = await add_person("grace", Role.ADMINISTRATOR)
    await engine.services.users.suspend(ada, grace.id)

    with pytest.raises(LastAdministrator):
        await engine.services.users.revoke_role(ada, ada.id, Role.ADMINISTRATOR)


async def test_an_administrator_for_a_while_does_not_count_as_a_lasting_one(engine, ada, alan):
    users = engine.services.users
    soon = datetime.now(UTC) + timedelta(hours=1)
    await users.grant_role(ada, alan.id, Role.ADMINISTRATOR, expires_at=soon)

    with pytest.raises(LastAdministrator):
        await users.revoke_role(ada, ada.id, Role.ADMINISTRATOR)
    with pytest.raises(LastAdministrator):
        await users.grant_role(ada, ada.id, Role.ADMINISTRATOR, expires_at=soon)


async def test_fifty_administrators_revoking_each_other_at_once_leave_one(engine, add_person):
    people = [await add_person(f"admin{i}", Role.ADMINISTRATOR) for i in range(50)]

    results = await asyncio.gather(
        *(
            engine.services.users.revoke_role(one, other.id, Role.ADMINISTRATOR)
            for one, other in zip(people, people[1:] + people[:1], strict=True)
        ),
        return_exceptions=True,
    )

    left = await administrators(engine)
    done = [result for result in results if not isinstance(result, Exception)]
    refused = [result for result in results if isinstance(result, Exception)]
    assert left >= 1
    assert left == 50 - len(done)
    assert all(isinstance(result, Forbidden | LastAdministrator) for result in refused)
    traced = await engine.db.value(
        "select count(*) from audit_events where action = 'role.revoked'"
    )
    assert traced == len(done)


async def test_fifty_removals_of_all_administrators_by_the_operator_leave_one(engine, add_person):
    people = [await add_person(f"admin{i}", Role.ADMINISTRATOR) for i in range(50)]
    users, boss = engine.services.users, operator("tests")
    verbs = [
        lambda who: users.revoke_role(boss, who, Role.ADMINISTRATOR),
        lambda who: users.suspend(boss, who),
        lambda who: users.delete(boss, who),
    ]

    results = await asyncio.gather(
        *(verbs[i % 3](person.id) for i, person in enumerate(people)), return_exceptions=True
    )

    assert await administrators(engine) == 1
    refused = [result for result in results if isinstance(result, Exception)]
    assert [type(result) for result in refused] == [LastAdministrator]


async def test_fifty_identical_grants_at_once_are_one_change(engine, ada, alan, events_of):
    before = await events_of()

    results = await asyncio.gather(
        *(engine.services.users.grant_role(ada, alan.id, Role.EDITOR) for _ in range(50))
    )

    assert sum(result.changed for result in results) == 1
    assert (await events_of())[len(before) :] == ["role.granted"]


async def test_a_role_stops_counting_at_its_end_and_the_end_is_traced(engine, ada, alan, events_of):
    users = engine.services.users
    soon = datetime.now(UTC) + timedelta(seconds=2)
    await users.grant_role(ada, alan.id, Role.EDITOR, expires_at=soon)
    held = await users.find(ada, alan.id)
    await asyncio.sleep(2.1)

    at_the_end = await users.find(ada, alan.id)
    ended = await users.end_expired_grants()

    assert Role.EDITOR in held.roles
    assert Role.EDITOR not in at_the_end.roles
    assert ended == 1
    assert await users.end_expired_grants() == 0
    assert (await events_of())[-1] == "role.expired"


async def test_an_expired_role_can_be_granted_again_and_both_are_recorded(
    engine, ada, alan, events_of
):
    users = engine.services.users
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await users.grant_role(ada, alan.id, Role.EDITOR, expires_at=soon)
    await asyncio.sleep(1.1)

    done = await users.grant_role(ada, alan.id, Role.EDITOR)

    assert done.changed
    assert (await events_of())[-2:] == ["role.expired", "role.granted"]


@pytest.mark.parametrize(
    "end", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2999, 1, 1)], ids=["past", "no zone"]
)
async def test_an_end_must_lie_ahead_and_name_its_zone(engine, ada, alan, end):
    with pytest.raises(BadUserInput, match="expiresAt"):
        await engine.services.users.grant_role(ada, alan.id, Role.EDITOR, expires_at=end)


async def test_a_change_of_an_older_version_is_refused(engine, ada, alan, events_of):
    users = engine.services.users
    seen = await users.find(ada, alan.id)
    await users.grant_role(ada, alan.id, Role.EDITOR)
    before = await events_of()

    with pytest.raises(Outdated):
        await users.revoke_role(ada, alan.id, Role.EDITOR, expected_version=seen.version)

    assert await events_of() == before


async def test_a_former_administrator_changes_nothing(engine, ada, add_person, alan):
    grace = await add_person("grace", Role.ADMINISTRATOR)
    await engine.services.users.revoke_role(ada, grace.id, Role.ADMINISTRATOR)

    with pytest.raises(Forbidden):
        await engine.services.users.grant_role(grace, alan.id, Role.ADMINISTRATOR)


async def test_suspension_ends_sessions_and_reinstatement_does_not_bring_them_back(
    engine, ada, edith
):
    services = engine.services
    nobody = anonymous(Origin("web"))
    signed_in = await services.sessions.begin(nobody, edith.id, edith.label, "link")

    suspended = await services.users.suspend(ada, edith.id, reason="left")
    again = await services.users.suspend(ada, edith.id)
    back = await services.users.reinstate(ada, edith.id)

    assert suspended.user.status is UserStatus.SUSPENDED
    assert not again.changed
    assert back.user.status is UserStatus.ACTIVE
    assert Role.EDITOR in back.user.roles
    viewer = await services.callers.by_session(signed_in.secret, Origin("graphql"))
    assert not viewer.is_signed_in


async def test_a_deleted_user_is_gone_and_the_trail_keeps_the_name(engine, ada, edith):
    await engine.services.users.delete(ada, edith.id)

    assert await engine.services.users.find(ada, edith.id) is None
    event = await engine.db.one("select * from audit_events order by id desc limit 1")
    assert event["action"] == "user.deleted"
    assert event["target_label"] == "edith@example.com"
    assert "Editor" in event["before"]["roles"]


async def test_an_invited_user_has_the_roles_and_is_active_from_the_first_sign_in_on(engine, ada):
    users = engine.services.users

    invited = await users.invite(ada, " Joan@Example.com ", "Joan", [Role.EDITOR])
    await users.signed_in(invited.user.key)

    joan = await users.find(ada, invited.user.key)
    assert invited.user.status is UserStatus.INVITED
    assert joan.status is UserStatus.ACTIVE
    assert Role.EDITOR in joan.roles
    with pytest.raises(Conflict, match="already"):
        await users.invite(ada, "joan@example.COM")


@pytest.mark.parametrize("email", ["", "joan", "a b@example.com", "x@y\nz", "@example.com"])
async def test_an_invitation_needs_an_address(engine, ada, email):
    with pytest.raises(BadUserInput, match="email"):
        await engine.services.users.invite(ada, email)


async def test_a_token_without_the_scope_changes_nothing(engine, ada, alan):
    from dataclasses import replace

    reader = replace(ada, scopes=frozenset([Scope.READ]))

    with pytest.raises(Forbidden, match="users:write"):
        await engine.services.users.grant_role(reader, alan.id, Role.EDITOR)


async def test_a_failing_trace_takes_the_grant_back(engine, ada, alan):
    await engine.db.execute(
        "alter table audit_events add constraint no_more check (id < 0) not valid"
    )

    with pytest.raises(Exception, match="no_more"):
        await engine.services.users.grant_role(ada, alan.id, Role.EDITOR)

    assert await engine.db.value("select count(*) from user_roles where role = 'Editor'") == 0
