"""A request that names its script is answered by that script or by nobody."""

import json

import pytest

from aiwebengine.script_routes.only import NoScript

VIEWER = b'{"query": "{ viewer { email } }"}'


def asked(site, method, path, script, body=b""):
    head = f"{method} {path} HTTP/1.1\nX-Aiwebengine-Script: {script}"
    head += f"\nContent-Type: application/json\nCookie: aiwebengine_session={site.session}"
    return site.ask(head, body)


def test_its_script_answers_and_does_not_see_the_header(site):
    reply = asked(site, "GET", "/seeing", "seeing")

    assert reply.status == 200
    seen = [name for name, _ in json.loads(reply.body)["headers"]]
    assert "content-type" in seen
    assert "x-aiwebengine-script" not in seen


@pytest.mark.parametrize("path", ["/graphql", "/GRAPHQL", "//graphql", "/x/../graphql"])
def test_the_engine_executes_nothing(site, path):
    reply = asked(site, "POST", path, "greedy", VIEWER)

    assert reply.status == 404
    assert b"viewer" not in reply.body
    assert b"@" not in reply.body


@pytest.mark.parametrize("path", ["/engine/admin", "/auth/logout", "/editor", "/health", "/"])
def test_no_page_of_the_engine_answers(site, path):
    assert asked(site, "GET", path, "greedy").status == 404


def test_another_script_does_not_answer(site):
    reply = asked(site, "GET", "/seeing", "knowing")

    assert reply.status == 404
    assert json.loads(reply.body)["detail"] == "The script knowing has no route for /seeing."


async def test_where_scripts_are_off_nothing_answers():
    passed, sent = [], []

    async def engine(scope, receive, send):
        passed.append(scope["path"])

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": [], "state": {}}
    await NoScript(engine)(scope, None, send)
    named = {**scope, "headers": [(b"x-aiwebengine-script", b"hello")]}
    await NoScript(engine)(named, None, send)

    assert passed == ["/graphql"]
    assert sent[0]["status"] == 404
