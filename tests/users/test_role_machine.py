"""Any sequence of changes, by anybody, against a model of a few lines."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiwebengine.core.errors import Conflict
from aiwebengine.core.identity import Role, operator
from aiwebengine.users.types import UserStatus

pytestmark = pytest.mark.slow

NAMES = ["ada", "alan", "edith"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["grant", "revoke", "suspend", "reinstate"]),
        st.sampled_from(NAMES),
        st.sampled_from([Role.EDITOR, Role.ADMINISTRATOR]),
    ),
    max_size=25,
)


@given(steps=STEPS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_roles_follow_the_rules_and_the_audit_events_explain_them(engine, add_person, steps):
    users, root = engine.services.users, operator("tests")
    await engine.db.execute("delete from users")
    people = {name: (await add_person(name)).id for name in NAMES}
    await users.grant_role(root, people["ada"], Role.ADMINISTRATOR)
    roles = {name: set() for name in NAMES} | {"ada": {Role.ADMINISTRATOR}}
    suspended = set()
    start = await engine.db.value("select max(id) from audit_events")

    for verb, name, role in steps:
        key, left = people[name], set(roles[name])
        was = (left, name in suspended)
        if verb == "grant":
            left = left | {role}
        elif verb == "revoke":
            left = left - {role}
        others = {n for n in NAMES if n != name and Role.ADMINISTRATOR in roles[n]} - suspended
        is_one = Role.ADMINISTRATOR in roles[name] and name not in suspended
        stays = Role.ADMINISTRATOR in left and verb != "suspend"
        is_forbidden = is_one and not stays and not others
        call = {
            "grant": lambda key=key, role=role: users.grant_role(root, key, role),
            "revoke": lambda key=key, role=role: users.revoke_role(root, key, role),
            "suspend": lambda key=key: users.suspend(root, key),
            "reinstate": lambda key=key: users.reinstate(root, key),
        }[verb]

        try:
            done = await call()
            refused = False
        except Conflict:
            refused = True

        assert refused == is_forbidden
        if refused:
            continue
        roles[name] = left
        suspended = suspended | {name} if verb == "suspend" else suspended
        suspended = suspended - {name} if verb == "reinstate" else suspended
        assert done.changed == (was != (left, name in suspended))
        assert set(done.user.roles) == left | {Role.AUTHENTICATED}
        assert (done.user.status is UserStatus.SUSPENDED) == (name in suspended)

    replayed = {name: set() for name in NAMES} | {"ada": {Role.ADMINISTRATOR}}
    rows = await engine.db.all(
        "select action, target_label, before, after from audit_events where id > :start"
        " and action like 'role.%' order by id",
        start=start,
    )
    for row in rows:
        name = row["target_label"].partition("@")[0]
        if row["action"] == "role.granted":
            replayed[name].add(Role(row["after"]["role"]))
        else:
            replayed[name].remove(Role(row["before"]["role"]))
    assert replayed == roles
