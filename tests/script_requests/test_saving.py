"""Requests that the owners of a script save, to send them again."""

import pytest

from aiwebengine.core.errors import BadUserInput, Conflict, Forbidden, NotFound
from aiwebengine.core.identity import Role
from aiwebengine.script_requests.types import (
    LARGEST_HEADERS,
    LARGEST_TOTAL,
    LONGEST_BODY,
    LONGEST_NAME,
    LONGEST_PATH,
    MOST_HEADERS,
    MOST_OF_SCRIPT,
    NewRequest,
)

HEADERS = [{"name": "Accept", "value": "text/plain"}, {"name": "X-Twice", "value": 'é"\\'}]
SAVE = """
  mutation ($input: SaveScriptRequestInput!) {
    saveScriptRequest(input: $input) {
      request { id name method path headers { name value } body asViewer savedBy }
    }
  }
"""
LIST = '{ scriptRequests(slug: "hello") { id name savedBy } }'
DELETE = """
  mutation ($id: ID!) { deleteScriptRequest(input: {slug: "hello", id: $id}) { requests { name } } }
"""


def request(name="Ask", method="GET", path="/", headers=(), body="", as_viewer=False):
    return NewRequest(name, method, path, tuple(headers), body, as_viewer)


@pytest.fixture
def requests(engine):
    return engine.services.script_requests


@pytest.fixture
async def emma(add_person):
    """Another editor."""
    return await add_person("emma", Role.EDITOR)


@pytest.fixture(autouse=True)
async def hello(engine, edith):
    return await engine.services.scripts.create(edith, "hello")


@pytest.fixture
def data(ask):
    async def data(viewer, query, **variables):
        body = await ask(viewer, query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    return data


async def test_owners_share_what_they_save(engine, edith, emma, data):
    await engine.services.scripts.add_owner(edith, "hello", "emma@example.com")
    wanted = {
        "slug": "hello",
        "name": " Greet Ada ",
        "method": "post",
        "path": "/hello/Ada?x=1",
        "headers": HEADERS,
        "body": "däta\n",
        "asViewer": True,
    }

    saved = (await data(edith, SAVE, input=wanted))["saveScriptRequest"]["request"]
    changed = {"slug": "hello", "id": saved["id"], "name": "Greet", "path": "/hello"}
    replaced = (await data(emma, SAVE, input=changed))["saveScriptRequest"]["request"]
    found = (await data(edith, LIST))["scriptRequests"]
    left = (await data(emma, DELETE, id=saved["id"]))["deleteScriptRequest"]["requests"]

    assert (saved["name"], saved["method"], saved["headers"]) == ("Greet Ada", "POST", HEADERS)
    assert (saved["path"], saved["body"], saved["asViewer"]) == ("/hello/Ada?x=1", "däta\n", True)
    assert (replaced["method"], replaced["headers"], replaced["asViewer"]) == ("GET", [], False)
    assert found == [{"id": saved["id"], "name": "Greet", "savedBy": "emma@example.com"}]
    assert left == []


async def test_only_owners_and_administrators_see_and_change_them(requests, ada, emma, edith):
    saved = await requests.save(edith, "hello", None, request())

    with pytest.raises(Forbidden, match="Only an owner of hello"):
        await requests.all(emma, "hello")
    with pytest.raises(Forbidden, match="Only an owner of hello"):
        await requests.save(emma, "hello", saved.id, request())
    with pytest.raises(Forbidden, match="Only an owner of hello"):
        await requests.delete(emma, "hello", saved.id)
    assert [one.id for one in await requests.all(ada, "hello")] == [saved.id]


async def test_a_request_of_one_script_is_not_found_in_another(engine, requests, emma, edith):
    saved = await requests.save(edith, "hello", None, request())
    await engine.services.scripts.create(emma, "mine")

    with pytest.raises(NotFound):
        await requests.save(emma, "mine", saved.id, request("Other"))
    with pytest.raises(NotFound):
        await requests.delete(emma, "mine", saved.id)
    with pytest.raises(NotFound):
        await requests.delete(edith, "hello", "none")
    assert [one.name for one in await requests.all(edith, "hello")] == ["Ask"]


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("name", request(" ")),
        ("name", request("x" * (LONGEST_NAME + 1))),
        ("name", request("a\u202eb")),
        ("method", request(method="G T")),
        ("path", request(path="hello")),
        ("path", request(path="/" + "x" * LONGEST_PATH)),
        ("path", request(path="/\0")),
        ("headers", request(headers=[("x", "y")] * (MOST_HEADERS + 1))),
        ("headers", request(headers=[("x", "y" * LARGEST_HEADERS)])),
        ("headers", request(headers=[("x", "\0")])),
        ("body", request(body="x" * (LONGEST_BODY + 1))),
        ("body", request(body="\ud800")),
    ],
)
async def test_what_can_not_be_saved_is_named(requests, edith, field, wanted):
    with pytest.raises(BadUserInput, match=f"^{field}: "):
        await requests.save(edith, "hello", None, wanted)


async def test_the_largest_request_is_stored(requests, edith):
    headers = [
        (f"x-{number}", "\x01" * (LARGEST_HEADERS // MOST_HEADERS - 5))
        for number in range(MOST_HEADERS)
    ]
    largest = request(
        "n" * LONGEST_NAME, "M" * 20, "/" + "p" * (LONGEST_PATH - 1), headers, "b" * LONGEST_BODY
    )

    await requests.save(edith, "hello", None, largest)

    (found,) = await requests.all(edith, "hello")
    assert len(found.body) == LONGEST_BODY
    assert [(one.name, one.value) for one in found.headers] == headers


async def test_their_names_their_number_and_their_sizes_have_limits(requests, edith):
    first = await requests.save(edith, "hello", None, request("0"))
    with pytest.raises(Conflict, match="is called 0"):
        await requests.save(edith, "hello", None, request("0"))
    await requests.save(edith, "hello", first.id, request("0", path="/again"))

    body = "x" * LONGEST_BODY
    fitting = LARGEST_TOTAL // (LONGEST_BODY + 2)
    for number in range(1, fitting + 1):
        await requests.save(edith, "hello", None, request(str(number), body=body))
    with pytest.raises(Conflict, match="1,000,000"):
        await requests.save(edith, "hello", None, request("much", body=body))
    for number in range(fitting + 1, MOST_OF_SCRIPT):
        await requests.save(edith, "hello", None, request(str(number)))
    with pytest.raises(Conflict, match=f"allowed: {MOST_OF_SCRIPT}"):
        await requests.save(edith, "hello", None, request("many"))
    assert len(await requests.all(edith, "hello")) == MOST_OF_SCRIPT
