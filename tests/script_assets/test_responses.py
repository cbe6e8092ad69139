"""Responses with files: conditional, partial, in parts."""

import pytest

from aiwebengine.core.errors import NotFound
from aiwebengine.script_assets import serving
from aiwebengine.script_assets.conditions import NotSatisfiable, Range, is_known, range_of
from aiwebengine.script_assets.content_types import type_of
from aiwebengine.script_assets.service import CHUNK_BYTES
from aiwebengine.script_assets.serving import AssetResponses, path_of
from aiwebengine.script_assets.types import Put

TEXT = b"0123456789"
DIGEST = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"


@pytest.fixture
async def answered(engine, assets, shop):
    """Answers a request for a file: status, headers, body."""
    responses = AssetResponses(assets)
    async with engine.db.transaction():
        await assets.change(shop, 1, [Put("ten.txt", TEXT), Put("big.bin", BIG)])

    async def answered(path, method="GET", query="", params=None, **headers):
        scope = {
            "type": "http",
            "asgi": {"spec_version": "2.4"},
            "method": method,
            "path": "/",
            "query_string": query.encode(),
            "headers": [
                (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
            ],
        }
        response = await responses.response(shop, 1, path, params or {}, scope)
        sent = []

        async def send(message):
            sent.append(message)

        await response(scope, None, send)
        head, *parts = sent
        found = {name.decode(): value.decode() for name, value in head["headers"]}
        return head["status"], found, [part["body"] for part in parts if part["body"]]

    return answered


BIG = bytes(range(256)) * (3 * CHUNK_BYTES // 256) + b"end"


async def test_a_whole_file(answered):
    status, headers, parts = await answered("ten.txt")

    assert (status, parts) == (200, [TEXT])
    assert headers == {
        "content-length": "10",
        "content-type": "text/plain; charset=utf-8",
        "etag": f'"{DIGEST}"',
        "accept-ranges": "bytes",
        "cache-control": "public, no-cache",
    }


@pytest.mark.parametrize("path", ["ten.txt", "big.bin"])
async def test_head_has_the_head_of_get_alone(answered, path):
    _, expected, _ = await answered(path)

    assert await answered(path, "HEAD", range="bytes=0-1") == (200, expected, [])


async def test_the_content_that_the_client_has_is_not_sent(answered):
    for tag in (f'"{DIGEST}"', f'W/"{DIGEST}"', f'"other", "{DIGEST}"', "*"):
        status, headers, parts = await answered("ten.txt", if_none_match=tag, range="bytes=0-1")
        assert (status, parts) == (304, [])
        assert headers["etag"] == f'"{DIGEST}"'
        assert "content-length" not in headers
    assert (await answered("ten.txt", if_none_match='"other"'))[0] == 200


@pytest.mark.parametrize(
    ("wanted", "part", "shown"),
    [
        ("bytes=0-0", b"0", "0-0"),
        ("bytes=2-4", b"234", "2-4"),
        ("bytes=7-", b"789", "7-9"),
        ("bytes=-3", b"789", "7-9"),
        ("bytes=-99", TEXT, "0-9"),
        ("Bytes=5-99999", b"56789", "5-9"),
    ],
)
async def test_a_part_of_a_file(answered, wanted, part, shown):
    status, headers, parts = await answered("ten.txt", range=wanted, if_range=f'"{DIGEST}"')

    assert (status, parts) == (206, [part])
    assert headers["content-range"] == f"bytes {shown}/10"
    assert headers["content-length"] == str(len(part))


@pytest.mark.parametrize(
    "wanted",
    ["bytes=0-1,3-4", "bytes=4-2", "bytes=-", "bytes=a-b", "lines=0-1", "0-1", "bytes=" + "1" * 99],
)
async def test_a_range_that_is_not_understood_is_ignored(answered, wanted):
    assert (await answered("ten.txt", range=wanted))[0] == 200


async def test_a_range_of_another_content_is_ignored(answered):
    for tag in ('"other"', f'W/"{DIGEST}"', "Fri, 27 Nov 2026 22:00:00 GMT"):
        assert (await answered("ten.txt", range="bytes=0-1", if_range=tag))[0] == 200


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=10-20", "bytes=-0"])
async def test_a_range_beyond_the_end_is_not_satisfiable(answered, wanted):
    status, headers, parts = await answered("ten.txt", range=wanted)

    assert (status, parts) == (416, [])
    assert headers["content-range"] == "bytes */10"


async def test_a_large_file_is_read_in_parts(answered, monkeypatch):
    monkeypatch.setattr(serving, "LARGEST_CACHED_BYTES", CHUNK_BYTES)
    status, headers, parts = await answered("big.bin")
    _, _, middle = await answered("big.bin", range=f"bytes=100-{2 * CHUNK_BYTES}")

    assert status == 200
    assert headers["content-length"] == str(len(BIG))
    assert [len(part) for part in parts] == [CHUNK_BYTES] * 3 + [3]
    assert b"".join(parts) == BIG
    assert b"".join(middle) == BIG[100 : 2 * CHUNK_BYTES + 1]
    assert max(map(len, middle)) == CHUNK_BYTES


async def test_an_address_with_the_hash_may_be_kept_forever(answered):
    forever = "public, max-age=31536000, immutable"
    for query, expected in {
        f"v={DIGEST[:8]}": forever,
        f"v={DIGEST}": forever,
        f"v={DIGEST[:7]}": "public, no-cache",
        "v=00000000": "public, no-cache",
        f"x={DIGEST}": "public, no-cache",
    }.items():
        _, headers, _ = await answered("ten.txt", query=query)
        assert headers["cache-control"] == expected


@pytest.mark.parametrize(
    ("asset", "params", "path"),
    [
        ("logo.png", {}, "logo.png"),
        ("/logo.png", {}, "logo.png"),
        ("static/*", {"*": "a/b.css"}, "static/a/b.css"),
        ("/static/*", {"id": "1", "rest": "a.css"}, "static/a.css"),
        ("static/*", {"*": ""}, None),
        ("static/*", {}, None),
        ("static/*", {"*": "../main.ts"}, "static/../main.ts"),
    ],
)
def test_the_file_of_a_route(asset, params, path):
    assert path_of(asset, params) == path


@pytest.mark.parametrize("path", ["static/../ten.txt", "../ten.txt", "TEN.TXT", "static", "\0", ""])
async def test_only_paths_of_files_are_found(answered, path):
    with pytest.raises(NotFound):
        await answered(path)


def test_an_empty_file_has_no_part():
    with pytest.raises(NotSatisfiable):
        range_of("bytes=0-", None, DIGEST, 0)
    assert range_of(None, None, DIGEST, 0) is None
    assert range_of("bytes=0-", None, DIGEST, 1) == Range(0, 1)
    assert not is_known(None, DIGEST)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.HTML", "text/html; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.json", "application/json; charset=utf-8"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.ts", "text/plain; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.woff2", "font/woff2"),
        ("a.webp", "image/webp"),
        ("a", "application/octet-stream"),
        ("a.b/c", "application/octet-stream"),
        ("a.unknown", "application/octet-stream"),
    ],
)
def test_the_type_of_a_file(path, kind):
    assert type_of(path) == kind
