"""Whom scripts take their visitors for, and how they ask them to sign in."""

import json
from secrets import token_urlsafe
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
import pytest
from tests.script_routes.site import by_operator

from aiwebengine.core.identity import operator

ASKING = """
export const routes = {
  "/asking/module": (request, env, ctx) => Response.json({
    user: ctx.user, headers: [...request.headers].flat().join(" "),
  }),
  "/asking/members": (request, env, ctx) => Response.json(ctx.requireAuth()),
};
"""
ASKING_TOO = """
function members(context) { return ResponseBuilder.json(context.request.auth.requireAuth()); }
function show(context) {
  const { user, provider, ...auth } = context.request.auth;
  return ResponseBuilder.json(auth);
}
function init() {
  routeRegistry.registerRoute("/asking/classic", "members", "GET");
  routeRegistry.registerRoute("/asking/auth", "show", "GET");
}
"""
BOUND = (
    'export const routes = { "/bound/members": (q, e, ctx) => Response.json(ctx.requireAuth()) };'
)
PAGE = "\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document"


@pytest.fixture(scope="module")
def asking(site, tmp_path_factory):
    site.deploy("asking", ASKING)
    site.deploy("asking-too", ASKING_TOO)
    site.deploy("bound-asking", BOUND)

    async def bind(scripts):
        await scripts.bind_host(operator("tests"), "bound-asking", "asking.localhost")

    by_operator(site, tmp_path_factory.mktemp("asking"), bind)
    return site


@pytest.fixture
def session(site):
    return site.sign_in()


@pytest.fixture
def token(site):
    """A token of the administrator."""
    made = site.sign_in()
    body = {"query": 'mutation { createApiToken(input: {name: "users"}) { secret } }'}
    head = "POST /graphql HTTP/1.1\nContent-Type: application/json"
    reply = site.ask(f"{head}\nCookie: aiwebengine_session={made}", json.dumps(body).encode())
    return json.loads(reply.body)["data"]["createApiToken"]["secret"]


def seen(site, more, path="/asking/module", method="GET", host=None):
    """What a script says about its visitor."""
    reply = site.ask(f"{method} {path} HTTP/1.1{more}", host=host)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def test_on_the_engines_host_the_visitor_is_who_is_signed_in(asking, session):
    found = seen(asking, f"\nCookie: aiwebengine_session={session}; mine=1")

    assert found["user"].keys() == {"id", "name", "email", "roles", "scriptRoles"}
    assert found["user"]["email"] == "admin@localhost"
    assert found["user"]["roles"] == ["AUTHENTICATED", "ADMINISTRATOR"]
    assert session not in found["headers"]
    assert "mine=1" in found["headers"]
    assert seen(asking, "")["user"] is None
    assert seen(asking, "\nCookie: aiwebengine_session=made-up")["user"] is None


def test_a_token_names_its_user_and_is_not_handed_over(asking, token):
    found = seen(asking, f"\nAuthorization: Bearer {token}", method="POST")

    assert found["user"]["email"] == "admin@localhost"
    assert token not in found["headers"]
    assert seen(asking, "\nAuthorization: Bearer of-the-script")["user"] is None
    assert "of-the-script" in seen(asking, "\nAuthorization: Bearer of-the-script")["headers"]


def test_an_invalid_token_is_refused(asking, token):
    last = "0" if token[-1] != "0" else "1"
    reply = asking.ask(f"GET /asking/module HTTP/1.1\nAuthorization: Bearer {token[:-1]}{last}")

    assert reply.status == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_cookie_counts_for_no_change_that_another_page_sends(asking, session, method):
    cookie = f"\nCookie: aiwebengine_session={session}"
    origins = ["null", "https://evil.example", f"http://{asking.scripts_host}"]
    foreign = [f"\nOrigin: {origin}" for origin in origins]
    foreign += [f"\nSec-Fetch-Site: {site}" for site in ("cross-site", "same-site")]

    for one in foreign:
        assert seen(asking, cookie + one, method=method)["user"] is None
    own = f"\nOrigin: http://{asking.host}"
    assert seen(asking, cookie + own, method=method)["user"] is not None


def test_a_link_from_another_site_is_followed_as_the_user(asking, session):
    more = f"\nCookie: aiwebengine_session={session}\nSec-Fetch-Site: cross-site"

    assert seen(asking, more)["user"] is not None


@pytest.mark.parametrize("path", ["/asking/members", "/asking/classic"])
def test_who_opens_a_page_is_sent_to_sign_in_and_comes_back(asking, session, path):
    for page in (PAGE, "\nAccept: text/html,*/*;q=0.8"):
        reply = asking.ask(f"GET {path}?a=1%202 HTTP/1.1{page}")
        assert reply.status == 303
        assert reply.all("location") == [
            f"/auth/login?redirect={quote(path, safe='/')}%3Fa%3D1%25202"
        ]
        assert reply.all("cache-control") == ["no-store"]

    [address] = reply.all("location")
    back = asking.ask(f"GET {address} HTTP/1.1\nCookie: aiwebengine_session={session}")

    assert back.all("location") == [f"{path}?a=1%202"]
    assert seen(asking, f"\nCookie: aiwebengine_session={session}", path)["email"]


@pytest.mark.parametrize("path", ["/asking/members", "/asking/classic"])
@pytest.mark.parametrize(
    "more",
    ["", "\nAccept: */*", "\nSec-Fetch-Dest: empty\nAccept: text/html", "\nSec-Fetch-Dest: iframe"],
)
def test_programs_and_frames_get_401(asking, path, more):
    reply = asking.ask(f"GET {path} HTTP/1.1{more}")

    assert reply.status == 401
    assert reply.all("content-type") == ["application/problem+json"]
    assert json.loads(reply.body)["code"] == "UNAUTHENTICATED"


def test_a_form_without_a_user_gets_401(asking):
    assert asking.ask(f"POST /asking/members HTTP/1.1{PAGE}").status == 401


def test_nobody_can_sign_in_on_the_host_of_a_script(asking):
    reply = asking.ask(f"GET /bound/members HTTP/1.1{PAGE}", host="asking.localhost")

    assert reply.status == 401


def test_a_visitor_of_the_scripts_host_signs_in_from_end_to_end(asking, session):
    """Follows the redirects of a browser, with the cookies of each host."""
    cookies = {asking.host: {"aiwebengine_session": session}, asking.scripts_host: {}}
    host, path = asking.scripts_host, "/asking/members?page=2"
    hops = []
    for _ in range(6):
        sent = "; ".join(f"{name}={value}" for name, value in cookies[host].items())
        reply = asking.ask(f"GET {path} HTTP/1.1{PAGE}\nCookie: {sent or 'a=b'}", host=host)
        hops.append((host, path.partition("?")[0], reply.status))
        for cookie in reply.all("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            cookies[host][name] = value
        if reply.status != 303:
            break
        parts = urlsplit(reply.all("location")[0])
        host, path = parts.netloc or host, parts.path + (f"?{parts.query}" if parts.query else "")

    assert hops == [
        (asking.scripts_host, "/asking/members", 303),
        (asking.scripts_host, "/.aiwebengine/sign-in", 303),
        (asking.host, "/auth/scripts", 303),
        (asking.scripts_host, "/.aiwebengine/session", 303),
        (asking.scripts_host, "/asking/members", 200),
    ]
    assert parse_qs(urlsplit(path).query) == {"page": ["2"]}
    assert json.loads(reply.body)["email"] == "admin@localhost"


@pytest.fixture
def visitor(asking):
    """A user of a new engine account, with a session and its header."""
    email, secret = f"{token_urlsafe(8).lower()}@example.com", token_urlsafe(32)
    with psycopg.connect(asking.url) as connection:
        connection.execute(
            """
            with person as (
              insert into users (email, name) values (%s, 'Vera') returning id
            )
            insert into sessions (user_id, secret_hash, provider, expires_at)
            select id, sha256(%s), 'link', now() + interval '1 hour' from person
            """,
            [email, secret.encode()],
        )
    return email, f"\nCookie: aiwebengine_session={secret}"


def changed(site, operation, email, role):
    """Grant or revoke a role of the script `asking` as the administrator."""
    body = {
        "query": f"mutation($input: ScriptRoleInput!) {{ {operation}(input: $input) {{ roles }} }}",
        "variables": {"input": {"slug": "asking", "email": email, "role": role}},
    }
    head = "POST /graphql HTTP/1.1\nContent-Type: application/json"
    reply = site.ask(
        f"{head}\nCookie: aiwebengine_session={site.session}", json.dumps(body).encode()
    )
    return json.loads(reply.body)["data"][operation]["roles"]


def test_roles_of_a_script_count_at_once_and_there_alone(asking, visitor):
    email, cookie = visitor
    assert seen(asking, cookie)["user"]["scriptRoles"] == []

    assert changed(asking, "grantScriptRole", email, "treasurer") == ["treasurer"]
    assert changed(asking, "grantScriptRole", email, "board") == ["board", "treasurer"]
    user = seen(asking, cookie)["user"]
    assert user["scriptRoles"] == ["board", "treasurer"]
    assert user["roles"] == ["AUTHENTICATED"]
    assert seen(asking, cookie, "/asking/classic")["scriptRoles"] == []
    auth = seen(asking, cookie, "/asking/auth")
    assert (auth["isAuthenticated"], auth["isAdmin"], auth["userEmail"]) == (True, False, email)

    assert changed(asking, "revokeScriptRole", email, "board") == ["treasurer"]
    assert seen(asking, cookie)["user"]["scriptRoles"] == ["treasurer"]


@pytest.mark.parametrize("end", ["suspension", "sign out"])
def test_the_end_of_a_session_counts_at_once(asking, visitor, end):
    email, cookie = visitor
    assert seen(asking, cookie)["user"] is not None

    with psycopg.connect(asking.url) as connection:
        if end == "suspension":
            connection.execute("update users set status = 'suspended' where email = %s", [email])
        else:
            connection.execute(
                "delete from sessions where user_id in (select id from users where email = %s)",
                [email],
            )

    assert seen(asking, cookie)["user"] is None
