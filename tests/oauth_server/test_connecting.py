"""A user connects a program, which then acts for the user until it is revoked."""

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from tests.oauth_server.conftest import CHALLENGE, FORM, REDIRECT, answer_in

VIEWER = {"query": "{ viewer { email } }"}


async def test_a_program_finds_its_way_by_the_metadata(served, http):
    server = (await http.get("/.well-known/oauth-authorization-server")).json()
    resource = (await http.get("/.well-known/oauth-protected-resource/mcp")).json()
    of_script = (await http.get("/.well-known/oauth-protected-resource/mcp/scripts/notes")).json()
    other = await http.get("/.well-known/oauth-protected-resource/graphql")

    # The client's own check demands https.
    https = {
        name: value.replace("http://", "https://") if isinstance(value, str) else value
        for name, value in server.items()
    }
    AuthorizationServerMetadata(https).validate()
    assert server["issuer"] == served.base
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert resource["resource"] == f"{served.base}/mcp"
    assert resource["authorization_servers"] == [served.base]
    assert of_script["resource"] == f"{served.base}/mcp/scripts/notes"
    assert other.status_code == 404


async def test_a_program_gets_a_token_that_only_mcp_accepts(served, http, connected, ask, ada):
    issued = await connected(scope="scripts:call read")

    answer = await http.post(
        "/graphql", json=VIEWER, headers={"Authorization": f"Bearer {issued['access_token']}"}
    )

    assert issued["scope"] == "read scripts:call"
    assert issued["token_type"] == "Bearer"
    assert answer.status_code == 401
    assert f"{served.base}/mcp" in answer.text
    [token] = await served.engine.services.tokens.of_user(ada, ada.id)
    assert (token.name, token.audience) == ("Desk", f"{served.base}/mcp")


async def test_the_consent_page_names_the_program_and_where_the_answer_goes(browser, program):
    page = await browser.get("/auth/oauth/authorize", params=program.request(scope="users:write"))

    assert "Desk" in page.text
    assert "127.0.0.1:7777" in page.text
    assert "Change users, roles" in page.text
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy


async def test_the_answer_names_issuer_and_state(served, allow):
    allowed = await allow()
    denied = await allow(answer="deny", state="s2")

    assert (allowed["state"], allowed["iss"]) == ("s1", served.base)
    assert (denied["error"], denied["state"]) == ("access_denied", "s2")
    assert "code" not in denied


async def test_a_refresh_replaces_both_secrets(program, connected, served, ada):
    first = await connected()

    second = await program.token(grant_type="refresh_token", refresh_token=first["refresh_token"])

    assert second.status_code == 200
    assert second.json()["access_token"] != first["access_token"]
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert len(await served.engine.services.tokens.of_user(ada, ada.id)) == 1


async def test_a_refresh_token_that_is_used_twice_revokes_the_connection(program, connected):
    first = await connected()
    ask = {"grant_type": "refresh_token"}
    second = (await program.token(refresh_token=first["refresh_token"], **ask)).json()

    again = await program.token(refresh_token=first["refresh_token"], **ask)
    after = await program.token(refresh_token=second["refresh_token"], **ask)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert after.json()["error"] == "invalid_grant"


async def test_a_code_that_is_used_twice_revokes_the_connection(program, allow):
    code = (await allow())["code"]
    first = (await program.exchange(code)).json()

    again = await program.exchange(code)
    after = await program.token(grant_type="refresh_token", refresh_token=first["refresh_token"])

    assert again.json()["error"] == "invalid_grant"
    assert after.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:7778/callback"},
        {"resource": "http://elsewhere.example/mcp"},
    ],
    ids=["verifier", "no verifier", "redirect", "resource"],
)
async def test_a_code_is_lost_by_a_wrong_exchange(program, allow, wrong):
    code = (await allow())["code"]

    refused = await program.exchange(code, **wrong)
    after = await program.exchange(code)

    assert refused.status_code == 400
    assert after.json()["error"] == "invalid_grant"


async def test_a_code_is_for_its_program_only(program, allow, register):
    code = (await allow())["code"]
    other = (await register(client_name="Other")).json()["client_id"]

    refused = await program.exchange(code, client_id=other)

    assert refused.json()["error"] == "invalid_grant"


async def test_a_code_expires(program, allow, served):
    code = (await allow())["code"]
    await served.engine.db.execute(
        "update oauth_authorizations set expires_at = now() - interval '1 second'"
    )

    assert (await program.exchange(code)).json()["error"] == "invalid_grant"


async def test_a_user_revokes_a_program_among_the_tokens(program, connected, served, ada):
    issued = await connected()
    [token] = await served.engine.services.tokens.of_user(ada, ada.id)

    await served.engine.services.tokens.revoke(ada, token.key)

    after = await program.token(grant_type="refresh_token", refresh_token=issued["refresh_token"])
    assert after.json()["error"] == "invalid_grant"


async def test_a_program_revokes_its_token(program, connected, served, ada):
    issued = await connected()

    revoked = await program.http.post(
        "/auth/oauth/revoke", data={"client_id": program.id, "token": issued["refresh_token"]}
    )
    unknown = await program.http.post(
        "/auth/oauth/revoke", data={"client_id": program.id, "token": "awe_unknown"}
    )

    assert (revoked.status_code, unknown.status_code) == (200, 200)
    assert await served.engine.services.tokens.of_user(ada, ada.id) == []


async def test_a_program_does_not_revoke_the_token_of_another(
    program, connected, register, served, ada
):
    issued = await connected()
    other = (await register()).json()["client_id"]

    await program.http.post(
        "/auth/oauth/revoke", data={"client_id": other, "token": issued["access_token"]}
    )

    assert len(await served.engine.services.tokens.of_user(ada, ada.id)) == 1


async def test_consent_to_more_than_scripts_needs_a_recent_sign_in(served, browser, program):
    old = "update sessions set authenticated_at = now() - interval '1 day'"
    await served.engine.db.execute(old)

    more = await browser.get("/auth/oauth/authorize", params=program.request(scope="read"))
    scripts = await browser.get("/auth/oauth/authorize", params=program.request())

    assert more.status_code == 303
    assert more.headers["location"].startswith("/auth/login?redirect=/auth/oauth/authorize")
    assert scripts.status_code == 200


async def test_a_user_signs_in_first(http, program):
    response = await http.get("/auth/oauth/authorize", params=program.request())

    assert response.status_code == 303
    assert CHALLENGE in response.headers["location"]


async def test_the_audit_trail_names_the_program(program, connected, served):
    await connected()

    row = await served.engine.db.one(
        "select actor_label, after from audit_events where action = 'token.created'"
    )

    assert row["actor_label"] == "ada@example.com"
    assert row["after"]["client"]["redirect"] == REDIRECT


async def test_a_page_is_answered_once(browser, program):
    page = await browser.get("/auth/oauth/authorize", params=program.request())
    sent = {"form": FORM.search(page.text)[1], "answer": "allow"}

    first = await browser.post("/auth/oauth/authorize", data=sent)
    again = await browser.post("/auth/oauth/authorize", data=sent)

    assert "code" in answer_in(first)
    assert again.status_code == 400
