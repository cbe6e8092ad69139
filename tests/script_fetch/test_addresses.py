"""Which servers scripts reach: rebinding, redirects, forms of addresses."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable

import pytest
from tests.script_fetch.servers import (
    CALLER,
    PATIENCE_SECS,
    Names,
    Sources,
    answering,
    ask,
    client,
    redirecting,
    site,
)

from aiwebengine.core.errors import BadUserInput, Forbidden
from aiwebengine.core.private_hosts import PrivateHosts
from aiwebengine.script_fetch import resolving
from aiwebengine.script_fetch.connecting import CheckedNetwork, own_addresses
from aiwebengine.script_fetch.resolving import SystemResolver
from aiwebengine.script_fetch.types import FetchFailed, Redirect


async def test_a_private_address_is_refused_without_a_connection() -> None:
    async with site(answering()) as local:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"):
            with pytest.raises(Forbidden, match="not on the internet"):
                await client().send(CALLER, ask(local.url(host=host)))

        assert local.connections == 0


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1%25lo]"])
async def test_other_forms_of_addresses_are_refused(host: str) -> None:
    async with site(answering()) as local:
        with pytest.raises(BadUserInput, match="url: found the host"):
            await client("127.0.0.0/8", "::1").send(CALLER, ask(local.url(host=host)))

        assert local.connections == 0


async def test_a_host_of_the_setting_is_reached() -> None:
    async with site(answering(b"inside")) as local:
        answer = await client("127.0.0.1").send(CALLER, ask(local.url("/a?b#c")))

    assert (answer.status, answer.status_text, answer.body) == (200, "OK", b"inside")
    assert answer.url == local.url("/a?b")
    assert not answer.is_redirected
    assert local.received[0].line == "GET /a?b HTTP/1.1"
    assert local.received[0].header("host") == f"127.0.0.1:{local.port}"


async def test_a_name_in_the_setting_may_have_a_private_address() -> None:
    names = Names(crm_intra_example=["127.0.0.1"], other_example=["127.0.0.1"])
    async with site(answering()) as local:
        http = client("crm.intra.example", names=names)
        answer = await http.send(CALLER, ask(local.url(host="crm.intra.example")))
        with pytest.raises(Forbidden):
            await http.send(CALLER, ask(local.url(host="other.example")))

    assert answer.status == 200
    assert local.received[0].header("host") == f"crm.intra.example:{local.port}"


async def test_a_name_is_resolved_once_for_a_connection() -> None:
    # The first answer passes a check, the second one is where an attacker wants the connection.
    names = Names(rebinding_example=["127.0.0.2", "127.0.0.1"])
    async with site(answering()) as local:
        http = client("127.0.0.2/32", names=names)
        # Nothing listens on 127.0.0.2: the connection went there, and not to the second answer.
        with pytest.raises(FetchFailed, match="refused or unreachable"):
            await http.send(CALLER, ask(local.url(host="rebinding.example")))

        assert names.asked == ["rebinding.example"]
        assert local.connections == 0


async def test_a_name_that_changes_to_a_private_address_is_refused() -> None:
    names = Names(rebinding_example=["127.0.0.1", "127.0.0.3"])
    async with site(answering()) as local:
        http = client("127.0.0.1/32", names=names)
        first = await http.send(CALLER, ask(local.url(host="rebinding.example")))
        with pytest.raises(Forbidden, match="not on the internet"):
            await http.send(CALLER, ask(local.url(host="rebinding.example")))

    assert first.status == 200
    assert local.connections == 1


async def test_of_mixed_addresses_only_allowed_ones_are_used() -> None:
    names = Names(mixed_example=["10.0.0.1 169.254.169.254 127.0.0.1 ::1"])
    async with site(answering()) as local:
        answer = await client("127.0.0.1/32", names=names).send(
            CALLER, ask(local.url(host="mixed.example"))
        )

    assert answer.status == 200


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    names = Names(two_example=["127.0.0.2 127.0.0.1"])
    async with site(answering()) as local:
        answer = await client("127.0.0.0/8", names=names).send(
            CALLER, ask(local.url(host="two.example"))
        )

    assert answer.status == 200


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 T", "308 P"])
async def test_a_redirect_to_a_private_address_is_refused(status: str) -> None:
    names = Names(public_example=["127.0.0.1"], inside_example=["127.0.0.2"])
    async with site(answering(), "127.0.0.2") as inside:
        for place in (
            inside.url(host="inside.example"),
            inside.url(host="127.0.0.2"),
            "http://169.254.169.254/latest/meta-data/",
            "http://[::ffff:169.254.169.254]/",
            "//127.0.0.2:1/",
        ):
            async with site(redirecting(lambda place=place: place, status)) as public:
                with pytest.raises(Forbidden, match="not on the internet"):
                    await client("127.0.0.1/32", names=names).send(
                        CALLER, ask(public.url(host="public.example"))
                    )

        assert inside.connections == 0


@pytest.mark.parametrize("place", ["http://2130706433/", "file:///etc/passwd", "http://a@b.org/"])
async def test_a_redirect_to_an_unusual_url_is_refused(place: str) -> None:
    async with site(redirecting(lambda: place)) as local:
        with pytest.raises(FetchFailed, match="redirects to something that is no URL"):
            await client("127.0.0.1").send(CALLER, ask(local.url()))


async def test_redirects_are_followed_five_times() -> None:
    def loop() -> str:
        return "/again"

    async with site(redirecting(loop)) as local:
        with pytest.raises(FetchFailed, match="more than 5 redirects"):
            await client("127.0.0.1").send(CALLER, ask(local.url()))

        assert local.connections == 6


async def test_redirects_can_be_refused_or_returned() -> None:
    async with site(redirecting(lambda: "/next")) as local:
        http = client("127.0.0.1")
        with pytest.raises(FetchFailed, match="which the request does not allow"):
            await http.send(CALLER, ask(local.url(), redirect=Redirect.ERROR))
        manual = await http.send(CALLER, ask(local.url(), redirect=Redirect.MANUAL))

        assert manual.status == 302
        assert ("Location", "/next") in manual.headers
        assert local.connections == 2


@pytest.mark.parametrize(
    ("status", "method", "followed", "body"),
    [
        ("301 M", "POST", "GET", b""),
        ("302 F", "POST", "GET", b""),
        ("303 O", "PUT", "GET", b""),
        ("307 T", "POST", "POST", b"data"),
        ("308 P", "PUT", "PUT", b"data"),
        ("302 F", "PUT", "PUT", b"data"),
    ],
)
async def test_a_redirect_changes_the_method_as_in_browsers(
    status: str, method: str, followed: str, body: bytes
) -> None:
    async with site(answering(b"there")) as there:
        async with site(redirecting(there.url, status)) as here:
            answer = await client("127.0.0.1").send(
                CALLER,
                ask(here.url(), method, headers={"content-type": "text/plain"}, body=b"data"),
            )

    assert answer.is_redirected
    assert (answer.url, answer.body) == (there.url(), b"there")
    assert there.received[0].line.startswith(f"{followed} ")
    assert there.received[0].body == body
    assert (there.received[0].header("content-type") is None) == (not body)


async def test_credentials_stay_with_their_origin() -> None:
    sent = {"Authorization": "Basic abc", "Cookie": "a=b", "X-Other": "kept"}
    async with site(answering()) as there:
        async with site(redirecting(there.url)) as here:
            await client("127.0.0.1").send(CALLER, ask(here.url(), headers=sent))

    assert here.received[0].header("authorization") == "Basic abc"
    assert there.received[0].header("authorization") is None
    assert there.received[0].header("cookie") is None
    assert there.received[0].header("x-other") == "kept"


async def test_ports_of_other_protocols_need_the_setting() -> None:
    names = Names(db_example=["127.0.0.1"])
    for url in ("http://127.0.0.1:5432/", "http://127.0.0.1:22/", "http://db.example:6379/"):
        with pytest.raises(Forbidden, match="may not connect to port"):
            await client("127.0.0.1", names=names).send(CALLER, ask(url))


async def test_a_list_of_hosts_holds_for_redirects_too() -> None:
    sources = Sources(hosts=["127.0.0.1"])
    async with site(answering()) as there:
        async with site(redirecting(lambda: there.url(host="localhost"))) as here:
            http = client("127.0.0.0/8", "::1", sources=sources)
            with pytest.raises(
                Forbidden, match=r"may not send requests to localhost.*127\.0\.0\.1"
            ):
                await http.send(CALLER, ask(here.url()))
            sources.hosts = []
            with pytest.raises(Forbidden, match="no host"):
                await http.send(CALLER, ask(here.url()))

    assert (here.connections, there.connections) == (1, 0)


async def test_other_ports_of_this_machine_need_the_setting() -> None:
    names = Names(own_example=["8.8.8.8"])

    def network(*private: str) -> CheckedNetwork:
        return CheckedNetwork(
            names, PrivateHosts(private), "script", lambda: frozenset({"8.8.8.8", "127.0.0.1"})
        )

    with pytest.raises(Forbidden, match=r"own\.example is this machine"):
        await network().connect_tcp("own.example", 8_080)
    for port, private in ((443, ()), (80, ()), (8_080, ("own.example:8080",))):
        address = [ipaddress.ip_address("8.8.8.8")]
        assert network(*private)._allowed("own.example", port, address) == address
    assert "127.0.0.1" in own_addresses()


async def test_the_system_finds_the_addresses_of_localhost() -> None:
    resolver = SystemResolver()

    found = await resolver("script", "localhost")

    assert all(address.is_loopback for address in found)
    assert found
    resolver.stop()


async def test_a_name_without_address_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(resolving, "_lookup", nothing)
    resolver = SystemResolver()

    for name in ("missing.example", f"{'a' * 64}.example"):
        with pytest.raises(FetchFailed, match="no address found"):
            await resolver("script", name)
    resolver.stop()


async def test_slow_name_servers_take_few_threads_of_a_script(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate, resolver = threading.Event(), SystemResolver()

    def slow(name: str) -> list[object]:
        assert gate.wait(PATIENCE_SECS)
        return []

    monkeypatch.setattr(resolving, "_lookup", slow)
    waiting = [
        asyncio.ensure_future(resolver("one", f"{number}.example"))
        for number in range(resolving.MOST_LOOKUPS_OF_SCRIPT)
    ]
    await asyncio.sleep(0)
    with pytest.raises(FetchFailed, match="waits for 4 names already"):
        await resolver("one", "next.example")
    # Those that nobody waits for any more still have their threads.
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    with pytest.raises(FetchFailed):
        await resolver("one", "next.example")
    other = asyncio.ensure_future(resolver("other", "a.example"))
    await asyncio.sleep(0)

    gate.set()
    assert await asyncio.wait_for(other, PATIENCE_SECS) == []
    await _until(lambda: not resolver._places._taken)
    resolver.stop()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECS):
        while not condition():
            await asyncio.sleep(0.01)
