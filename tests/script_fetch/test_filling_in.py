"""Secrets in requests: where they go, how they are written, and what comes back."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlencode

import pytest
from tests.script_fetch.servers import (
    CALLER,
    Received,
    Sources,
    answering,
    ask,
    client,
    redirecting,
    site,
)

from aiwebengine.core.errors import BadUserInput, Forbidden, NotFound
from aiwebengine.core.redaction import Redaction
from aiwebengine.script_fetch.types import FetchFailed

VALUE = 'sk-"live"\\42+ü'
BEARER = {"Authorization": "Bearer {{API_KEY}}"}


def sources(*hosts: str, value: str = VALUE) -> Sources:
    found = Sources()
    found.add("API_KEY", value, *(hosts or ("127.0.0.1",)))
    return found


async def test_a_header_gets_the_secret() -> None:
    async with site(answering()) as local:
        await client("127.0.0.1", sources=sources()).send(
            CALLER, ask(local.url(), headers={**BEARER, "X": "{{API_KEY}} {{API_KEY}} {{other}}"})
        )

    assert local.received[0].header("authorization") == f"Bearer {VALUE}"
    assert local.received[0].header("x") == f"{VALUE} {VALUE} {{{{other}}}}"


async def test_names_of_the_original_engine_are_known() -> None:
    found = sources()
    found.add("github_token", "ghp_1", "127.0.0.1")
    async with site(answering()) as local:
        headers = {"A": "{{secret:github_token}}", "B": "{{github_token}}"}
        await client("127.0.0.1", sources=found).send(
            CALLER,
            ask(local.url(), "POST", headers=headers, body=b"{{secret:github_token}}", mark=""),
        )
        with pytest.raises(NotFound, match="no secret other"):
            await client("127.0.0.1").send(
                CALLER, ask(local.url(), headers={"A": "{{secret:other}}"})
            )

    assert local.received[0].header("a") == local.received[0].header("b") == "ghp_1"
    assert local.received[0].body == b"ghp_1"


async def test_a_secret_that_is_missing_is_reported() -> None:
    async with site(answering()) as local:
        with pytest.raises(NotFound, match="The script has no secret API_KEY"):
            await client("127.0.0.1").send(CALLER, ask(local.url(), headers=BEARER))

        assert local.connections == 0


@pytest.mark.parametrize(
    ("host", "hosts"),
    [
        ("evil.example", ["api.example"]),
        ("api.example.evil.example", ["api.example", "*.api.example"]),
        ("badapi.example", ["*.api.example"]),
        ("127.0.0.1", ["localhost"]),
    ],
)
async def test_a_secret_goes_to_its_hosts_only(host: str, hosts: list[str]) -> None:
    async with site(answering()) as local:
        with pytest.raises(Forbidden, match=f"API_KEY may be sent to .* goes to {host}") as caught:
            await client("127.0.0.1", host, sources=sources(*hosts)).send(
                CALLER, ask(local.url(host=host), headers=BEARER)
            )

        assert VALUE not in str(caught.value)
        assert local.connections == 0


async def test_a_secret_is_not_sent_without_tls() -> None:
    with pytest.raises(Forbidden, match="sent by https only"):
        await client(sources=sources("api.example")).send(
            CALLER, ask("http://api.example/", headers=BEARER)
        )


@pytest.mark.parametrize(
    "path",
    [
        "/?key={{API_KEY}}",
        "/%7B%7BAPI_KEY%7D%7D",
        "/%7b{API_KEY%23abc}}",
        "/{{OTHER}}",
        "/{{secret:github_token}}",
    ],
)
async def test_a_secret_is_never_in_a_url(path: str) -> None:
    async with site(answering()) as local:
        with pytest.raises(BadUserInput, match="Secrets are sent in headers and bodies only"):
            await client("127.0.0.1", sources=sources()).send(CALLER, ask(local.url(path)))

        assert local.connections == 0


async def test_a_body_gets_secrets_by_their_marks() -> None:
    async with site(answering()) as local:
        http = client("127.0.0.1", sources=sources())
        for mark, body in (
            (None, b"{{API_KEY}} {{API_KEY#m1}}"),
            ("", b"{{API_KEY}} {{API_KEY#m1}} {{OTHER}}"),
            ("m1", b"{{API_KEY}} {{API_KEY#m1}} {{API_KEY#m2}}"),
        ):
            await http.send(CALLER, ask(local.url(), "POST", body=body, mark=mark))
        with pytest.raises(NotFound, match="no secret OTHER"):
            await http.send(CALLER, ask(local.url(), "POST", body=b"{{OTHER#m1}}", mark="m1"))

    assert [one.body.decode() for one in local.received] == [
        "{{API_KEY}} {{API_KEY#m1}}",
        f"{VALUE} {{{{API_KEY#m1}}}} {{{{OTHER}}}}",
        f"{{{{API_KEY}}}} {VALUE} {{{{API_KEY#m2}}}}",
    ]


async def test_a_mark_counts_in_headers_too() -> None:
    async with site(answering()) as local:
        await client("127.0.0.1", sources=sources()).send(
            CALLER, ask(local.url(), headers={"X": "{{API_KEY#m}} {{API_KEY}}"}, mark="m")
        )

    assert local.received[0].header("x") == f"{VALUE} {VALUE}"


async def test_a_secret_in_a_body_is_escaped_as_its_type_demands() -> None:
    async with site(answering()) as local:
        http = client("127.0.0.1", sources=sources())
        for kind, body in (
            ("application/json; charset=utf-8", json.dumps({"key": "{{API_KEY#m}}"})),
            ("application/x-www-form-urlencoded", urlencode({"key": "{{API_KEY#m}}"})),
        ):
            await http.send(
                CALLER,
                ask(
                    local.url(),
                    "POST",
                    headers={"content-type": kind},
                    body=body.encode(),
                    mark="m",
                ),
            )

    first, second = (one.body.decode() for one in local.received)
    assert json.loads(first) == {"key": VALUE}
    assert second == urlencode({"key": VALUE})


async def test_a_secret_can_not_add_a_header() -> None:
    with pytest.raises(BadUserInput, match="the value of Authorization has a line break"):
        await client("127.0.0.1", sources=sources(value="a\r\nX: y")).send(
            CALLER, ask("http://127.0.0.1/", headers=BEARER)
        )


async def test_a_redirect_to_another_origin_loses_secrets() -> None:
    headers = {"X-Key": "{{API_KEY}}", "X-Other": "kept"}
    async with site(answering()) as there:
        for name in ("127.0.0.1", "localhost"):
            async with site(redirecting(lambda name=name: there.url(host=name))) as here:
                await client("127.0.0.0/8", "::1", "localhost", sources=sources("127.0.0.1")).send(
                    CALLER, ask(here.url(), headers=headers)
                )

            assert here.received[0].header("x-key") == VALUE
            assert there.received[-1].header("x-key") is None
            assert there.received[-1].header("x-other") == "kept"


async def test_a_redirect_within_the_origin_keeps_secrets() -> None:
    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.line.startswith("GET /old "):
            await redirecting(lambda: "/new")(request, writer)
        else:
            await answering()(request, writer)

    async with site(answer) as local:
        await client("127.0.0.1", sources=sources()).send(
            CALLER, ask(local.url("/old"), headers=BEARER)
        )

    assert [one.header("authorization") for one in local.received] == [f"Bearer {VALUE}"] * 2


async def test_a_body_with_a_secret_is_not_redirected_elsewhere() -> None:
    async with site(answering()) as there:
        async with site(redirecting(there.url, "307 Temporary")) as here:
            with pytest.raises(FetchFailed, match="the body contains a secret"):
                await client("127.0.0.1", sources=sources()).send(
                    CALLER, ask(here.url(), "POST", body=b"{{API_KEY}}", mark="")
                )

    assert there.connections == 0


async def test_an_answer_that_repeats_a_secret_is_redacted() -> None:
    async def echo(request: Received, writer: asyncio.StreamWriter) -> None:
        sent = request.header("authorization") or ""
        body = json.dumps({"authorization": sent, "raw": "x"}).encode() + sent.encode()
        await answering(body, "200 OK", f"X-Echo: {sent}")(request, writer)

    async with site(echo) as local:
        answer = await client("127.0.0.1", sources=sources()).send(
            CALLER, ask(local.url(), headers=BEARER)
        )

    assert answer.body.decode() == (
        '{"authorization": "Bearer [secret API_KEY]", "raw": "x"}Bearer [secret API_KEY]'
    )
    assert ("X-Echo", "Bearer [secret API_KEY]") in answer.headers


async def test_an_address_that_repeats_a_secret_is_redacted() -> None:
    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.line.startswith("GET / "):
            token = (request.header("authorization") or "").removeprefix("Bearer ")
            await redirecting(lambda: f"/next?token={token}")(request, writer)
        else:
            await answering()(request, writer)

    async with site(answer) as local:
        found = await client("127.0.0.1", sources=sources(value="plain-value")).send(
            CALLER, ask(local.url(), headers=BEARER)
        )

    assert found.url == local.url("/next?token=[secret API_KEY]")


def test_short_secrets_are_in_too_many_texts_to_be_redacted() -> None:
    redaction = Redaction([("SHORT", "abc"), ("LONG", "abcdef")])

    assert redaction.content(b"abc abcdef") == b"abc [secret LONG]"


def test_a_longer_secret_is_redacted_before_its_beginning() -> None:
    redaction = Redaction([("ONE", "token"), ("TWO", "token-2")])

    assert redaction.text("token-2 token \ud800") == "[secret TWO] [secret ONE] \ud800"
