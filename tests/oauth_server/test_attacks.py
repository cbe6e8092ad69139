"""What somebody may try who is not the user, or whose program lies."""

import httpx2
import pytest
from tests.oauth_server.conftest import FORM, REDIRECT

from aiwebengine.oauth_server import types

AUTHORIZE = "/auth/oauth/authorize"
BAD_REDIRECTS = [
    "http://example.com/callback",
    "https://example.com/#fragment",
    "https://user@example.com/callback",
    "https://example.com\\@evil.example/",
    "https://exa\u202emple.com/",
    "https:///callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "app://callback",
    "/callback",
    "https://example.com/" + "w" * 500,
    "",
]


@pytest.mark.parametrize("address", BAD_REDIRECTS, ids=range(len(BAD_REDIRECTS)))
async def test_answers_go_to_https_or_loopback_only(register, address):
    response = await register(redirect_uris=[address])

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/callback",
        "http://localhost:1/callback",
        "http://[::1]:2/callback",
        "http://127.0.0.1/callback",
    ],
)
async def test_https_and_loopback_are_taken(register, address):
    assert (await register(redirect_uris=[address])).status_code == 201


@pytest.mark.parametrize(
    ("registered", "asked", "is_same"),
    [
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", True),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/other", False),
        ("http://127.0.0.1:1/cb", "http://localhost:1/cb", False),
        ("http://127.0.0.1:1/cb", "https://127.0.0.1:1/cb", False),
        ("https://example.com/cb", "https://example.com:8443/cb", False),
        ("https://example.com/cb", "https://example.com/cb?x=1", False),
        ("https://example.com/cb", "https://example.com.evil.example/cb", False),
    ],
)
async def test_only_the_port_of_a_loopback_address_may_differ(
    browser, program, register, registered, asked, is_same
):
    program.id = (await register(redirect_uris=[registered])).json()["client_id"]

    page = await browser.get(AUTHORIZE, params=program.request(redirect_uri=asked))

    assert page.status_code == (200 if is_same else 400)
    if not is_same:
        # No link to an address that nobody registered.
        assert f'href="{asked}' not in page.text


async def test_a_mistake_never_sends_the_browser_away_by_itself(browser, program):
    page = await browser.get(AUTHORIZE, params=program.request(scope="everything"))

    assert page.status_code == 400
    assert "refresh" not in page.headers
    assert "location" not in page.headers
    assert f'href="{REDIRECT}?error=invalid_scope' in page.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_challenge": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"response_type": "token"},
        {"resource": "https://elsewhere.example/mcp"},
        {"resource": "http://localhost/mcp/scripts/../../graphql"},
        {"state": "s" * 1_001},
        {"client_id": "00000000-0000-0000-0000-000000000000"},
        {"client_id": "nobody"},
    ],
    ids=str,
)
async def test_a_request_that_is_not_valid_gets_no_consent_page(browser, program, wrong):
    page = await browser.get(AUTHORIZE, params=program.request(**wrong))

    assert page.status_code == 400
    assert FORM.search(page.text) is None


async def test_a_parameter_that_is_sent_twice_is_refused(browser, program):
    asked = [*program.request().items(), ("scope", "users:write")]

    page = await browser.get(AUTHORIZE, params=asked)

    assert page.status_code == 400


async def test_a_page_of_another_site_does_not_answer_for_the_user(browser, program):
    page = await browser.get(AUTHORIZE, params=program.request())
    sent = {"form": FORM.search(page.text)[1], "answer": "allow"}

    foreign = await browser.post(AUTHORIZE, data=sent, headers={"Origin": "https://evil.example"})

    assert foreign.status_code == 403


async def test_a_form_belongs_to_the_session_that_opened_it(served, browser, program, ada):
    page = await browser.get(AUTHORIZE, params=program.request())
    sent = {"form": FORM.search(page.text)[1], "answer": "allow"}
    other = await served.engine.services.sessions.begin(ada, ada.id, ada.label, "link")

    async with httpx2.AsyncClient(
        base_url=served.base,
        cookies={served.engine.authenticator.cookie: other.secret},
        headers={"Origin": served.base},
    ) as thief:
        refused = await thief.post(AUTHORIZE, data=sent)
    async with httpx2.AsyncClient(base_url=served.base, headers={"Origin": served.base}) as nobody:
        anonymous = await nobody.post(AUTHORIZE, data=sent)

    assert refused.status_code == 400
    assert anonymous.status_code == 401


async def test_an_api_token_does_not_consent(served, http, program, ada):
    token = await served.token(ada)

    page = await http.get(
        AUTHORIZE, params=program.request(), headers={"Authorization": f"Bearer {token}"}
    )

    assert page.status_code == 303
    assert page.headers["location"].startswith("/auth/login")


async def test_a_name_with_hidden_characters_is_refused(register):
    refused = await register(client_name="Desk\u202e")
    long = await register(client_name="w" * 101)

    assert [one.json()["error"] for one in (refused, long)] == ["invalid_client_metadata"] * 2


async def test_the_consent_page_escapes_the_name(browser, program, register):
    program.id = (await register(client_name="<script>x</script>")).json()["client_id"]

    page = await browser.get(AUTHORIZE, params=program.request())

    assert "<script>x" not in page.text
    assert "&lt;script&gt;x" in page.text


async def test_registrations_that_nobody_uses_are_bounded(served, register, monkeypatch):
    monkeypatch.setattr("aiwebengine.oauth_server.clients.MOST_UNUSED_CLIENTS", 3)
    for _ in range(5):
        assert (await register()).status_code == 201

    assert await served.engine.db.value("select count(*) from oauth_clients") == 3
    assert types.MOST_UNUSED_CLIENTS == 1_000


async def test_a_program_that_a_user_connected_is_kept(served, register, connected, monkeypatch):
    await connected()
    monkeypatch.setattr("aiwebengine.oauth_server.clients.MOST_UNUSED_CLIENTS", 1)
    for _ in range(3):
        await register()

    assert await served.engine.db.value("select count(*) from oauth_clients") == 2


async def test_open_pages_of_a_session_are_bounded(served, browser, program, monkeypatch):
    monkeypatch.setattr("aiwebengine.oauth_server.service.MOST_FORMS_OF_SESSION", 2)
    for _ in range(4):
        await browser.get(AUTHORIZE, params=program.request())

    assert await served.engine.db.value("select count(*) from oauth_authorizations") == 2


async def test_a_program_with_a_secret_needs_it(program, register, allow, http):
    registered = (await register(token_endpoint_auth_method="client_secret_basic")).json()
    program.id = registered["client_id"]
    code = (await allow())["code"]

    without = await program.exchange(code)
    wrong = await program.exchange(code, client_secret="wrong")
    right = await program.exchange(code, client_secret=registered["client_secret"])

    assert [one.status_code for one in (without, wrong, right)] == [401, 401, 200]
    assert without.json()["error"] == "invalid_client"


async def test_a_secret_may_come_by_basic_authentication(program, register, allow, http):
    registered = (await register(token_endpoint_auth_method="client_secret_basic")).json()
    program.id = registered["client_id"]
    code = (await allow())["code"]
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": "v" * 43,
    }

    answer = await http.post(
        "/auth/oauth/token", data=fields, auth=(program.id, registered["client_secret"])
    )

    assert answer.status_code == 200


async def test_a_suspended_user_gets_no_token(served, program, allow, ada):
    code = (await allow())["code"]
    suspend = "update users set status = 'suspended' where id = :id"
    await served.engine.db.execute(suspend, id=ada.id)

    refused = await program.exchange(code)

    assert refused.json()["error"] == "invalid_grant"


async def test_only_forms_are_taken_at_the_token_endpoint(http):
    answer = await http.post("/auth/oauth/token", json={"grant_type": "refresh_token"})

    assert answer.status_code == 400


async def test_a_child_of_the_token_is_accepted_nowhere_else(served, connected, http, ada):
    issued = await connected(scope="read users:write")
    callers = served.engine.services.callers
    viewer = await callers.by_token(issued["access_token"], ada.origin, f"{served.base}/mcp")

    made = await served.engine.services.tokens.create(viewer, None, "child", scopes=["read"])

    assert made.token.audience == f"{served.base}/mcp"
