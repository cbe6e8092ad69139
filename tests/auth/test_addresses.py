"""Whose address it is, the whole way: a browser, a provider, an engine."""

import asyncio

import httpx2
import pytest
from tests.auth.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.auth.test_providers import ROOT, engine_with, sign_in, viewer
from tests.conftest import free_port, listening

from aiwebengine.auth import vouching
from aiwebengine.core.config import Auth
from aiwebengine.core.errors import BadUserInput, NotFound
from aiwebengine.core.identity import Origin, Profile, Role, anonymous
from aiwebengine.users import checks
from aiwebengine.users.service import Unverified
from aiwebengine.users.types import UserFilter, UserOrder

KATE = {"sub": "kate", "email": "kate@corp.example", "email_verified": True, "name": "Kate"}
CLAIM = {"sub": "m", "email": "kate@corp.example", "email_verified": False, "name": "Not Kate"}


@pytest.fixture
async def provider():
    port = free_port()
    provider = Provider(f"http://localhost:{port}")
    async with listening(provider.app(), port):
        yield provider


@pytest.fixture
async def served(url, tmp_path, provider):
    async with engine_with(
        url, tmp_path, provider.base, bootstrap_admins=["kim@corp.example"]
    ) as served:
        yield served


class Person:
    """Somebody with a browser of their own, who signs in at the provider as what they say."""

    def __init__(self, served, provider):
        self.served, self.provider = served, provider
        self.browser = httpx2.AsyncClient(headers={"Accept": "text/html"}, timeout=20)

    async def comes(self, by="team", **profile):
        self.provider.person = profile
        return await sign_in(self.browser, self.served, by, redirect="/")

    async def is_seen_as(self):
        return await viewer(self.browser, self.served)


@pytest.fixture
async def somebody(served, provider):
    made = []

    def make():
        made.append(Person(served, provider))
        return made[-1]

    yield make
    for person in made:
        await person.browser.aclose()


async def user_named(served, email):
    return await served.engine.services.users.find_by_email(ROOT, email)


async def test_a_domain_lets_in_only_those_who_prove_an_address_there(url, tmp_path, provider):
    async with engine_with(
        url, tmp_path, provider.base, allowed_domains=["Corp.Example"]
    ) as served:
        stranger = Person(served, provider)
        claimed = await stranger.comes(
            sub="m", email="ceo@corp.example", email_verified=False, name="The CEO"
        )
        outside = await stranger.comes(sub="m", email="m@evil.example", email_verified=True)
        seen = await stranger.is_seen_as()
        proved = await stranger.comes(**KATE)
        await stranger.browser.aclose()
        users = await served.engine.db.all("select email from users")

    assert (claimed.status_code, outside.status_code) == (403, 403)
    assert "Only verified addresses can sign up here" in claimed.text
    assert "can&#39;t sign up here" in outside.text
    assert seen is None
    assert proved.status_code == 200
    assert [user["email"] for user in users] == ["kate@corp.example"]


async def test_a_deleted_user_is_not_made_administrator_again(served, somebody):
    kim, users = somebody(), served.engine.services.users
    await kim.comes(sub="kim", email="KIM@corp.example", email_verified=True)
    first = await kim.is_seen_as()
    await users.invite(ROOT, "root@corp.example", roles=[Role.ADMINISTRATOR])
    await users.signed_in((await user_named(served, "root@corp.example")).key)
    await users.delete(ROOT, (await user_named(served, "kim@corp.example")).key)

    await kim.comes(sub="kim", email="kim@corp.example", email_verified=True)

    assert first["roles"] == ["AUTHENTICATED", "ADMINISTRATOR"]
    assert (await kim.is_seen_as())["roles"] == ["AUTHENTICATED"]


@pytest.mark.parametrize(
    "email",
    [
        "\u212aim@corp.example",
        "kim@\u212aorp.example",
        "\uff4bim@corp.example",
        "ki\u200bm@corp.example",
    ],
)
async def test_case_folding_of_letters_merges_no_users(served, somebody, email):
    refused = await somebody().comes(sub="m", email=email, email_verified=True)

    assert refused.status_code == 403
    assert "an address that is not accepted" in refused.text
    assert f"U+{ord(next(one for one in email if one > '~')):04X}" in refused.text
    assert await served.engine.db.value("select count(*) from users") == 0


async def test_the_first_administrator_can_t_be_kept_out_by_a_claim(served, somebody):
    mallory, kim = somebody(), somebody()
    await mallory.comes(sub="m", email="kim@corp.example", email_verified=False)
    await kim.comes(sub="kim", email="kim@corp.example", email_verified=True)

    assert (await kim.is_seen_as())["roles"] == ["AUTHENTICATED", "ADMINISTRATOR"]
    assert await mallory.is_seen_as() is None


async def test_the_owner_s_account_shows_nothing_of_the_claimant(served, somebody):
    mallory, kate = somebody(), somebody()
    await mallory.comes(**CLAIM, picture="https://evil.example/m.png")
    token = await served.engine.services.tokens.create(
        ROOT, (await user_named(served, "kate@corp.example")).key, "hers?"
    )
    before = await user_named(served, "kate@corp.example")
    await kate.comes(sub="kate", email="kate@corp.example", email_verified=True)
    after = await user_named(served, "kate@corp.example")
    headers = {"Authorization": f"Bearer {token.secret}", "Accept": "application/json"}
    by_token = await kate.browser.post(
        f"{served.base}/graphql", json={"query": "{ viewer { email } }"}, headers=headers
    )

    assert (before.name, before.email_verified) == ("Not Kate", False)
    assert (after.name, after.picture_url, after.email_verified) == ("", None, True)
    assert after.key == before.key
    assert by_token.status_code == 401


async def test_a_role_of_a_claimant_is_not_the_owner_s_unless_it_was_confirmed(served, somebody):
    users = served.engine.services.users
    mallory, kate = somebody(), somebody()
    await mallory.comes(**CLAIM)
    claimed = await user_named(served, "kate@corp.example")
    with pytest.raises(Unverified, match="--confirm-unverified"):
        await users.grant_role(ROOT, claimed.key, Role.EDITOR)
    confirmed = await users.grant_role(ROOT, claimed.key, Role.EDITOR, confirm_unverified=True)
    # As the version before let it happen.
    await served.engine.db.execute(
        "insert into user_roles (user_id, role, granted_by) values (:id, 'Administrator', '0.2.0')",
        id=claimed.key,
    )

    await kate.comes(**KATE)

    assert confirmed.changed
    assert (await kate.is_seen_as())["roles"] == ["AUTHENTICATED", "EDITOR"]
    events = await served.engine.db.all(
        "select action, actor_label, before, after from audit_events"
        " where action like 'role.%' order by id"
    )
    assert [tuple(event.values()) for event in events] == [
        (
            "role.granted",
            "tests (command line)",
            None,
            {"role": "Editor", "confirmedUnverified": True},
        ),
        ("role.revoked", "address verification", {"role": "Administrator"}, None),
    ]


async def test_a_user_who_verifies_the_address_later_keeps_everything(served, somebody):
    kate = somebody()
    await kate.comes(**KATE | {"email_verified": False})
    claimed = await user_named(served, "kate@corp.example")
    await served.engine.services.users.grant_role(
        ROOT, claimed.key, Role.EDITOR, confirm_unverified=True
    )
    window = somebody()
    await window.comes(**KATE | {"email_verified": False})

    await kate.comes(**KATE)

    assert (await kate.is_seen_as())["roles"] == ["AUTHENTICATED", "EDITOR"]
    assert (await window.is_seen_as())["name"] == "Kate"
    assert (await user_named(served, "kate@corp.example")).email_verified
    # She is known by what she proved, whatever her address is there by now.
    moved = await kate.comes(**KATE | {"email": "kate@new.example", "email_verified": False})
    assert moved.status_code == 200
    assert (await kate.is_seen_as())["email"] == "kate@corp.example"


async def test_a_claimant_who_comes_at_the_same_moment_is_never_in_the_owner_s_account(
    served, somebody
):
    """Two providers' names stand for two ways in; the sign-ins wait for each other's locks."""
    arrivals, sessions = served.engine.services.sign_in._arrivals, served.engine.services.sessions
    stranger = anonymous(Origin("web"))

    async def comes(profile):
        async with served.engine.db.transaction():
            user = await arrivals.provision(stranger, profile)
            return await sessions.begin(stranger, user.key, user.email, profile.provider)

    for number in range(12):
        email = f"kate{number}@corp.example"
        claim = Profile("team", f"m{number}", email, False)
        other = Profile("team", f"m{number}", f"m{number}@evil.example", True)
        await comes(claim)
        attempts = [comes(one) for one in (claim, other, claim, other)]
        attempts.insert(number % 5, comes(Profile("other", f"kate{number}", email, True)))
        await asyncio.gather(*attempts, return_exceptions=True)

        owner = await user_named(served, email)
        assert owner.email_verified
        kept = await served.engine.db.all(
            "select provider from sessions where user_id = :id", id=owner.key
        )
        assert [one["provider"] for one in kept] == ["other"]


async def test_a_provider_vouches_only_for_its_domains(url, tmp_path, provider):
    settings = {"issuer": provider.base, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    providers = {
        "corp": settings | {"domains": ["corp.example"]},
        "lax": settings | {"vouches_for_addresses": False},
    }
    async with engine_with(
        url,
        tmp_path,
        provider.base,
        providers=providers,
        bootstrap_admins=["kim@corp.example", "boss@other.example"],
    ) as served:
        person = Person(served, provider)
        seen = {}
        for name, email in [
            ("lax", "kim@corp.example"),
            ("corp", "boss@other.example"),
            ("corp", "kim@corp.example"),
        ]:
            await person.comes(name, sub=email, email=email, email_verified=True)
            seen[name, email] = (await person.is_seen_as())["roles"][-1]
        await person.browser.aclose()

    assert seen == {
        ("lax", "kim@corp.example"): "AUTHENTICATED",
        ("corp", "boss@other.example"): "AUTHENTICATED",
        ("corp", "kim@corp.example"): "ADMINISTRATOR",
    }


@pytest.mark.parametrize(
    ("settings", "vouches"),
    [
        ({}, False),
        ({"tenant": "organizations"}, False),
        ({"tenant": "Consumers"}, False),
        ({"vouches_for_addresses": True}, True),
        ({"tenant": "11111111-1111-1111-1111-111111111111"}, True),
        ({"tenant": "11111111-1111-1111-1111-111111111111", "vouches_for_addresses": False}, False),
        ({"kind": "google"}, True),
    ],
)
def test_microsoft_verifies_no_address_while_every_tenant_is_allowed(settings, vouches):
    auth = Auth.model_validate({"providers": {"microsoft": {"client_id": "x"} | settings}})

    assert vouching.configured(auth)["microsoft"].vouches is vouches


async def test_the_first_link_is_not_shared_with_who_claimed_its_address(served, somebody):
    mallory = somebody()
    await mallory.comes(sub="m", email="admin@localhost", email_verified=False)
    secret = await served.engine.services.sign_in.first_link("admin@localhost")
    owner = somebody()

    answer = await owner.browser.get(f"{served.base}/auth/link?token={secret}")

    assert answer.status_code == 303
    assert (await owner.is_seen_as())["roles"] == ["AUTHENTICATED", "ADMINISTRATOR"]
    assert await mallory.is_seen_as() is None
    again = await mallory.comes(sub="m", email="admin@localhost", email_verified=False)
    assert again.status_code == 403


async def test_names_contain_no_hidden_characters(served, somebody):
    users = served.engine.services.users
    await somebody().comes(**KATE | {"name": "Ka\u202ete\x1b[31m\nof \u200bCorp"})

    kate = await user_named(served, "kate@corp.example")
    assert kate.name == "Kate[31m of Corp"
    for name in ("Zo\u00eb \u202eevil", "a\x1b[2Jb", "a\nb"):
        with pytest.raises(BadUserInput, match="name"):
            await users.invite(ROOT, "zoe@corp.example", name)
        with pytest.raises(BadUserInput, match="reason"):
            await users.suspend(ROOT, kate.key, reason=name)


async def test_an_invitation_meets_its_owner_whatever_was_pasted(served, somebody):
    users = served.engine.services.users
    for email in ("ed\u200bith@corp.example", "edith@corp.example\u202e", "<edith@corp.example>"):
        with pytest.raises(BadUserInput, match="email"):
            await users.invite(ROOT, email)
    await users.invite(ROOT, "\u00e9dith@B\u00fccher.example", roles=[Role.EDITOR])
    edith = somebody()

    await edith.comes(
        sub="edith", email="e\u0301dith@xn--bcher-kva.example", email_verified=True, name="Edith"
    )

    assert (await edith.is_seen_as())["roles"] == ["AUTHENTICATED", "EDITOR"]
    found = await user_named(served, "\u00c9DITH@b\u00fccher.example")
    assert found.email_verified
    for search in ("e\u0301dith", "\u00e9\u200bdith", " <\u00e9dith@B\u00fccher.example> "):
        wanted = UserFilter(search=checks.search(search))
        page = await users.page(ROOT, wanted, UserOrder(), None, 10)
        assert [user.key for user in page] == [found.key], search
    with pytest.raises(NotFound):
        await user_named(served, "nobody\u200b@corp.example")
