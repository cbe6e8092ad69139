"""Signing in on the scripts host, by a one-time code from the engine's."""

import json
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest


@pytest.fixture
def session(site):
    """The secret of another session of the administrator."""
    return site.sign_in()


BROWSER = "A" * 43
"""The secret of a browser that signs in."""


def offered(site, session, redirect="/seeing/x", more="", browser=BROWSER):
    """The response to a visit that asks for the hand-over."""
    hashed = sha256(browser.encode()).hexdigest()
    head = f"GET /auth/scripts?redirect={redirect}&browser={hashed} HTTP/1.1"
    return site.ask(f"{head}\nCookie: aiwebengine_session={session}{more}")


def handed_over(site, address, host=None, browser=BROWSER):
    """The response to following the redirect."""
    parts = urlsplit(address)
    head = f"GET {parts.path}?{parts.query} HTTP/1.1"
    cookie = f"\nCookie: aiwebengine_scripts_browser={browser}" if browser else ""
    return site.ask(f"{head}{cookie}", host=host or site.scripts_host)


def signed_in(site, session):
    """The cookie for the scripts host."""
    [address] = offered(site, session).all("location")
    [cookie] = handed_over(site, address).all("set-cookie")
    return cookie.partition(";")[0]


def visitor(site, cookie, host=None, path="/knowing/module"):
    """Whom a script takes its visitor for."""
    reply = site.ask(f"GET {path} HTTP/1.1\nCookie: {cookie}", host=host or site.scripts_host)
    return json.loads(reply.body)


def test_a_user_signs_in_on_the_scripts_host(site, session):
    [address] = offered(site, session, "/seeing/x%3Fa=1").all("location")
    reply = handed_over(site, address)

    assert address.startswith(f"http://{site.scripts_host}/.aiwebengine/session?code=")
    assert reply.status == 303
    assert reply.all("location") == ["/seeing/x?a=1"]
    [cookie] = reply.all("set-cookie")
    assert cookie.startswith("aiwebengine_scripts=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Domain" not in cookie
    assert reply.all("referrer-policy") == ["no-referrer"]
    assert reply.all("cache-control") == ["no-store"]


def test_a_sign_in_begins_on_the_scripts_host_and_comes_back(site, session):
    first = site.ask("GET /auth/scripts?redirect=/seeing/x HTTP/1.1\nCookie: a=b")
    [address] = first.all("location")
    begun = handed_over(site, address, browser=None)
    [cookie] = begun.all("set-cookie")
    [engine] = begun.all("location")
    parts = urlsplit(engine)
    offer = site.ask(
        f"GET {parts.path}?{parts.query} HTTP/1.1\nCookie: aiwebengine_session={session}"
    )
    [code] = offer.all("location")
    _, _, browser = cookie.partition(";")[0].partition("=")

    reply = handed_over(site, code, browser=browser)

    assert address == f"http://{site.scripts_host}/.aiwebengine/sign-in?redirect=%2Fseeing%2Fx"
    assert engine.startswith(f"http://{site.host}/auth/scripts?redirect=%2Fseeing%2Fx&browser=")
    for part in ("aiwebengine_scripts_browser=", "HttpOnly", "SameSite=lax", "Max-Age=600"):
        assert part in cookie
    assert browser not in engine
    assert reply.status == 303
    assert reply.all("location") == ["/seeing/x"]


def test_a_browser_that_signs_in_twice_keeps_its_secret(site):
    address = f"http://{site.scripts_host}/.aiwebengine/sign-in?redirect=/"
    cookies = [handed_over(site, address, browser=one).all("set-cookie")[0] for one in SECRETS]

    assert f"={BROWSER};" in cookies[0]
    for cookie in cookies[1:]:
        assert len(cookie.partition(";")[0].partition("=")[2]) == 43


SECRETS = [BROWSER, "short", "A" * 42 + "!", "A" * 4_000]


@pytest.mark.parametrize("browser", [None, "B" * 43, ""], ids=["none", "another", "empty"])
def test_a_code_works_in_no_other_browser(site, session, browser):
    [address] = offered(site, session).all("location")

    refused = handed_over(site, address, browser=browser)

    assert refused.status == 401
    assert refused.all("set-cookie") == []
    assert handed_over(site, address).status == 303


def test_scripts_know_the_visitor_by_id_name_address_and_roles(site, session):
    cookie = signed_in(site, session)

    module, classic = (
        visitor(site, cookie, path=f"/knowing/{form}") for form in ("module", "classic")
    )

    assert module["user"].keys() == {"id", "name", "email", "roles", "scriptRoles", "provider"}
    assert module["user"]["email"] == "admin@localhost"
    assert module["user"]["scriptRoles"] == []
    assert "ADMINISTRATOR" in module["user"]["roles"]
    assert classic["userId"] == module["user"]["id"]
    assert classic["isAuthenticated"]
    assert classic["isAdmin"]


def test_a_visitor_without_sign_in_is_nobody(site):
    assert visitor(site, "a=1") == {"user": None}
    assert visitor(site, "aiwebengine_scripts=made-up") == {"user": None}


def test_the_cookie_opens_nothing_in_the_engine(site, session):
    _, _, secret = signed_in(site, session).partition("=")
    body = b'{"query": "{ viewer { id } }"}'

    for name in ("aiwebengine_session", "aiwebengine_scripts", "__Host-aiwebengine_session"):
        head = "POST /graphql HTTP/1.1\nContent-Type: application/json"
        reply = site.ask(f"{head}\nCookie: {name}={secret}", body)
        assert json.loads(reply.body)["data"]["viewer"] is None


def test_the_session_of_the_engine_is_no_sign_in_on_the_scripts_host(site, session):
    assert visitor(site, f"aiwebengine_scripts={session}") == {"user": None}
    assert visitor(site, f"aiwebengine_session={session}") == {"user": None}


def test_nobody_is_signed_in_for_scripts_on_other_hosts(site, session):
    cookie = signed_in(site, session)

    assert visitor(site, cookie, host=site.host) == {"user": None}


def test_a_code_works_once(site, session):
    [address] = offered(site, session).all("location")
    first, second = handed_over(site, address), handed_over(site, address)

    assert first.status == 303
    assert second.status == 401
    assert second.all("set-cookie") == []


def test_a_code_expires(site, session):
    [address] = offered(site, session).all("location")
    with psycopg.connect(site.url) as connection:
        connection.execute("update script_sessions set code_expires_at = now()")

    assert handed_over(site, address).status == 401


@pytest.mark.parametrize("host", ["bound.localhost", "localhost"])
def test_a_code_works_on_no_other_host(site, session, host):
    [address] = offered(site, session).all("location")

    reply = handed_over(site, address, host=host)

    assert reply.status == 404
    assert reply.all("set-cookie") == []


def test_only_hashes_are_stored(site, session):
    [address] = offered(site, session).all("location")
    [code] = parse_qs(urlsplit(address).query)["code"]
    _, _, secret = signed_in(site, session).partition("=")
    with psycopg.connect(site.url) as connection:
        rows = str(
            connection.execute("select script_sessions::text from script_sessions").fetchall()
        )

    for text in (code, secret):
        assert text not in rows
        assert text.encode().hex() not in rows


@pytest.mark.parametrize("end", ["sign out", "suspension", "everywhere", "expiry"])
def test_the_sign_in_ends_with_the_session(site, session, end):
    cookie = signed_in(site, session)
    assert visitor(site, cookie)["user"] is not None
    statements = {
        "expiry": "update sessions set expires_at = now() where secret_hash = sha256(%(secret)s)",
        "suspension": "update users set status = 'suspended'",
        "everywhere": "delete from sessions where secret_hash = sha256(%(secret)s)",
    }

    if end == "sign out":
        site.sign_out(session)
    else:
        with psycopg.connect(site.url) as connection:
            connection.execute(statements[end], {"secret": session.encode()})
    after = visitor(site, cookie)
    with psycopg.connect(site.url) as connection:
        connection.execute("update users set status = 'active'")

    assert after == {"user": None}


def test_a_new_sign_in_replaces_the_one_before(site, session):
    before = signed_in(site, session)
    after = signed_in(site, session)

    assert visitor(site, before) == {"user": None}
    assert visitor(site, after)["user"] is not None


def test_someone_who_is_not_signed_in_is_sent_to_sign_in_first(site):
    hashed = sha256(BROWSER.encode()).hexdigest()
    reply = site.ask(f"GET /auth/scripts?redirect=/seeing/x&browser={hashed} HTTP/1.1")

    assert reply.status == 303
    [address] = reply.all("location")
    assert address.startswith("/auth/login?redirect=/auth/scripts%3Fredirect%3D/seeing/x")


@pytest.mark.parametrize("dest", ["empty", "iframe", "image", "script", "embed"])
def test_no_page_signs_its_visitor_in_by_loading(site, session, dest):
    reply = offered(site, session, more=f"\nSec-Fetch-Dest: {dest}")

    assert reply.status == 403
    assert reply.all("location") == []


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example/",
        "//evil.example/",
        "/%5Cevil.example/",
        "%5C%5Cevil.example",
        "javascript:alert(1)",
        "/%09/evil.example",
        "/%0d%0aSet-Cookie:%20a=b",
        "/a/..//evil.example",
        "/.//evil.example",
    ],
)
def test_the_page_afterwards_is_one_of_the_scripts_host(site, session, redirect):
    [address] = offered(site, session, redirect).all("location")
    direct = address.partition("&redirect=")[0] + f"&redirect={redirect}"

    reply = handed_over(site, direct)

    assert address.startswith(f"http://{site.scripts_host}/.aiwebengine/session?")
    assert reply.all("location") == ["/"]


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS"])
def test_a_code_is_taken_by_get_only(site, session, method):
    [address] = offered(site, session).all("location")
    parts = urlsplit(address)

    site.ask(f"{method} {parts.path}?{parts.query} HTTP/1.1", host=site.scripts_host)

    assert handed_over(site, address).status == 303


def test_a_malformed_code_is_refused(site):
    for code in ("", "x" * 10_000, "%00", "%ff"):
        reply = site.ask(f"GET /.aiwebengine/session?code={code} HTTP/1.1", host=site.scripts_host)
        assert reply.status == 401
