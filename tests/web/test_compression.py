"""Answers get smaller on the way, say the same, and keep their secrets."""

import asyncio
import gzip

import brotli
import httpx2
import pytest
import websockets
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from tests.conftest import adder, free_port, listening, serving

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Performance, Repository
from aiwebengine.core.identity import Role
from aiwebengine.core.resources import FRONTEND
from aiwebengine.web import files
from aiwebengine.web.compression import Compression, preferred_coding

UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
SCHEMA = {"query": "{ __schema { types { name description } } }"}


async def raw(client, method, path, **options):
    """The answer, and its body as it came over the wire."""
    async with client.stream(method, path, **options) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


@pytest.fixture
async def client(served, add_served_person):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    headers = {"Authorization": f"Bearer {await served.token(ada)}"}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        yield client


@pytest.mark.parametrize("coding", ["br", "gzip"])
@pytest.mark.parametrize("media", ["application/json", "application/graphql-response+json"])
async def test_a_long_answer_is_sent_smaller_and_says_the_same(client, coding, media):
    accept = {"Accept": media}
    plain, whole = await raw(
        client, "POST", "/graphql", json=SCHEMA, headers=accept | {"Accept-Encoding": "identity"}
    )
    answer, body = await raw(
        client, "POST", "/graphql", json=SCHEMA, headers=accept | {"Accept-Encoding": coding}
    )

    assert "content-encoding" not in plain.headers
    assert answer.headers["content-encoding"] == coding
    assert answer.headers["content-length"] == str(len(body))
    assert UNPACK[coding](body) == whole
    assert len(body) < len(whole) / 2
    assert "Accept-Encoding" in plain.headers["vary"]
    assert "Accept-Encoding" in answer.headers["vary"]


async def test_a_short_answer_is_left_alone(client):
    answer, _ = await raw(client, "GET", "/health", headers={"Accept-Encoding": "br"})

    assert "content-encoding" not in answer.headers


async def test_an_answer_that_may_hold_a_secret_is_never_compressed_on_the_way(client):
    fields = " ".join(f"f{number}: email" for number in range(29))
    query = (
        f'mutation {{ inviteUser(input: {{email: "new@example.com"}}) {{ user {{ {fields} }} }} }}'
    )

    answer, body = await raw(
        client, "POST", "/graphql", json={"query": query}, headers={"Accept-Encoding": "br"}
    )

    assert len(body) > 500
    assert body.startswith(b'{"data"')
    assert "content-encoding" not in answer.headers
    assert "no-transform" in answer.headers["cache-control"]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_sites_page_gets_nothing_compressed(client, site):
    headers = {"Accept-Encoding": "br", "Sec-Fetch-Site": site}

    answer, _ = await raw(client, "POST", "/graphql", json=SCHEMA, headers=headers)
    ours, _ = await raw(
        client, "POST", "/graphql", json=SCHEMA, headers=headers | {"Sec-Fetch-Site": "same-origin"}
    )

    assert "content-encoding" not in answer.headers
    assert ours.headers["content-encoding"] == "br"


async def test_an_event_stream_is_not_compressed_and_begins_at_once(client):
    query = {"query": "subscription { auditEventAdded { id } }"}
    headers = {"Accept": "text/event-stream", "Accept-Encoding": "br"}

    async with client.stream("POST", "/graphql", json=query, headers=headers) as answer:
        first = await asyncio.wait_for(anext(answer.aiter_raw()), 10)

    assert "content-encoding" not in answer.headers
    assert first == b":\n\n"


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
async def test_an_export_is_compressed_bit_by_bit(client, kind):
    path = f"/api/engine/admin/audit?format={kind}"
    _, whole = await raw(client, "GET", path, headers={"Accept-Encoding": "identity"})
    answer, body = await raw(client, "GET", path, headers={"Accept-Encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert "content-length" not in answer.headers
    assert UNPACK["gzip"](body).startswith(whole[:200])


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_each_part_of_a_stream_can_be_read_before_the_next_is_there(coding):
    go_on = asyncio.Event()

    async def parts():
        yield b"first"
        await go_on.wait()
        yield b"second"

    async def stream(_):
        return StreamingResponse(parts(), media_type="text/plain")

    app, port = Compression(Starlette(routes=[Route("/", stream)])), free_port()
    async with listening(app, port), httpx2.AsyncClient() as client:
        asked = client.stream(
            "GET", f"http://localhost:{port}", headers={"Accept-Encoding": coding}
        )
        async with asked as answer:
            texts = answer.aiter_bytes()
            first = b""
            while first != b"first":
                first += await asyncio.wait_for(anext(texts), 10)
            go_on.set()
            rest = b"".join([part async for part in texts])

    assert answer.headers["content-encoding"] == coding
    assert (first, rest) == (b"first", b"second")


async def test_a_file_is_compressed_once_however_many_ask(served, client, monkeypatch):
    made = []

    def counted(content, coding):
        made.append(coding)
        return compress(content, coding)

    compress = files.compressed_file
    monkeypatch.setattr(files, "compressed_file", counted)
    path = f"{served.engine.frontend.prefix}/manager.js"

    answers = await asyncio.gather(
        *(raw(client, "GET", path, headers={"Accept-Encoding": "br"}) for _ in range(8))
    )
    part, _ = await raw(
        client, "GET", path, headers={"Accept-Encoding": "br", "Range": "bytes=0-9"}
    )

    assert made == ["br"]
    file = (FRONTEND / "manager.js").read_bytes()
    assert all(brotli.decompress(body) == file for _, body in answers)
    assert all("immutable" in answer.headers["cache-control"] for answer, _ in answers)
    assert (part.status_code, part.headers.get("content-encoding")) == (206, None)


async def test_off_means_off(url, tmp_path):
    config = Config(
        repository=Repository(data_dir=tmp_path), performance=Performance(enable_compression=False)
    )
    engine = Engine(config.at_port(free_port()), url)
    await engine.prepare()
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        ada = await adder(engine)("ada", Role.ADMINISTRATOR)
        token = {"Authorization": f"Bearer {await served.token(ada)}"}
        for path in (
            f"{engine.frontend.prefix}/manager.js",
            "/graphql?query={__schema{types{name}}}",
        ):
            answer, _ = await raw(client, "GET", path, headers=token | {"Accept-Encoding": "br"})
            assert answer.status_code == 200
            assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("*", "br"),
        ("*;q=0.1, br;q=0", "gzip"),
        ("br;q=rubbish", None),
        ("br ; q=0.3", "br"),
    ],
)
def test_the_client_says_which_coding_it_likes(accepted, coding):
    assert preferred_coding(accepted) == coding


async def test_nothing_on_a_socket_is_compressed_though_the_client_would_like_it(start):
    _, base, _ = start()

    async with websockets.connect(
        base.replace("http:", "ws:") + "/graphql",
        subprotocols=["graphql-transport-ws"],
        compression="deflate",
    ) as socket:
        agreed = socket.protocol.extensions

    assert agreed == []
