"""The scripts host has scripts and nothing of the engine; no Host header mixes the two up."""

import json

import pytest

RESERVED = [
    "/engine/admin",
    "/auth/login",
    "/auth/link?token=x",
    "/graphql",
    "/api/engine/scripts",
    "/api/engine/admin/users",
    "/metrics",
    "/health",
    "/",
    "/.well-known/security.txt",
    "/editor",
]


@pytest.mark.parametrize("path", RESERVED)
def test_the_scripts_host_serves_nothing_of_the_engine(site, path):
    head = f"GET {path} HTTP/1.1\nCookie: aiwebengine_session={site.session}"

    reply = site.ask(head, host=site.scripts_host)

    assert reply.body == b"GREEDY" or reply.status == 404


def test_no_operation_is_executed_on_the_scripts_host(site):
    head = f"POST /graphql HTTP/1.1\nCookie: aiwebengine_session={site.session}"
    head += "\nContent-Type: application/json"

    reply = site.ask(head, b'{"query": "{ viewer { email } }"}', host=site.scripts_host)

    assert b"admin" not in reply.body


@pytest.mark.parametrize(
    "host",
    [
        "SCRIPTS.LOCALHOST",
        "scripts.localhost",
        "scripts.localhost.",
        "scripts.localhost:80",
        "scripts.localhost:1",
        "Scripts.Localhost.:443",
    ],
)
def test_the_scripts_host_is_recognised_as(site, host):
    reply = site.ask(f"GET /graphql HTTP/1.1\nHost: {host}\nConnection: close")

    assert reply.body == b"GREEDY"


@pytest.mark.parametrize(
    "lines",
    [
        "Host: {engine}\nHost: {scripts}",
        "Host: {scripts}\nHost: {engine}",
        "Host: {engine}, {scripts}",
        "Host: {engine}@{scripts}",
        "Host: {engine}/{scripts}",
        "Host: {engine}\\@{scripts}",
        "Host: {engine} {scripts}",
        "Host: \xe9.example",
        "Host: <script>",
    ],
)
def test_a_request_for_no_certain_host_is_refused(site, lines):
    lines = lines.replace("{engine}", site.host).replace("{scripts}", site.scripts_host)

    reply = site.ask(f"GET /seeing/x HTTP/1.1\n{lines}")

    assert reply.status == 400


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "Forwarded", "X-Host", "X-Original-Host", "X-HTTP-Host-Override"]
)
def test_no_other_header_names_the_host(site, header):
    value = f"host={site.scripts_host}" if header == "Forwarded" else site.scripts_host

    reply = site.ask(f"POST /evil/answer HTTP/1.1\n{header}: {value}", b'{"status": 200}')

    assert "sandbox" in reply.all("content-security-policy")[-1]


def test_a_request_line_with_an_address_does_not_name_the_host(site):
    line = f"GET http://{site.scripts_host}/evil/page.html HTTP/1.1"

    reply = site.ask(f"{line}\nHost: {site.host}")

    assert "sandbox" in reply.all("content-security-policy")[-1]


def test_pages_are_full_on_the_scripts_host_only(site):
    page = {"status": 200, "contentType": "text/html", "body": "<script>1</script>"}

    full, sandboxed = site.answer(page, site.scripts_host), site.answer(page)

    assert full.all("content-security-policy") == []
    assert "sandbox" in sandboxed.all("content-security-policy")[-1]


def test_files_are_full_on_the_scripts_host_only(site):
    full = site.ask("GET /evil/page.html HTTP/1.1", host=site.scripts_host)
    sandboxed = site.ask("GET /evil/page.html HTTP/1.1")

    assert full.all("content-security-policy") == []
    assert "sandbox" in sandboxed.all("content-security-policy")[-1]


def test_a_script_without_full_pages_is_sandboxed_on_the_scripts_host_too(site):
    reply = site.ask("GET /seeing/x HTTP/1.1", host=site.scripts_host)

    assert "sandbox" in reply.all("content-security-policy")[-1]


def test_a_script_has_cookies_on_the_scripts_host(site):
    cookies = ["cart=7; Path=/; Secure", "theme=dark"]

    reply = site.answer({"status": 200, "headers": {"Set-Cookie": cookies}}, site.scripts_host)

    assert reply.all("set-cookie") == cookies


@pytest.mark.parametrize(
    "cookie",
    [
        "aiwebengine_session=mine; Path=/",
        "AIWEBENGINE_SESSION=mine",
        "__Host-aiwebengine_session=mine; Secure; Path=/",
        "__host-aiwebengine_session=mine; Secure; Path=/",
        "__Secure-aiwebengine_session=mine; Secure",
        "__Host-aiwebengine_scripts=mine; Secure; Path=/",
        "=aiwebengine_session=mine",
        "= aiwebengine_session=mine",
        "aiwebengine_session",
        "cart=7; Domain=localhost",
        "cart=7; domain=.localhost",
        "cart=7;Path=/;\tDOMAIN = localhost",
        "cart=7; Domain=",
    ],
)
def test_a_script_sets_no_cookie_for_the_engine_from_the_scripts_host(site, cookie):
    reply = site.answer({"status": 200, "headers": {"Set-Cookie": cookie}}, site.scripts_host)

    assert reply.status == 200
    assert reply.all("set-cookie") == []


@pytest.mark.parametrize(
    "name", ["Clear-Site-Data", "Strict-Transport-Security", "Alt-Svc", "X-Accel-Redirect", "NEL"]
)
def test_a_script_does_not_set_it_on_the_scripts_host_either(site, name):
    reply = site.answer({"status": 200, "headers": {name: "x"}}, site.scripts_host)

    assert reply.all(name) == []


HANDSHAKE = """Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Sec-WebSocket-Version: 13
Sec-WebSocket-Protocol: graphql-transport-ws
Origin: http://{host}"""


@pytest.mark.parametrize("path", ["/graphql", "/seeing/x", "/evil/answer"])
def test_no_websocket_is_opened_on_the_scripts_host(site, path):
    host = site.scripts_host
    # Even if it came from a page of the engine.
    head = f"GET {path} HTTP/1.1\nHost: {host}\n{HANDSHAKE.replace('{host}', site.host)}"

    assert site.ask(head).status == 403


def test_no_websocket_reaches_a_script(site):
    head = f"GET /seeing/x HTTP/1.1\nHost: {site.host}\n{HANDSHAKE.replace('{host}', site.host)}"

    assert site.ask(head).status in (403, 404)


def test_a_page_of_the_scripts_host_opens_no_websocket_of_the_engine(site):
    handshake = HANDSHAKE.replace("{host}", site.scripts_host)
    head = f"GET /graphql HTTP/1.1\nHost: {site.host}\n{handshake}"
    head += f"\nCookie: aiwebengine_session={site.session}"

    assert site.ask(head).status == 403


@pytest.mark.parametrize("type", ["application/json", "text/plain"])
@pytest.mark.parametrize("origin", ["null", "http://scripts.localhost", "http://bound.localhost"])
def test_no_page_of_a_script_acts_with_the_session(site, origin, type):
    head = f"POST /graphql HTTP/1.1\nCookie: aiwebengine_session={site.session}"
    head += f"\nOrigin: {origin}\nContent-Type: {type}"

    reply = site.ask(head, b'{"query": "{ viewer { email } }"}')

    assert b"@" not in reply.body
    assert reply.all("access-control-allow-origin") == []


def test_a_bound_script_is_served_on_its_host_only(site):
    bound = site.ask("GET /only-bound HTTP/1.1", host="bound.localhost")
    elsewhere = [
        site.ask("GET /only-bound HTTP/1.1", host=host).body
        for host in (site.host, site.scripts_host)
    ]

    assert bound.body == b"BOUND"
    assert elsewhere == [b"GREEDY", b"GREEDY"]


@pytest.mark.parametrize("path", [*RESERVED, "/seeing/x", "/evil/answer", "/anything"])
def test_the_host_of_a_script_serves_nothing_else(site, path):
    reply = site.ask(f"GET {path} HTTP/1.1", host="bound.localhost")

    assert reply.status == 404


@pytest.mark.parametrize(
    "framing",
    [
        "Transfer-Encoding: chunked\nContent-Length: 5",
        "Transfer-Encoding: xchunked\nContent-Length: 0",
        "Transfer-Encoding : chunked\nContent-Length: 0",
        "Content-Length: 0\nContent-Length: 5",
        "Content-Length: +5",
        "Content-Length: 5, 0",
    ],
)
def test_a_request_with_two_lengths_reaches_no_script(site, framing):
    smuggled = b"0\r\n\r\nGET /engine/admin HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = f"POST /seeing/x HTTP/1.1\nHost: {site.host}\nConnection: close\n{framing}"

    received = site.send_only(head, smuggled)

    assert b"GREEDY" not in received
    assert received.count(b"HTTP/1.1 ") <= 1
    assert b'"method"' not in received or json.loads(received.partition(b"\r\n\r\n")[2])
