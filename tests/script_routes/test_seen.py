"""A script sees nothing that opens the engine, whatever a client sends and however."""

import json

import pytest
from tests.script_routes.site import API_KEY

SECRET = "s3cret"
BROWSER = "User-Agent: Mozilla/5.0"

HIDDEN = {
    "the session cookie": f"Cookie: aiwebengine_session={SECRET}",
    "the session cookie of https": f"Cookie: __Host-aiwebengine_session={SECRET}",
    "a session cookie in capitals": f"COOKIE: __HOST-AIWEBENGINE_SESSION={SECRET}",
    "a session cookie with another prefix": f"cookie: __Secure-aiwebengine_session={SECRET}",
    "the sign-in cookie": f"Cookie: a=1; aiwebengine_browser={SECRET}",
    "the cookie of the scripts host": f"Cookie: a=1; __Host-aiwebengine_scripts={SECRET}",
    "a session cookie among others": f"Cookie: a=1; aiwebengine_session={SECRET}; b=2",
    "a session cookie without blank": f"Cookie: a=1;aiwebengine_session={SECRET};b=2",
    "a session cookie between tabs": f"Cookie: a=1;\taiwebengine_session\t=\t{SECRET}",
    "a session cookie behind a no-break space": f"Cookie: a=1;\xa0aiwebengine_session={SECRET}",
    "a session cookie in quotes of another": f'Cookie: a="1; aiwebengine_session={SECRET}; b=2"',
    "a session cookie without name": f"Cookie: =aiwebengine_session={SECRET}",
    "a session cookie in a second header": f"Cookie: a=1\ncOOKIE: aiwebengine_session={SECRET}",
    "two session cookies": (f"Cookie: aiwebengine_session={SECRET}; aiwebengine_session={SECRET}"),
    "a token": f"Authorization: Bearer awe_{SECRET}",
    "a token in odd case": f"aUTHORIZATION: bEARER AWE_{SECRET}",
    "a token after blanks": f"Authorization:    Bearer   awe_{SECRET}",
    "a token after a tab": f"Authorization: Bearer\tawe_{SECRET}",
    "a token without scheme": f"Authorization: awe_{SECRET}",
    "a token behind another": f"Authorization: Bearer x, Bearer awe_{SECRET}",
    "a token in a second header": (
        f"Authorization: Basic eDp5\nAuthorization: Bearer awe_{SECRET}"
    ),
    "the API key": f"X-API-Key: {API_KEY}",
    "the API key in odd case": f"x-aPi-kEY: {API_KEY}",
    "the API key as a token": f"Authorization: Bearer {API_KEY}",
    "a proxy's password": f"Proxy-Authorization: Basic {SECRET}",
    "the password of a browser": f"{BROWSER}\nAuthorization: Basic {SECRET}",
    "the ticket of a browser": f"{BROWSER}\nAuthorization: Negotiate {SECRET}",
    "what a proxy says of the client": f"X-Forwarded-For: {SECRET}\nForwarded: for={SECRET}",
    "the user of a proxy": f"X-Forwarded-User: {SECRET}\nRemote-User: {SECRET}",
    "the token of a proxy": f"X-Forwarded-Access-Token: {SECRET}\nX-Amzn-Oidc-Data: {SECRET}",
    "the proof of a proxy": (
        f"Cf-Access-Jwt-Assertion: {SECRET}\nX-Goog-Iap-Jwt-Assertion: {SECRET}"
    ),
    "the upgrade of a connection": f"HTTP2-Settings: {SECRET}",
    "a page of the manager": "Referer: http://{host}/engine/admin/users?search=" + SECRET,
    "a page of a sign-in": "Referer: http://{host}/auth/callback/google?code=" + SECRET,
}


def seen(site, headers, host=None):
    """What a script sees of a request with these headers."""
    head = f"GET /seeing/x HTTP/1.1\n{headers.replace('{host}', site.host)}"
    return json.loads(site.ask(head, host=host).body)


@pytest.mark.parametrize("headers", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_script_does_not_see(site, headers):
    text = json.dumps(seen(site, headers)).lower()

    assert SECRET not in text
    assert API_KEY not in text


@pytest.mark.parametrize(
    "headers",
    [one for name, one in HIDDEN.items() if "cookie" in name or "token" in name],
)
def test_a_script_on_the_scripts_host_does_not_see_it_either(site, headers):
    assert SECRET not in json.dumps(seen(site, headers, host=site.scripts_host)).lower()


def test_a_script_sees_what_is_its_own(site):
    headers = (
        "Cookie: theme=dark; cart=7\nAuthorization: Bearer of-the-script\nX-Signature: 1\n"
        "Referer: http://{host}/seeing/before?page=2"
    )

    found = dict(seen(site, headers)["headers"])

    assert found["cookie"] == "theme=dark; cart=7"
    assert found["authorization"] == "Bearer of-the-script"
    assert found["x-signature"] == "1"
    assert found["referer"].endswith("/seeing/before?page=2")


def test_a_script_asks_programs_for_a_password(site):
    found = dict(seen(site, "User-Agent: curl/8\nAuthorization: Basic eDp5")["headers"])

    assert found["authorization"] == "Basic eDp5"


def test_no_script_sees_who_is_signed_in(site):
    reply = site.ask(f"GET /seeing/x HTTP/1.1\nCookie: aiwebengine_session={site.session}")

    assert site.session not in reply.body.decode()
    assert "admin" not in reply.body.decode()
