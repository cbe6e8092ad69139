"""Answers of providers may have any shape: only required values matter, errors name the cause."""

import itertools
import json
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from tests.auth.provider import CLIENT_ID, CLIENT_SECRET, GitHub, Provider
from tests.auth.test_providers import browser, engine_with, provider, served, sign_in, viewer
from tests.conftest import free_port, listening, serving

from aiwebengine.app.engine import Engine
from aiwebengine.auth import claims, id_tokens
from aiwebengine.auth.endpoints import is_safe
from aiwebengine.auth.github import GithubProvider
from aiwebengine.core.config import Config
from aiwebengine.health.network import provider as health_check

__all__ = ["browser", "provider", "served"]

NOT_TRUSTED = "can&#39;t be trusted"
APPLE_KEY = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)
ONE, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"


async def identity(served, subject="1"):
    return await served.engine.db.one(
        "select i.*, u.name, u.picture_url from identities i join users u on u.id = i.user_id"
        " where subject = :subject",
        subject=subject,
    )


async def must_refuse(browser, served, case):
    page = await sign_in(browser, served)
    assert (page.status_code, NOT_TRUSTED in page.text) == (401, True), ascii(case)
    return page


@asynccontextmanager
async def engine_of_kind(url, tmp_path, kind, **settings):
    """An engine whose one provider, `team`, is of a kind of its own."""
    whole = {"kind": kind, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **settings}
    config = Config.model_validate(
        {"auth": {"providers": {"team": whole}}, "repository": {"data_dir": tmp_path}}
    ).at_port(free_port())
    engine = Engine(config, url)
    await engine.prepare()
    async with serving(engine) as served:
        yield served


# What an ID token leaves out.


async def test_a_thin_id_token_is_completed_by_userinfo(browser, served, provider):
    provider.crooked = {"email_verified": None, "name": None}
    provider.userinfo = dict(provider.person)
    await sign_in(browser, served)
    with_address = await viewer(browser, served)
    found = await identity(served)
    provider.crooked["email"] = None
    without = await sign_in(browser, served)

    assert with_address["roles"] == ["AUTHENTICATED", "ADMINISTRATOR"]
    assert (found["email_verified"], found["name"]) == (True, "Ada Lovelace")
    assert without.status_code == 200


async def test_userinfo_that_does_not_repeat_the_address_verifies_it(browser, served, provider):
    provider.crooked = {"email_verified": None, "name": None}
    provider.userinfo = {"sub": "1", "email_verified": True, "name": "Ada"}

    await sign_in(browser, served)

    assert (await identity(served))["email_verified"]


async def test_a_verification_of_another_address_or_person_does_not_count(
    browser, served, provider
):
    provider.crooked = {"email_verified": None}
    others = [
        {"email": "somebody-else@example.com"},
        {"sub": "2"},
        {"email_verified": False},
        {"email_verified": "yes"},
    ]
    for other in others:
        provider.userinfo = {**provider.person, **other}

        await sign_in(browser, served, redirect="/")

        found = await identity(served)
        assert (found["email"], found["email_verified"]) == ("ada@example.com", False), other


async def test_userinfo_about_another_person_is_refused_where_the_address_is_needed(
    browser, served, provider
):
    provider.crooked = {"email": None}
    provider.userinfo = {**provider.person, "sub": "2"}

    page = await sign_in(browser, served)

    assert (page.status_code, NOT_TRUSTED in page.text) == (401, True)


async def test_userinfo_of_any_shape_is_no_bug_and_bars_only_who_has_no_address(
    browser, served, provider
):
    for answered in (None, [], "x", 5, {}):
        provider.userinfo = answered
        provider.crooked = {"email": None}
        refused = await sign_in(browser, served, redirect="/")
        provider.crooked = {"email_verified": None}
        let_in = await sign_in(browser, served, redirect="/")

        assert (refused.status_code, NOT_TRUSTED in refused.text) == (401, True), answered
        assert let_in.status_code == 200, answered
        assert (await viewer(browser, served))["email"] == "ada@example.com"


async def test_a_failure_of_userinfo_is_logged_with_its_cause(browser, served, provider):
    provider.crooked, provider.userinfo = {"email": None}, {}
    provider.userinfo_status = 403
    page = await sign_in(browser, served)

    assert "refused a request of the engine (HTTP 403)" in page.text
    assert "auth.providers.team" in page.text
    assert "does not answer" not in page.text


# Ornaments.


ORNAMENTS = [
    ("name", {"a": 1}, ""),
    ("name", ["Ada"], ""),
    ("name", 5, ""),
    ("name", "A\x00da\ud800\u202e L\x1b[2J", "Ada L[2J"),
    ("name", "Ada\nLovelace", "Ada Lovelace"),
    ("name", "x" * 100_000, "x" * 200),
    ("picture", "https://pictures.example/\x00", None),
    ("picture", "https://pictures.example/\ud800", None),
    ("picture", {"url": "https://pictures.example"}, None),
    ("picture", "https://pictures.example/" + "x" * 5_000, None),
    ("picture", "data:image/png;base64," + "A" * 500_000, None),
]


async def test_a_name_or_picture_that_can_t_be_used_is_cleaned_or_left_out(
    browser, served, provider
):
    for number, (claim, value, kept) in enumerate(ORNAMENTS):
        provider.crooked = {claim: value, "sub": f"s{number}", "email": f"{number}@example.com"}

        page = await sign_in(browser, served, redirect="/")

        case = ascii((claim, value))[:80]
        assert page.status_code == 200, case
        found = await identity(served, f"s{number}")
        assert found["name" if claim == "name" else "picture_url"] == kept, case


@given(st.dictionaries(st.text(max_size=5), st.integers()) | st.text() | st.none() | st.floats())
def test_no_value_of_a_claim_is_a_bug(value):
    assert isinstance(claims.name(value), str)
    assert claims.instant(value) is None or isinstance(value, float)
    kept = claims.name(value).encode()
    assert b"\x00" not in kept
    assert len(kept) <= 800
    assert claims.picture(value) is None or str(value).startswith("https://")


async def test_an_empty_subject_is_refused(browser, served, provider):
    for sub in ("", "x" * 256, "a\x00b", "a\ud800", 5, True, {"a": 1}, None):
        provider.crooked = {"sub": sub}
        await must_refuse(browser, served, sub)


async def test_other_members_of_a_token_answer_are_ignored(browser, served, provider):
    provider.tokens = {"expires_in": "soon", "token_type": "mac", "scope": 5, "refresh_token": []}

    assert (await sign_in(browser, served)).status_code == 200


async def test_an_id_token_of_any_shape_is_no_bug(browser, served, provider):
    for id_token in (5, [], {}, "", "a.b", "é.é.é", "." * 1_000):
        provider.tokens = {"id_token": id_token}
        await must_refuse(browser, served, id_token)


# Keys and documents.


UNREADABLE_KEYS = [
    {"kty": "RSA", "kid": "b", "n": "", "e": "AQAB"},
    {"kty": "RSA", "kid": "b", "n": "AQAB", "e": "AQAB"},
    {"kty": "RSA", "n": "w" * 128, "e": "AQAB"},
    {"kty": "RSA", "kid": "b", "n": "é", "e": 5},
    {"kty": "OKP", "kid": "b", "crv": "unknown", "x": "AA"},
    {"kty": "EC", "kid": "b", "crv": "P-256", "x": "AA", "y": "AA"},
    {"kty": "AKP", "kid": "b", "alg": "ML-DSA-44", "pub": "AA"},
    {"kty": "oct", "k": "AAAA"},
    {"kty": ["RSA"]},
    {},
    "abc",
    None,
    5,
    [],
]


async def test_keys_that_can_t_be_read_are_skipped(browser, served, provider):
    for bad in UNREADABLE_KEYS:
        assert id_tokens.usable_keys([bad]) == [], bad
    provider.published = UNREADABLE_KEYS

    assert (await sign_in(browser, served)).status_code == 200


async def test_two_keys_with_one_id_prevent_no_sign_in(browser, served, provider):
    twin = Provider(provider.base)
    provider.published = [{**twin._key.as_dict(private=False), "kid": provider._key.kid}]

    assert (await sign_in(browser, served)).status_code == 200


async def test_a_set_of_keys_of_any_shape_is_no_bug(browser, served, provider):
    for keys in (None, [], "x", {}, {"keys": None}, {"keys": "a"}, {"keys": {}}, {"keys": ["a"]}):
        provider.keys = keys
        await must_refuse(browser, served, keys)


async def test_a_document_of_any_shape_is_no_bug(browser, served, provider):
    provider.fault = "document"
    for document in (None, [], "x", 5, {}, {"issuer": 5}, {"issuer": provider.base}):
        provider.document = document
        await must_refuse(browser, served, document)


UNSAFE = [
    "javascript:alert(1)",
    "http://id.example/here",
    "https://ada:secret@id.example",
    "//id.example/here",
    "https://",
    "https://id.example/\nx",
    "https://[::1",
    "https://id.example:99999/",
    "file:///etc/passwd",
    5,
    [],
]


async def test_an_endpoint_that_is_not_safe_is_refused(browser, served, provider):
    endpoints = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
    for endpoint, address in itertools.product(endpoints, UNSAFE):
        provider.document = {endpoint: address}
        page = await must_refuse(browser, served, (endpoint, address))
        assert page.url.path == "/auth/login/team"


def test_a_provider_elsewhere_can_t_name_this_machine():
    assert is_safe("http://localhost:9/token", "http://localhost:9")
    assert not is_safe("http://localhost:9/token", "https://id.example")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://id.example/end", 5])
async def test_a_logout_address_that_is_not_safe_is_not_offered(browser, served, provider, address):
    provider.document = {"end_session_endpoint": address}
    await sign_in(browser, served)

    out = await browser.post(f"{served.base}/auth/logout", json={})

    assert (out.status_code, out.text) == (204, "")


async def test_an_answer_of_another_sender_is_refused(browser, served, provider):
    for sender in ("https://evil.example", "", f"{provider.base}/"):
        provider.answer = {"iss": sender}
        await must_refuse(browser, served, sender)
    tokens_asked = provider.last_token_request
    provider.answer = {"iss": provider.base}
    let_in = await sign_in(browser, served)

    assert tokens_asked == {}
    assert let_in.status_code == 200


async def test_a_provider_that_names_itself_in_answers_has_to_do_so(browser, served, provider):
    provider.document = {"authorization_response_iss_parameter_supported": True}
    silent = await sign_in(browser, served)
    provider.answer = {"iss": provider.base}
    named = await sign_in(browser, served)

    assert (silent.status_code, named.status_code) == (401, 200)


# Advice.


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("moved", "has moved (HTTP 301)"),
        ("broken", "does not answer as it should (HTTP 500). Try again later."),
        ("grant", "does not accept this sign-in any more (invalid_grant). Try again."),
    ],
)
async def test_each_failure_is_reported_with_a_remedy(browser, served, provider, fault, told):
    provider.fault = fault

    page = await sign_in(browser, served)

    assert page.status_code == 401
    assert told in page.text.replace("\n", " ")


async def test_a_wrong_client_secret_is_reported_as_a_setting(
    browser, served, provider, monkeypatch
):
    monkeypatch.setattr("tests.auth.provider.CLIENT_SECRET", "another")

    page = await sign_in(browser, served)

    assert "does not accept this engine (invalid_client)" in page.text
    assert "An administrator has to correct" in page.text


async def test_an_error_of_any_shape_is_reported_and_recorded(browser, served, provider):
    for error in ("\x00", "\x1b[2J", "x" * 5_000):
        provider.answer = {"error": error}

        page = await sign_in(browser, served)

        assert page.status_code == 401
        assert "refused the sign-in" in page.text
    for row in await served.engine.db.all("select reason from audit_events"):
        assert len(row["reason"]) < 200
        assert "\x1b" not in row["reason"]


async def test_a_provider_that_has_moved_is_not_healthy(engine, provider):
    address = f"{provider.base}/.well-known/openid-configuration"
    well = await health_check("team", "Team", address).see()
    provider.fault = "moved"
    moved = await health_check("team", "Team", address).see()

    assert well.state.name == "OK"
    assert (moved.state.name, "returned 301" in moved.detail) == ("FAILING", True)


# Coming back.


async def test_an_answer_used_before_leads_on_who_is_signed_in(browser, served):
    start = await browser.get(f"{served.base}/auth/login/team?redirect=/engine/admin/audit")
    answer = (await browser.get(start.headers["location"])).headers["location"]
    await browser.get(answer)
    session = browser.cookies["aiwebengine_session"]

    back = await browser.get(answer)

    assert (back.status_code, back.headers["location"]) == (303, "/engine/admin/audit")
    assert browser.cookies["aiwebengine_session"] == session
    assert await served.engine.db.value("select count(*) from sessions") == 1
    await served.engine.services.denials.share()
    failed = "select count(*) from audit_events where action = 'session.sign_in_failed'"
    assert await served.engine.db.value(failed) == 0


async def test_an_answer_that_was_never_asked_for_is_refused_also_to_who_is_signed_in(
    browser, served
):
    await sign_in(browser, served)

    page = await browser.get(f"{served.base}/auth/callback/team?state=guessed&code=x")

    assert page.status_code == 401


async def test_a_form_with_too_many_fields_is_not_read(browser, served):
    start = await browser.get(f"{served.base}/auth/login/team?redirect=/")
    came_back = await browser.get(start.headers["location"])
    form = dict(parse_qsl(urlsplit(came_back.headers["location"]).query))
    callback = f"{served.base}/auth/callback/team"

    flood = await browser.post(callback, data=form | {f"a{n}": "1" for n in range(100)})
    usual = await browser.post(callback, data=form)

    assert (flood.status_code, usual.status_code) == (401, 303)


# Apple.


@pytest.fixture
async def apple(url, tmp_path, provider):
    settings = {"team_id": "t", "key_id": "k", "private_key": APPLE_KEY.decode()}
    provider.fault = "any client"
    provider.person.pop("name")
    async with engine_of_kind(url, tmp_path, "apple", issuer=provider.base, **settings) as served:
        yield served


async def answer_of_apple(browser, served, **more):
    start = await browser.get(f"{served.base}/auth/login/team?redirect=/")
    form = (await browser.get(start.headers["location"])).json() | more
    return await browser.post(f"{served.base}/auth/callback/team", data=form)


async def test_the_name_that_apple_says_once_is_kept(browser, apple):
    user = {"name": {"firstName": "Ada", "lastName": "Love\u202elace"}, "email": "eve@x.example"}

    first = await answer_of_apple(browser, apple, user=json.dumps(user))
    await answer_of_apple(browser, apple)

    assert first.status_code == 303
    told = await viewer(browser, apple)
    assert (told["name"], told["email"]) == ("Ada Lovelace", "ada@example.com")


async def test_a_name_of_any_shape_does_not_keep_apple_s_person_out(browser, apple):
    for user in (
        "",
        "x",
        "5",
        "null",
        "[]",
        '{"name": 1}',
        '{"name": {"firstName": 5}}',
        "[" * 3000,
    ):
        answered = await answer_of_apple(browser, apple, user=user)

        assert answered.status_code == 303, user
        assert (await viewer(browser, apple))["name"] == ""


# Microsoft.


# In this order: a description that was accepted is kept.
TENANTS = [
    (ONE, OTHER, ONE, False),
    (ONE, "{tenantid}", OTHER, False),
    (ONE, ONE, ONE, True),
    (ONE, ONE, OTHER, False),
    ("contoso.onmicrosoft.com", "{tenantid}", OTHER, False),
    ("contoso.onmicrosoft.com", ONE, ONE, True),
    ("contoso.onmicrosoft.com", ONE, OTHER, False),
    ("common", "{tenantid}", OTHER, True),
    ("common", "{tenantid}", "not-a-tenant", False),
    ("organizations", "{tenantid}", OTHER, True),
    ("organizations", "{tenantid}", CONSUMERS, False),
    ("consumers", OTHER, OTHER, False),
    ("consumers", CONSUMERS, CONSUMERS, True),
    ("consumers", CONSUMERS, OTHER, False),
]


async def test_a_tenant_accepts_its_own_issuer_only(browser, url, tmp_path, provider):
    names = {tenant: f"t{number}" for number, (tenant, *_) in enumerate(TENANTS)}
    settings = {"kind": "microsoft", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    microsoft = {
        name: settings | {"issuer": f"{provider.base}/{tenant}/v2.0"}
        for tenant, name in names.items()
    }
    async with engine_with(url, tmp_path, provider.base, providers=microsoft) as served:
        for case in TENANTS:
            tenant, documented, issued, is_let_in = case
            provider.document = {"issuer": f"{provider.base}/{documented}/v2.0"}
            provider.crooked = {"iss": f"{provider.base}/{issued}/v2.0", "tid": issued}
            page = await sign_in(browser, served, names[tenant], redirect="/")
            assert page.status_code == (200 if is_let_in else 401), case
        at_microsoft = f"https://login.microsoftonline.com/{OTHER}/v2.0"
        provider.crooked = {"iss": at_microsoft, "tid": OTHER}
        elsewhere = [await sign_in(browser, served, names[tenant]) for tenant in (ONE, "common")]
        provider.crooked = {"iss": f"{provider.base}/{ONE}/v2.0", "tid": OTHER}
        swapped = await sign_in(browser, served, names["common"])

    assert [page.status_code for page in elsewhere] == [401, 401]
    assert swapped.status_code == 401


async def test_a_tenant_id_is_pinned_also_to_microsoft_s_own_issuers(
    browser, url, tmp_path, provider
):
    issuer = f"{provider.base}/{ONE}/v2.0"
    provider.document = {"issuer": issuer}
    provider.crooked = {"iss": f"https://login.microsoftonline.com/{OTHER}/v2.0", "tid": OTHER}

    async with engine_of_kind(url, tmp_path, "microsoft", issuer=issuer) as served:
        await must_refuse(browser, served, OTHER)


# GitHub.


@pytest.fixture
async def github(monkeypatch):
    port = free_port()
    github = GitHub(f"http://localhost:{port}")
    monkeypatch.setattr(GithubProvider, "site", github.base)
    monkeypatch.setattr(GithubProvider, "api", github.base)
    async with listening(github.app(), port):
        yield github


async def test_a_github_user_signs_in_and_a_missing_permission_is_reported(
    browser, url, tmp_path, github
):
    async with engine_of_kind(url, tmp_path, "github") as served:
        github.emails_status = 403
        refused = await sign_in(browser, served, redirect="/")
        github.emails_status = 200
        let_in = await sign_in(browser, served, redirect="/")
        found = await identity(served)

    assert refused.status_code == 401
    assert "does not let the engine read your e-mail addresses" in refused.text
    assert "Email addresses: read-only" in refused.text
    assert "does not answer" not in refused.text
    assert let_in.status_code == 200
    assert (found["subject"], found["email_verified"]) == ("1", True)


async def test_answers_of_github_of_any_shape_are_no_bug(browser, url, tmp_path, github):
    user, emails = github.user, github.emails
    async with engine_of_kind(url, tmp_path, "github") as served:
        for answered in (None, [], "x", 5, {}, {"id": None}, {"id": True}):
            github.user = answered
            await must_refuse(browser, served, answered)
        github.user = user
        for answered in (None, {}, "x", 5):
            github.emails = answered
            await must_refuse(browser, served, answered)
        github.emails = [None, 5, {"primary": True}]
        no_address = await sign_in(browser, served, redirect="/")
        github.emails = [None, *emails]
        let_in = await sign_in(browser, served, redirect="/")

    assert (no_address.status_code, let_in.status_code) == (403, 200)
