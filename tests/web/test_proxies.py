"""What is believed of a proxy in front: the client's address and the request's id."""

import asyncio
import json
import socket
from ipaddress import ip_network

import httpx2
import pytest
from tests.conftest import free_port, serving

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository, Security, Server
from aiwebengine.core.identity import Role
from aiwebengine.web.proxies import TrustedProxies


async def engine_that_trusts(url, folder, *networks, **server):
    """An engine that believes proxies of these networks."""
    config = Config.model_validate(
        {
            "repository": Repository(data_dir=folder),
            "server": Server(trusted_proxies=list(networks), **server),
            "security": Security(cors_allowed_origins=["https://desk.example.com"]),
        }
    )
    engine = Engine(config.at_port(free_port()), url)
    await engine.prepare()
    return engine


async def client_of(forwarded, network, peer="127.0.0.1"):
    """Whom a request is from that came from *peer* with this X-Forwarded-For."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["client"][0])

    headers = [(b"x-forwarded-for", forwarded.encode())]
    scope = {"type": "http", "client": (peer, 1), "headers": headers, "scheme": "http"}
    await TrustedProxies(app, networks=[ip_network(network)])(scope, None, None)
    return seen[0]


async def test_an_outsider_s_request_id_is_replaced_and_a_trusted_proxy_s_is_kept(url, tmp_path):
    outside = await engine_that_trusts(url, tmp_path, "192.0.2.0/24")
    behind = await engine_that_trusts(url, tmp_path, "127.0.0.1/32")
    named = {"X-Request-Id": "forged1"}
    async with serving(outside) as served, httpx2.AsyncClient(base_url=served.base) as client:
        forged = [(await client.get("/health", headers=named)).headers for _ in range(2)]
    async with serving(behind) as served, httpx2.AsyncClient(base_url=served.base) as client:
        kept = (await client.get("/health", headers=named)).headers["x-request-id"]
        odd = [
            (await client.get("/health", headers={"X-Request-Id": one})).headers["x-request-id"]
            for one in ("a" * 65, "a b", "a;b", "")
        ]

    fresh = [one["x-request-id"] for one in forged] + odd
    assert kept == "forged1"
    assert [one for one in fresh if len(one) != 16 or not set(one) <= set("0123456789abcdef")] == []
    assert len(set(fresh)) == len(fresh)


@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:1234", "203.0.113.7"),
        ("[2001:db8::1]:1234", "2001:db8::1"),
        ("2001:0DB8::0001", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        # Not addresses: the proxy's own is all that is known.
        ("unknown", "127.0.0.1"),
        ("a\x1b[31mb", "127.0.0.1"),
        ("fe80::1%a\x1b[31mb", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
async def test_only_an_address_is_believed_of_a_proxy(forwarded, seen):
    assert await client_of(forwarded, "127.0.0.0/8") == seen


async def test_nobody_else_s_word_about_the_client_is_believed():
    assert await client_of("203.0.113.7", "192.0.2.0/24") == "127.0.0.1"


async def test_a_proxy_is_known_where_the_engine_listens_on_ipv6():
    assert await client_of("203.0.113.7", "127.0.0.0/8", "::ffff:127.0.0.1") == "203.0.113.7"


def sent(port, head):
    """The whole answer to a request that is sent as it stands."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode())
        return connection.makefile("rb").read().decode()


@pytest.mark.parametrize(
    "path",
    ["/graphql/", "/health/", "/metrics/", "/editor/", "/editor", "/auth/login/", "/engine/admin/",
     "/", "/graphql", "/auth/login", "/api/engine/admin/users", "/nowhere//", "//evil.example/"],
)  # fmt: skip
async def test_no_answer_is_made_of_the_host_that_a_request_names(served, path):
    port = served.engine.config.server.port
    for method in ("GET", "POST"):
        answer = await asyncio.to_thread(
            sent,
            port,
            f"{method} {path} HTTP/1.1\nHost: host.evil.test\nAccept: text/html\n"
            "X-Forwarded-Host: host.evil.test\nContent-Length: 0\nConnection: close\n\n",
        )

        assert "evil.test" not in answer
        assert "307" not in answer.splitlines()[0]


async def test_the_next_page_is_named_without_a_host(served, add_served_person):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    await add_served_person("bob")
    headers = {"Host": "host.evil.test", "Authorization": f"Bearer {await served.token(ada)}"}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        answer = await client.get("/api/engine/admin/users?limit=1")

    assert answer.headers["link"].startswith("</api/engine/admin/users?")
    assert "evil" not in json.dumps(dict(answer.headers))


async def test_the_usual_headers_of_clients_pass_a_preflight(url, tmp_path):
    engine = await engine_that_trusts(url, tmp_path)
    usual = (
        "apollographql-client-name, apollographql-client-version, apollo-require-preflight,"
        " x-request-id, traceparent, tracestate, content-type, authorization"
    )
    asking = {
        "Origin": "https://desk.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": usual,
    }
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        allowed = await client.options("/graphql", headers=asking)
        foreign = await client.options(
            "/graphql", headers=asking | {"Origin": "https://evil.example"}
        )
        odd = await client.options(
            "/graphql", headers=asking | {"Access-Control-Request-Headers": "cookie, x-odd"}
        )
        read = await client.get("/health", headers={"Origin": "https://desk.example.com"})

    assert [one.status_code for one in (allowed, foreign, odd)] == [200, 400, 400]
    assert "X-Request-Id" in read.headers["access-control-expose-headers"]
