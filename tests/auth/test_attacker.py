"""What somebody can reach who may send any sequence of profiles through any provider."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.conftest import configured

from aiwebengine.app.engine import Engine
from aiwebengine.auth import vouching
from aiwebengine.core.addresses import key_of
from aiwebengine.core.errors import Conflict, Forbidden, NotFound
from aiwebengine.core.identity import Origin, Profile, Role, anonymous, operator
from aiwebengine.users.provisioning import Provisioning
from aiwebengine.users.types import Admission

WEB, ROOT = Origin("web"), operator("tests")
KIM, KATE, ANN = "kim@corp.example", "kate@corp.example", "ann@corp.example"
MINE = "mallory@evil.example"
# What the attacker may try to pass for an owner's address.
SPELLINGS = [
    KIM,
    KATE,
    ANN,
    "KATE@Corp.Example",
    "\u212aim@corp.example",
    "\u212aate@corp.example",
    "kate@corp\uff0eexample",
    "ka\u200bte@corp.example",
    "\uff4bate@corp.example",
]
# `corp` is honest: it verifies what is the person's. The administrators of `elsewhere` and of the
# `microsoft` tenants write what they like; the configuration limits the one, and does not believe
# the other.
PROVIDERS = {
    "corp": {"kind": "oidc", "issuer": "https://id.corp.example"},
    "elsewhere": {
        "kind": "oidc",
        "issuer": "https://id.evil.example",
        "domains": ["evil.example"],
    },
    "microsoft": {"tenant": "common"},
}

LIES = st.builds(
    Profile,
    provider=st.sampled_from(["elsewhere", "microsoft"]),
    subject=st.sampled_from(["m0", "m1"]),
    email=st.sampled_from([*SPELLINGS, MINE]),
    email_verified=st.booleans(),
    name=st.sampled_from(["Kate", "\u202eevil"]),
)
AT_CORP = st.one_of(
    st.builds(
        Profile, st.just("corp"), st.sampled_from(["m0", "m1"]), st.just(MINE), st.booleans()
    ),
    st.builds(
        Profile,
        st.just("corp"),
        st.sampled_from(["m0", "m1"]),
        st.sampled_from(SPELLINGS),
        st.just(False),
    ),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("attack"), st.one_of(LIES, AT_CORP)),
        st.tuples(st.sampled_from(["owner", "grant", "delete"]), st.sampled_from([KIM, KATE, ANN])),
    ),
    max_size=14,
)


def lie(provider, email, verified, subject="m0"):
    return ("attack", Profile(provider, subject, email, verified))


@dataclass
class World:
    """What the model knows: who has come in, whom an administrator removed, the open sessions."""

    owners: dict[str, UUID] = field(default_factory=dict)
    was_deleted: set[str] = field(default_factory=set)
    sessions: list[str] = field(default_factory=list)


@pytest.fixture
async def attacked(url, tmp_path):
    client = {"client_id": "engine"}
    providers = {name: client | provider for name, provider in PROVIDERS.items()}
    config = configured(tmp_path).model_dump()
    config["auth"] = {"providers": providers}
    engine = Engine(configured(tmp_path).model_validate(config), url)
    await engine.prepare()
    yield engine
    await engine.db.disconnect()


async def sign_in(engine, arrivals, profile):
    """As SignIn.arrive does with what a provider answered; the session's secret, and whose."""
    stranger = anonymous(WEB)
    async with engine.db.transaction():
        user = await arrivals.provision(stranger, profile)
        begun = await engine.services.sessions.begin(
            stranger, user.key, user.email, profile.provider
        )
    return begun.secret, user


@given(steps=STEPS, domains=st.sampled_from([frozenset(), frozenset(["corp.example"])]))
# S1: claim, prove another address, and wait for the owner.
@example(
    steps=[
        lie("corp", KATE, False),
        ("owner", KATE),
        lie("corp", MINE, True),
        ("owner", KATE),
        ("grant", KATE),
        lie("corp", KATE, False),
    ],
    domains=frozenset(),
)
# Granted before the owner came; the administrator's role is not the claimant's.
@example(
    steps=[lie("corp", KIM, False), ("grant", KIM), ("owner", KIM), lie("corp", KIM, False)],
    domains=frozenset(),
)
@example(steps=[lie("microsoft", KATE, True)], domains=frozenset(["corp.example"]))
@example(steps=[lie("elsewhere", KATE, True), ("owner", KATE)], domains=frozenset())
@example(steps=[lie("elsewhere", SPELLINGS[4], True), ("owner", KIM)], domains=frozenset())
@example(steps=[("owner", KIM), ("delete", KIM), ("owner", KIM)], domains=frozenset())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_an_attacker_never_gets_an_account_or_a_role_or_locks_a_user_out(
    attacked, steps, domains
):
    engine, users = attacked, attacked.services.users
    await engine.db.execute("delete from users")
    await engine.db.execute("delete from bootstrap_appointments")
    arrivals = Provisioning(
        engine.db,
        engine.services.audit,
        users,
        engine.services.sessions,
        Admission(allowed_domains=domains, bootstrap_admins=frozenset([KIM])),
        vouching.configured(engine.config.auth),
    )
    await users.invite(ROOT, "root@corp.example", roles=[Role.ADMINISTRATOR])
    root = await users.find_by_email(ROOT, "root@corp.example")
    await users.signed_in(root.key)
    await users.invite(ROOT, ANN, roles=[Role.EDITOR])
    world = World()

    for verb, what in steps:
        if verb == "attack":
            try:
                secret, _ = await sign_in(engine, arrivals, what)
                world.sessions.append(secret)
            except Forbidden:
                pass
        elif verb == "owner":
            await owner_comes(engine, arrivals, world, what)
        else:
            await administrator_acts(users, world, verb, what)
        await nothing_is_the_attacker_s(engine, world)


async def owner_comes(engine, arrivals, world, email):
    """The owner gets in at every time, and finds an account of her own."""
    is_new = email not in world.owners
    _, user = await sign_in(engine, arrivals, Profile("corp", email, email, True, "The owner"))
    user = await engine.services.users.find(ROOT, user.key)

    assert (key_of(user.email), user.name, user.email_verified) == (email, "The owner", True)
    assert world.owners.setdefault(email, user.key) == user.key
    identities = (await engine.services.users.identities_of([user.key]))[0]
    assert [(one.provider, one.subject) for one in identities] == [("corp", email)]
    if email == KIM and is_new:
        assert (Role.ADMINISTRATOR in user.roles) == (email not in world.was_deleted)


async def administrator_acts(users, world, verb, email):
    try:
        user = await users.find_by_email(ROOT, email)
    except NotFound:
        return
    if verb == "grant":
        is_claimed = not user.email_verified and bool(user.providers)
        try:
            await users.grant_role(ROOT, user.key, Role.ADMINISTRATOR)
            assert not is_claimed
        except Conflict:
            assert is_claimed
    elif world.owners.get(email) == user.key:
        await users.delete(ROOT, user.key)
        del world.owners[email]
        world.was_deleted.add(email)


async def nothing_is_the_attacker_s(engine, world):
    for secret in world.sessions:
        viewer = await engine.services.callers.by_session(secret, WEB)
        if viewer.id is None:
            continue
        assert viewer.roles == {Role.AUTHENTICATED}
        assert viewer.id not in world.owners.values()
        user = await engine.services.users.find(ROOT, viewer.id)
        assert user.providers
        assert not user.email_verified or key_of(user.email) == MINE
