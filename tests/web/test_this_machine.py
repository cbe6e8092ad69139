"""Which requests count as this machine's own: links, /metrics and the rate limit rely on it."""

import asyncio
import socket

import httpx2
import pytest
from tests.conftest import free_port, serving

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository, Security, Server
from aiwebengine.rate_limits import service
from aiwebengine.web import this_machine
from aiwebengine.web.this_machine import ThisMachine

PUBLIC = "https://engine.example.com"
PORT = 3000


def request(*, client="127.0.0.1", http="1.1", host=("localhost:3000",), port=PORT, **headers):
    """A request as the server hands it on; a header's underscores are dashes."""
    named = [(b"host", one.encode()) for one in host]
    rest = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return {
        "type": "http",
        "client": (client, 40_000),
        "server": ("127.0.0.1", port),
        "http_version": http,
        "headers": named + rest,
    }


def alone():
    return ThisMachine("http://localhost:3000", trusts_proxies=False)


def behind_a_proxy(*, trusts_proxies=True):
    return ThisMachine(PUBLIC, trusts_proxies=trusts_proxies)


@pytest.mark.parametrize("host", ["localhost:3000", "LOCALHOST:3000", "127.0.0.1:3000"])
@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1"])
def test_a_plain_request_from_loopback_is_local(client, host):
    assert alone().sent(request(client=client, host=[host]))


@pytest.mark.parametrize(
    "told",
    [
        {"client": "192.0.2.1"},
        {"client": "testclient"},
        {"http": "1.0"},
        {"host": []},
        {"host": ["localhost:3000", "localhost:3000"]},
        {"host": ["localhost"]},
        {"host": ["localhost:3001"]},
        {"host": ["localhost.:3000"]},
        {"host": ["localhost:3000.evil.example"]},
        {"host": ["evil.example:3000"]},
        {"host": ["[::1"]},
        {"connection": "upgrade"},
        {"connection": "Upgrade, Close"},
        {"via": "1.1 proxy"},
        {"forwarded": "for=192.0.2.1"},
        {"x_forwarded_for": ""},
        {"x_forwarded_proto": "https"},
        {"x_forwarded_port": "443"},
        {"x_forwarded_server": "proxy"},
        {"x_forwarded": "192.0.2.1"},
        {"x_real_ip": "192.0.2.1"},
        {"true_client_ip": "192.0.2.1"},
        {"cf_connecting_ip": "192.0.2.1"},
        {"fly_client_ip": "192.0.2.1"},
        {"x_varnish": "1"},
        {"max_forwards": "9"},
    ],
)
def test_what_a_proxy_may_have_sent_is_not_local(told):
    assert not alone().sent(request(**told))
    assert not behind_a_proxy().sent(request(**told))


@pytest.mark.parametrize(
    "public_url",
    [PUBLIC, "http://engine.example.com", "https://localhost", "http://localhost:8080"],
)
def test_behind_a_proxy_no_request_is_local_until_the_proxy_is_trusted(public_url):
    named = ThisMachine(public_url, trusts_proxies=True)
    unnamed = ThisMachine(public_url, trusts_proxies=False)

    assert named.sent(request())
    assert not unnamed.sent(request())
    assert "trusted_proxies" in unnamed.why_not_local(request())
    # What nginx's usual `proxy_pass http://127.0.0.1:3000` sends.
    assert not named.sent(request(host=["127.0.0.1:3000"]))
    assert not named.sent(request(connection="close"))


def test_a_client_that_asks_once_and_one_that_opens_a_socket_are_local_without_a_proxy():
    assert alone().sent(request(connection="close"))
    assert alone().sent(request(connection="Upgrade", upgrade="websocket"))


@pytest.mark.parametrize(
    "shown",
    [
        {"host": ["engine.example.com"]},
        {"origin": PUBLIC},
        {"referer": f"{PUBLIC}/engine/admin"},
    ],
)
def test_a_proxy_that_says_nothing_of_itself_ends_the_rights_of_this_machine(shown, monkeypatch):
    machine = behind_a_proxy()
    assert machine.sent(request())
    assert machine.problem() is None

    # Any visitor, through HAProxy without `option forwardfor`.
    assert not machine.sent(request(**shown))

    # Then an attacker, who chooses the Host.
    assert not machine.sent(request())
    assert "without X-Forwarded-For" in machine.problem()
    monkeypatch.setattr(this_machine, "REMEMBERED_SECS", 0.0)
    assert machine.sent(request())


def test_a_request_that_names_another_shuts_nobody_out_where_no_proxy_stands():
    machine = alone()

    assert not machine.sent(request(host=["evil.example"]))

    assert machine.sent(request())
    assert machine.problem() is None


def test_a_proxy_that_is_not_trusted_is_a_problem_and_one_that_is_trusted_is_none():
    untrusted, trusted = behind_a_proxy(trusts_proxies=False), behind_a_proxy()
    marked = request(host=["engine.example.com"], x_forwarded_for="192.0.2.1")

    untrusted.sent(marked)
    trusted.sent(marked | {"state": {"is_from_trusted_proxy": True}})

    assert "server.trusted_proxies does not name it" in untrusted.problem()
    assert trusted.problem() is None


async def proxy_check(engine):
    """What the health check of proxies sees now."""
    (found,) = [one for one in await engine.services.health.look() if one.name == "proxy"]
    return found


async def test_visitors_of_a_proxy_that_is_not_named_are_counted_and_health_warns(
    url, tmp_path, monkeypatch
):
    monkeypatch.setattr(service, "_minute", lambda: 7)
    monkeypatch.setattr(service, "DEFAULT_PER_MINUTE", 20)
    config = Config(repository=Repository(data_dir=tmp_path), server=Server(base_url=PUBLIC))
    engine = Engine(config.at_port(free_port()), url)
    await engine.prepare()
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        through = {"Host": "engine.example.com", "X-Forwarded-For": "192.0.2.1"}
        statuses = [
            (await client.get("/auth/login", headers=through)).status_code for _ in "x" * 25
        ]
        async with asyncio.timeout(60):
            while (seen := await proxy_check(engine)).state.name != "WARNING":
                await asyncio.sleep(0.05)

    assert statuses == [200] * 20 + [429] * 5
    assert "does not name it" in seen.detail


async def test_a_client_on_this_machine_is_spared_behind_a_proxy_that_says_so(
    url, tmp_path, monkeypatch
):
    monkeypatch.setattr(service, "_minute", lambda: 7)
    monkeypatch.setattr(service, "DEFAULT_PER_MINUTE", 5)
    config = Config(
        repository=Repository(data_dir=tmp_path),
        server=Server(base_url=PUBLIC, trusted_proxies=["127.0.0.1/32"]),
    )
    engine = Engine(config.at_port(free_port()), url)
    await engine.prepare()
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        statuses = {
            said: {
                (await client.get("/auth/login", headers={"X-Forwarded-For": said})).status_code
                for _ in "x" * 9
            }
            for said in ("127.0.0.1", "192.0.2.1", "127.0.0.1, 192.0.2.2")
        }

    # The last address is the one that the proxy saw.
    assert statuses["127.0.0.1"] == {200}
    assert statuses["192.0.2.1"] == statuses["127.0.0.1, 192.0.2.2"] == {200, 429}


async def test_links_and_metrics_are_for_this_machine_only_and_say_what_to_do(url, tmp_path):
    config = Config(
        repository=Repository(data_dir=tmp_path), security=Security(metrics_from_loopback=True)
    )
    engine = Engine(config.at_port(free_port()), url)
    await engine.prepare()
    forwarded = {"X-Forwarded-Proto": "https"}
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        link = await engine.first_sign_in_link()
        refused = await client.get(link, headers=forwarded)
        metrics = [
            (await client.get("/metrics", headers=headers)).status_code
            for headers in ({}, {"Via": "1.1 x"}, forwarded, {"Connection": "upgrade"})
        ]
        let_in = await client.get(link)

    assert refused.status_code == 403
    assert "http://localhost and the port" in refused.text
    assert metrics == [200, 401, 401, 401]
    assert let_in.status_code == 303


def raw(port, head):
    """The status of a request that is sent as it stands."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode())
        return int(connection.makefile("rb").readline().split()[1])


async def test_an_old_protocol_and_a_missing_name_are_not_local(served):
    port = served.engine.config.server.port
    link = "/auth/link?token=x"

    answers = [
        await asyncio.to_thread(raw, port, head)
        for head in (
            f"GET {link} HTTP/1.1\nHost: localhost:{port}\n\n",
            f"GET {link} HTTP/1.0\nHost: localhost:{port}\n\n",
            f"GET {link} HTTP/1.0\n\n",
            f"GET {link} HTTP/1.1\nHost: localhost:{port}\nVia: 1.1 x\n\n",
            f"GET {link} HTTP/1.1\nHost: localhost:{port}\nX-Forwarded-Port: 443\n\n",
        )
    ]

    # 401: from the right place, with a token that is none.
    assert answers == [401, 403, 403, 403, 403]
