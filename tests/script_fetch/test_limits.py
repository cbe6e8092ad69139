"""What one request may cost: time, bytes, connections; and what can't be sent."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import brotli
import pytest
from tests.script_fetch.servers import (
    CALLER,
    PATIENCE_SECS,
    Received,
    answering,
    ask,
    client,
    site,
)

from aiwebengine.core.errors import BadUserInput, RateLimited
from aiwebengine.script_fetch.exchange import Budget
from aiwebengine.script_fetch.slots import Slots
from aiwebengine.script_fetch.types import (
    LARGEST_ANSWER_BYTES,
    MOST_OF_SCRIPT,
    FetchFailed,
    FetchTimedOut,
    Sent,
)

SOON_SECS = 0.2
"""A limit that is meant to pass."""


async def test_an_answer_that_never_comes_ends_in_time() -> None:
    async with site(_silent) as local:
        with pytest.raises(FetchTimedOut, match=r"127\.0\.0\.1 did not answer within 0\.2 s"):
            await client("127.0.0.1").send(CALLER, ask(local.url(), timeout_secs=SOON_SECS))


async def test_an_answer_that_drips_ends_in_time() -> None:
    async def drip(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with site(drip) as local:
        with pytest.raises(FetchTimedOut):
            await client("127.0.0.1").send(CALLER, ask(local.url(), timeout_secs=SOON_SECS))


async def test_headers_that_drip_end_in_time() -> None:
    async def drip(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with site(drip) as local:
        with pytest.raises(FetchTimedOut):
            await client("127.0.0.1").send(CALLER, ask(local.url(), timeout_secs=SOON_SECS))


async def test_endless_headers_are_refused() -> None:
    async def endless(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X: " + b"y" * 1_000 + b"\r\n")
            await writer.drain()

    async with site(endless) as local:
        with pytest.raises(FetchFailed, match="did not answer in HTTP"):
            await client("127.0.0.1").send(CALLER, ask(local.url()))


@pytest.mark.parametrize("framing", ["Content-Length: 99999999999", "Connection: close"])
async def test_an_endless_body_is_read_up_to_the_limit(framing: str) -> None:
    written = 0

    async def endless(request: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            written += 65_536

    async with site(endless) as local:
        with pytest.raises(FetchFailed, match="larger than 10,000,000 bytes"):
            await client("127.0.0.1").send(CALLER, ask(local.url()))

    # What the buffers of two sockets take is sent, but nobody reads on.
    assert written < 3 * LARGEST_ANSWER_BYTES


async def test_the_largest_answer_is_read_whole() -> None:
    body = b"x" * LARGEST_ANSWER_BYTES
    async with site(answering(body)) as local:
        answer = await client("127.0.0.1").send(CALLER, ask(local.url()))

    assert answer.body == body


@pytest.mark.parametrize(("coding", "compress"), [("gzip", gzip.compress), ("br", brotli.compress)])
async def test_a_decompression_bomb_is_refused(
    coding: str, compress: Callable[[bytes], bytes]
) -> None:
    bomb = compress(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    async with site(answering(bomb, "200 OK", f"Content-Encoding: {coding}")) as local:
        with pytest.raises(FetchFailed, match="larger than 10,000,000 bytes"):
            await client("127.0.0.1").send(CALLER, ask(local.url()))


async def test_a_bomb_in_a_bomb_is_refused() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 50_000_000))
    async with site(answering(bomb, "200 OK", "Content-Encoding: gzip, gzip")) as local:
        with pytest.raises(FetchFailed, match="larger than 10,000,000 bytes"):
            await client("127.0.0.1").send(CALLER, ask(local.url()))


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("br", brotli.compress),
        ("gzip, br", lambda data: brotli.compress(gzip.compress(data))),
        ("gzip", lambda data: gzip.compress(data[:70_000]) + gzip.compress(data[70_000:])),
    ],
)
@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 200_000])
async def test_compressed_answers_are_decompressed(
    coding: str, compress: Callable[[bytes], bytes], size: int
) -> None:
    body = bytes(number * number % 251 for number in range(size))
    async with site(answering(compress(body), "200 OK", f"Content-Encoding: {coding}")) as local:
        answer = await client("127.0.0.1").send(CALLER, ask(local.url()))

    assert answer.body == body
    assert not {"content-encoding", "content-length"} & {name.lower() for name, _ in answer.headers}
    assert local.received[0].header("accept-encoding") == "gzip, br"


async def test_a_coding_that_was_not_asked_for_is_passed_on() -> None:
    async with site(answering(b"zz", "200 OK", "Content-Encoding: zstd")) as local:
        answer = await client("127.0.0.1").send(CALLER, ask(local.url()))

    assert answer.body == b"zz"
    assert ("Content-Encoding", "zstd") in answer.headers


@pytest.mark.parametrize(("coding", "name"), [("gzip", "gzip"), ("br", "Brotli")])
async def test_broken_compression_is_reported(coding: str, name: str) -> None:
    async with site(answering(b"\xffnonsense", "200 OK", f"Content-Encoding: {coding}")) as local:
        with pytest.raises(FetchFailed, match=f"not in {name} as it says"):
            await client("127.0.0.1").send(CALLER, ask(local.url()))


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"]
)
async def test_what_is_no_whole_answer_is_refused(answer: bytes) -> None:
    async def send(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    async with site(send) as local:
        with pytest.raises(FetchFailed, match="did not answer in HTTP"):
            await client("127.0.0.1").send(CALLER, ask(local.url()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nInjected: yes"),
        ("X", "a\nb"),
        ("X", "a\0b"),
        ("X\r\nInjected", "yes"),
        ("X Y", "z"),
        ("", "z"),
        ("X", "€"),
        ("X", "a" * 8_001),
    ],
)
async def test_headers_that_break_the_protocol_are_refused(name: str, value: str) -> None:
    async with site(answering()) as local:
        with pytest.raises(BadUserInput, match="headers: "):
            await client("127.0.0.1").send(CALLER, ask(local.url(), headers={name: value}))

        assert local.connections == 0


async def test_too_many_headers_are_refused() -> None:
    http = client("127.0.0.1")
    with pytest.raises(BadUserInput, match="found 101; allowed: 100"):
        many = {f"X-{number}": "y" for number in range(101)}
        await http.send(CALLER, ask("http://127.0.0.1/", headers=many))
    with pytest.raises(BadUserInput, match="allowed: 32,000 together"):
        large = {f"X-{number}": "y" * 7_000 for number in range(5)}
        await http.send(CALLER, ask("http://127.0.0.1/", headers=large))


async def test_headers_of_the_connection_are_the_engines() -> None:
    wanted = {
        "Host": "evil.example",
        "Content-Length": "3",
        "Transfer-Encoding": "chunked",
        "Connection": "keep-alive",
        "Accept": "text/css",
    }
    async with site(answering()) as local:
        await client("127.0.0.1").send(CALLER, ask(local.url(), "POST", headers=wanted, body=b"ab"))

    received = local.received[0]
    assert received.header("host") == f"127.0.0.1:{local.port}"
    assert received.header("content-length") == "2"
    assert received.header("transfer-encoding") is None
    assert received.header("connection") == "close"
    assert received.header("accept") == "text/css"
    assert received.header("user-agent") == "aiwebengine"


@pytest.mark.parametrize("method", ["CONNECT", "trace", "A B", "", "GET\r\nX: y"])
async def test_other_methods_are_refused(method: str) -> None:
    with pytest.raises(BadUserInput, match="method: found"):
        await client().send(CALLER, ask("https://example.org/", method))


async def test_a_get_has_no_body() -> None:
    with pytest.raises(BadUserInput, match="body: a GET request has none"):
        await client().send(CALLER, ask("https://example.org/", "get", body=b"x"))


@pytest.mark.parametrize("seconds", [0.0, -1.0, 301.0, float("nan"), float("inf")])
async def test_other_timeouts_are_refused(seconds: float) -> None:
    with pytest.raises(BadUserInput, match="timeout: found"):
        await client().send(CALLER, ask("https://example.org/", timeout_secs=seconds))


async def test_a_head_request_has_no_body_to_wait_for() -> None:
    async def head(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")

    async with site(head) as local:
        answer = await client("127.0.0.1").send(CALLER, ask(local.url(), "HEAD"))

    assert answer.body == b""
    assert ("Content-Length", "1000") in answer.headers


async def test_requests_of_a_script_wait_for_each_other_and_not_for_others() -> None:
    gate, at_once = asyncio.Event(), 0

    async def wait(request: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once
        at_once += 1
        await gate.wait()
        at_once -= 1
        await answering()(request, writer)

    other = replace(CALLER, script_id=uuid4())
    async with site(wait) as local, site(answering()) as free:
        http = client("127.0.0.1")
        many = [
            asyncio.ensure_future(http.send(CALLER, ask(local.url())))
            for _ in range(3 * MOST_OF_SCRIPT)
        ]
        await _until(lambda: at_once == MOST_OF_SCRIPT)
        answer = await http.send(other, ask(free.url()))
        assert at_once == MOST_OF_SCRIPT
        gate.set()
        answers = await asyncio.gather(*many)

    assert answer.status == 200
    assert [one.status for one in answers] == [200] * len(many)


async def test_too_many_waiting_requests_are_refused() -> None:
    slots = Slots(of_one=1, of_all=2, waiting=1)
    gate = asyncio.Event()

    async def use() -> None:
        async with slots.taken("script"):
            await gate.wait()

    tasks = [asyncio.ensure_future(use()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited, match="2 requests to other servers"):
        await use()
    gate.set()
    await asyncio.gather(*tasks)

    assert slots._ones == {}


async def test_a_request_that_is_given_up_frees_its_place() -> None:
    async with site(_silent) as local:
        http = client("127.0.0.1")
        tasks = [
            asyncio.ensure_future(http.send(CALLER, ask(local.url())))
            for _ in range(MOST_OF_SCRIPT)
        ]
        await _until(lambda: len(local.received) == MOST_OF_SCRIPT)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        async with site(answering()) as free:
            assert (await http.send(CALLER, ask(free.url()))).status == 200


def test_a_worker_reads_so_many_bytes_at_a_time() -> None:
    budget = Budget(10)
    budget.take(6)
    with pytest.raises(FetchFailed, match="Too many large answers"):
        budget.take(5)
    budget.give_back(6)
    budget.take(10)


async def test_every_request_is_observed() -> None:
    seen: list[Sent] = []
    async with site(answering(b"abc", "404 Not Found")) as local:
        http = client("127.0.0.1")
        http.observers.append(lambda caller, sent: seen.append(sent))
        await http.send(CALLER, ask(local.url()))
        with pytest.raises(BadUserInput):
            await http.send(CALLER, ask("ftp://example.org/"))

    assert (seen[0].host, seen[0].status, seen[0].bytes_in) == ("127.0.0.1", 404, 3)
    assert seen[0].milliseconds > 0
    assert (seen[1].status, seen[1].error) == (None, "BAD_USER_INPUT")


async def _silent(request: Received, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECS):
        while not condition():
            await asyncio.sleep(0.01)
