"""No script gets a request for a path of the engine, however the path is written."""

import pytest
from tests.script_routes.site import GREEDY

from aiwebengine.app.engine import Engine
from aiwebengine.script_routes.paths import is_the_engines

RESERVED = ["/engine/admin", "/auth/login", "/graphql", "/api/engine/scripts", "/metrics"]
WRITTEN = {
    "as it is": "/engine/admin",
    "with an encoded letter": "/%65ngine/admin",
    "with a letter that is encoded twice": "/%2565ngine/admin",
    "with a letter that is encoded three times": "/%252565ngine/admin",
    "with an encoded slash": "/engine%2fadmin",
    "with a slash that is encoded twice": "/engine%252Fadmin",
    "with two slashes first": "//engine/admin",
    "with two slashes within": "/engine//admin",
    "with a dot first": "/./engine/admin",
    "with an encoded dot": "/%2e/engine/admin",
    "with dots that lead back": "/x/../engine/admin",
    "with encoded dots that lead back": "/x/%2e%2e/engine/admin",
    "with dots and slash encoded": "/x/..%2fengine/admin",
    "in capitals": "/ENGINE/ADMIN",
    "with one capital": "/Engine/admin",
    "with parameters": "/engine;a=b/admin",
    "with parameters after it": "/engine/admin;a",
    "with a parameter and dots": "/x/..;/engine/admin",
    "with a backslash": "/engine\\admin",
    "with a backslash first": "/\\engine/admin",
    "with a zero byte": "/engine%00/admin",
    "with a zero byte first": "/%00/engine/admin",
    "with a line break": "/engine%0a/admin",
    "with a blank": "/engine%20/admin",
    "with a letter that becomes another in capitals": "/%C5%BFcripts/graphql",
}


@pytest.mark.parametrize("path", WRITTEN.values(), ids=WRITTEN.keys())
def test_no_script_gets_a_path_of_the_engine_written(site, path):
    reply = site.ask(f"GET {path} HTTP/1.1")

    assert b"GREEDY" not in reply.body
    assert reply.status in (303, 401, 404, 405, 400)


@pytest.mark.parametrize("path", RESERVED)
@pytest.mark.parametrize("method", "HEAD OPTIONS PUT DELETE PATCH POST".split())
def test_no_script_gets_a_path_of_the_engine_by(site, method, path):
    reply = site.ask(f"{method} {path} HTTP/1.1")

    assert b"GREEDY" not in reply.body
    assert not any("sandbox" in policy for policy in reply.all("content-security-policy"))


@pytest.mark.parametrize("path", ["/", "//", "/.", "/./", "/%2e", "/%2f", "/x/.."])
def test_the_home_page_is_the_engines(site, path):
    assert b"GREEDY" not in site.ask(f"GET {path} HTTP/1.1").body


def test_a_path_in_absolute_form_is_the_same_path(site):
    reply = site.ask(f"GET http://elsewhere.example/engine/admin HTTP/1.1\nHost: {site.host}")

    assert reply.status == 303


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PURGE", "PROPFIND", "MKCOL"])
def test_scripts_get_no_requests_by(site, method):
    reply = site.ask(f"{method} /anything HTTP/1.1")

    assert b"GREEDY" not in reply.body
    assert reply.status in (404, 405)


def test_a_script_gets_other_paths(site):
    written = ["/anything", "/files/a%2Fb", "/files/a;b", "/engineer", "/x.y/.z", "/a/b%20c"]

    replies = [site.ask(f"GET {path} HTTP/1.1").body for path in written]

    assert replies == [b"GREEDY"] * len(written)


@pytest.mark.parametrize(
    "path", ["/Engine/x", "/GraphQL", "/METRICS", "/.aiwebengine/session", "/Auth/login"]
)
def test_no_script_is_deployed_for(site, path):
    source = GREEDY.split("\n")[1] + f'export const routes = {{ "GET {path}": greedy }};'

    answer = site.put("thief", source)

    assert answer.status_code == 422
    assert "belong" in answer.text


def test_every_route_of_the_engine_is_reserved(engine: Engine):
    paths = [route.path for route in engine.app().routes]

    assert [path for path in paths if not is_the_engines(path)] == []
