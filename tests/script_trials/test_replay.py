"""Requests that failed are kept without secrets, and replayed with everything undone."""

import json

import pytest

from aiwebengine.core.errors import BadUserInput, Conflict, Forbidden, NotFound
from aiwebengine.script_trials.failure_store import KEEP_EACH
from aiwebengine.script_trials.recording import LARGEST_BODY_BYTES, recorded

SOURCE = """
export const routes = {
  "POST /one": async (request) => {
    await host.ask("notes.add", ["from a request"]);
    const { name } = await request.json();
    return new Response(`${name.first} ${new URL(request.url).search}`);
  },
};
"""


class Scripted:
    """What recording needs of a script."""

    def __init__(self, script_id, version=1):
        self.id = script_id
        self.version = version


def scope(path="/one", query="", headers=(), method="POST"):
    return {
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "state": {"request_id": "r1"},
    }


JSON = ("content-type", "application/json")
FORM = ("content-type", "application/x-www-form-urlencoded")


@pytest.fixture
async def script(engine, deploy):
    return (await deploy(SOURCE)).script


@pytest.fixture
def failures(engine):
    return engine.services.script_failures


@pytest.fixture
def note(engine, script):
    """A request of a visitor failed, and is stored."""

    async def note(sent, body, message="no luck"):
        log = engine.scripting.failures
        log.note(Scripted(script.key), sent, body, message)
        await log.flush()

    return note


@pytest.mark.parametrize(
    ("query", "headers", "body", "kept"),
    [
        ("a=1&token=x", [JSON], b'{"a":1}', ("/one?a=1&token=removed", b'{"a":1}')),
        ("", [JSON], b'{"p":{"Password":"x","l":[{"apiKey":1}]}}', ("/one", None)),
        ("", [FORM], b"a=1&pin=7&secret_a=x", ("/one", b"a=1&pin=removed&secret_a=removed")),
        ("", [("content-type", "text/plain")], b"a text", ("/one", b"a text")),
        ("", [("content-type", "image/png")], b"\x89PNG", ("/one", None)),
        ("", [JSON], b"{broken", ("/one", None)),
        ("", [JSON], b"x" * (LARGEST_BODY_BYTES + 1), ("/one", None)),
        ("", [], b"", ("/one", b"")),
        ("", [], None, ("/one", None)),
    ],
    ids=range(9),
)
def test_secrets_are_removed(query, headers, body, kept):
    found = recorded(Scripted(None), scope(query=query, headers=headers), body, "no")

    if kept[1] is None and body is not None and b"Password" in body:
        cleaned = {"p": {"Password": "removed", "l": [{"apiKey": "removed"}]}}
        assert json.loads(found.body) == cleaned
    else:
        assert (found.path, found.body) == kept


def test_headers_that_sign_in_are_left_out():
    names = "cookie authorization proxy-authorization x-api-key x-csrf-token x-forwarded-for host"
    sent = scope(headers=[(name, "x") for name in names.split()] + [("accept", "a"), JSON])

    assert recorded(Scripted(None), sent, b"", "no").headers == (("accept", "a"), JSON)


async def test_a_replay_answers_and_keeps_nothing(failures, note, edith, notes):
    body = json.dumps({"name": {"first": "Ada"}}).encode()
    await note(scope(query="q=1", headers=[JSON]), body)
    [found] = await failures.all(edith, "one", 20)

    run = await failures.replay(edith, "one", found.id)

    assert (run.status, run.body) == (200, "Ada ?q=1")
    assert (found.message, found.path, found.can_be_replayed) == ("no luck", "/one?q=1", True)
    assert await notes() == []


async def test_a_visitors_request_that_fails_is_noted(scripting, script, failures, edith, notes):
    """Through the middleware, up to the list."""
    await scripting.active.refresh()
    middleware = scripting.middleware()
    app = middleware.cls(None, *middleware.args, **middleware.kwargs)
    sent = {
        "type": "http",
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
        "client": None,
        "server": None,
        **scope(query="code=7", headers=[("host", "localhost"), ("cookie", "a=b"), JSON]),
    }
    answers, messages = [], [{"type": "http.request", "body": b"[]", "more_body": False}]

    async def receive():
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message):
        answers.append(message)

    await app(sent, receive, send)
    await scripting.failures.flush()

    assert answers[0]["status"] == 500
    [found] = await failures.all(edith, "one", 20)
    assert found.path == "/one?code=removed"
    assert found.message.startswith("TypeError: Cannot read properties of undefined")
    assert found.request_id == "r1"


async def test_only_the_newest_are_kept(failures, note, edith):
    for number in range(KEEP_EACH + 5):
        await note(scope(query=f"n={number}"), b"")

    found = await failures.all(edith, "one", 100)
    assert len(found) == KEEP_EACH
    assert found[0].path == f"/one?n={KEEP_EACH + 4}"


async def test_what_can_not_be_replayed(failures, note, edith, alan):
    await note(scope(), None)
    [found] = await failures.all(edith, "one", 1)

    assert not found.can_be_replayed
    with pytest.raises(Conflict):
        await failures.replay(edith, "one", found.id)
    for other in ("none", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotFound):
            await failures.replay(edith, "one", other)
    with pytest.raises(Forbidden):
        await failures.all(alan, "one", 1)
    with pytest.raises(BadUserInput):
        await failures.all(edith, "one", 0)
