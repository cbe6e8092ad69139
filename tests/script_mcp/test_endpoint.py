"""The endpoint: who is answered, and how a program finds out where to get a token."""

from uuid import uuid4

import httpx2
import pytest
from starlette.requests import Request

from aiwebengine.core.errors import RateLimited
from aiwebengine.core.identity import ActorKind, Origin, Viewer
from aiwebengine.script_mcp import endpoint

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "tests", "version": "1"},
    },
}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
HEADERS = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
async def http(served):
    async with httpx2.AsyncClient(base_url=served.base, headers=HEADERS) as client:
        yield client


@pytest.fixture
async def bearer(served, ada):
    return {"Authorization": f"Bearer {await served.token(ada)}"}


async def test_without_a_token_a_program_learns_where_to_get_one(served, http):
    for path in ("/mcp", "/mcp/scripts/notes"):
        answer = await http.post(path, json=INITIALIZE)

        metadata = f"{served.base}/.well-known/oauth-protected-resource{path}"
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == f'Bearer resource_metadata="{metadata}"'
        assert (await http.get(metadata)).json()["resource"] == served.base + path


async def test_a_token_that_is_not_valid_is_named_so(http):
    answer = await http.post("/mcp", json=INITIALIZE, headers={"Authorization": "Bearer awe_x"})

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_the_session_of_a_browser_does_not_count(served, http, ada):
    begun = await served.engine.services.sessions.begin(ada, ada.id, ada.label, "link")
    cookie = f"{served.engine.authenticator.cookie}={begun.secret}"

    answer = await http.post("/mcp", json=INITIALIZE, headers={"Cookie": cookie})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example"]
)
async def test_a_page_of_another_site_is_refused(http, bearer, origin):
    answer = await http.post("/mcp", json=INITIALIZE, headers=bearer | {"Origin": origin})

    assert answer.status_code == 403


async def test_a_page_of_ours_is_answered(served, http, bearer):
    answer = await http.post("/mcp", json=INITIALIZE, headers=bearer | {"Origin": served.base})

    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_there_are_no_streams_and_no_sessions(http, bearer, method):
    answer = await http.request(method, "/mcp", headers=bearer)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_each_request_stands_for_itself(http, bearer):
    begun = await http.post("/mcp", json=INITIALIZE, headers=bearer)
    listed = await http.post("/mcp", json=LIST, headers=bearer)

    assert begun.json()["result"]["protocolVersion"] == "2025-06-18"
    assert "mcp-session-id" not in begun.headers
    assert begun.headers["cache-control"] == "no-store, no-transform"
    assert begun.headers["content-type"].startswith("application/json")
    assert listed.json()["result"]["tools"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"5", b'{"jsonrpc": "2.0"}', b"[" * 100_000, b'{"id": 1, "method": 5}'],
    ids=range(6),
)
async def test_what_is_no_request_is_an_error_of_the_client(http, bearer, body):
    kind = {"Content-Type": "application/json"}
    answer = await http.post("/mcp", content=body, headers=bearer | kind)

    assert 400 <= answer.status_code < 500


async def test_a_body_is_bounded(http, bearer):
    kind = {"Content-Type": "application/json"}
    body = b" " * (endpoint.MOST_BODY_BYTES + 1)

    answer = await http.post("/mcp", content=body, headers=bearer | kind)

    assert answer.status_code == 413


async def test_requests_of_a_user_at_the_same_time_are_bounded():
    asked = []

    async def authenticate(request, resource):
        asked.append(resource)
        return viewer

    viewer = Viewer(ActorKind.TOKEN, "ada", Origin("mcp"), id=uuid4(), token_id=uuid4())
    answers = endpoint.McpEndpoint([], authenticate, lambda _: False, "http://localhost")
    scope = {"type": "http", "method": "POST", "path_params": {}, "headers": [], "state": {}}

    held = [await answers(Request(scope)) for _ in range(endpoint.MOST_CALLS_OF_USER)]
    with pytest.raises(RateLimited):
        await answers(Request(scope))

    assert len(held) == endpoint.MOST_CALLS_OF_USER
    assert set(asked) == {"http://localhost/mcp"}


async def test_a_cursor_that_no_list_returned_is_refused(http, bearer):
    body = LIST | {"params": {"cursor": "x"}}

    answer = await http.post("/mcp", json=body, headers=bearer)

    assert "cursor" in answer.json()["error"]["message"]
