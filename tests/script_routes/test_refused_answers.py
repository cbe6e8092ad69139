"""What a hostile script answers does not change how browsers and proxies treat the engine."""

import json

import pytest

REFUSED = {
    "Set-Cookie": "aiwebengine_session=mine; Path=/",
    "set-cookie": "theme=dark",
    "Set-Cookie2": "a=1",
    "Clear-Site-Data": '"*"',
    "Strict-Transport-Security": "max-age=0",
    "Public-Key-Pins": "max-age=1",
    "Service-Worker-Allowed": "/",
    "Refresh": "0; url=/engine/admin",
    "Alt-Svc": 'h2="evil.example:443"',
    "Report-To": '{"group":"a","max_age":1,"endpoints":[{"url":"https://evil.example"}]}',
    "Reporting-Endpoints": 'a="https://evil.example"',
    "NEL": '{"report_to":"a","max_age":1}',
    "Content-Security-Policy-Report-Only": "default-src 'none'; report-uri https://evil.example",
    "Origin-Agent-Cluster": "?0",
    "X-Frame-Options": "ALLOWALL",
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=*",
    "Access-Control-Allow-Credentials": "true",
    "WWW-Authenticate": 'Basic realm="engine"',
    "Proxy-Authenticate": "Basic",
    "Proxy-Status": "x",
    "X-Accel-Redirect": "/engine/admin",
    "X-Accel-Buffering": "no",
    "X-Accel-Made-Up-Later": "1",
    "X-Sendfile": "/etc/passwd",
    "X-Lighttpd-Send-File": "/etc/passwd",
    "X-Reproxy-URL": "http://127.0.0.1/metrics",
    "Surrogate-Control": "max-age=999999",
    "Accept-CH": "Sec-CH-UA-Model",
    "Critical-CH": "Sec-CH-UA-Model",
    "Speculation-Rules": '"/rules.json"',
    "SourceMap": "https://evil.example/map",
    "Use-As-Dictionary": 'match="/*"',
    "Secure-Session-Registration": '(ES256);path="/evil"',
    "Sec-Session-Registration": '(ES256);path="/evil"',
    "Set-Login": "logged-out",
    "Attribution-Reporting-Register-Source": "{}",
    "Transfer-Encoding": "chunked",
    "Content-Length": "1000",
    "Connection": "upgrade",
    "Keep-Alive": "timeout=9999",
    "Upgrade": "h2c",
    "Trailer": "Set-Cookie",
    "X-Request-Id": "mine",
    "Server": "mine",
    "Date": "Thu, 01 Jan 1970 00:00:00 GMT",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_script_does_not_set(site, name):
    reply = site.answer({"status": 200, "headers": {name: REFUSED[name], "X-Mine": "1"}})

    assert reply.all("x-mine") == ["1"]
    assert REFUSED[name] not in reply.all(name)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1\r\nSet-Cookie: a=b"},
        {"X-A": "1\nSet-Cookie: a=b"},
        {"X-A": "1\rSet-Cookie: a=b"},
        {"X-A": "1\u560a\u560dSet-Cookie: a=b"},
        {"X-A\r\nSet-Cookie": "a=b"},
        {"X-A: 1\r\nSet-Cookie": "a=b"},
        {"Set-Cookie ": "a=b"},
        {" Set-Cookie": "a=b"},
        {"Set-Cookie:": "a=b"},
        {"Set\u2010Cookie": "a=b"},
        {"": "a=b"},
        {"X-A": "1\u0000"},
        {"X-A": "1\u0001"},
        {"X-A": "1\u007f"},
    ],
    ids=str,
)
def test_a_script_adds_no_header_by_a_malformed_one(site, headers):
    reply = site.answer({"status": 200, "headers": headers, "body": "x"})

    assert reply.status == 500
    assert json.loads(reply.body)["code"] == "SCRIPT_FAILED"
    assert reply.all("set-cookie") == []


@pytest.mark.parametrize("status", [204, 304])
def test_no_body_follows_where_browsers_expect_the_next_answer(site, status):
    smuggled = "HTTP/1.1 200 OK\r\nSet-Cookie: aiwebengine_session=mine\r\n\r\n"

    received = site.send(
        "POST /evil/answer HTTP/1.1", json.dumps({"status": status, "body": smuggled}).encode()
    )

    assert received.endswith(b"\r\n\r\n")
    assert received.count(b"HTTP/1.1") == 1
    assert b"aiwebengine_session" not in received


def test_no_body_follows_a_head_request(site):
    received = site.send("HEAD /seeing/x HTTP/1.1")

    assert received.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", [100, 101, 103, 199, 600, 999, -1, 200.5, "200", None])
def test_a_status_is_one_that_ends_the_request(site, status):
    assert site.answer({"status": status, "body": "x"}).status == 500


@pytest.mark.parametrize(
    "policy",
    ["sandbox allow-same-origin allow-scripts", "default-src *", "sandbox", "", "\u00ff"],
)
def test_a_page_stays_sandboxed_whatever_policy_it_sets(site, policy):
    reply = site.answer({"status": 200, "headers": {"Content-Security-Policy": policy}})

    policies = reply.all("content-security-policy")
    assert [one for one in policies if "sandbox" in one and "allow-same-origin" not in one]


@pytest.mark.parametrize("status", [200, 404, 500, 302])
@pytest.mark.parametrize(
    "type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/javascript"]
)
def test_an_answer_is_sandboxed_and_not_guessed(site, status, type):
    reply = site.answer({"status": status, "contentType": type, "body": "<script>1</script>"})

    assert "sandbox" in reply.all("content-security-policy")[-1]
    assert "allow-same-origin" not in reply.all("content-security-policy")[-1]
    assert "allow-top-navigation" not in reply.all("content-security-policy")[-1]
    assert reply.all("x-content-type-options") == ["nosniff"]
    assert reply.all("x-frame-options") == ["DENY"]


@pytest.mark.parametrize("name", ["page.svg", "page.html", "code.js"])
def test_a_file_is_sandboxed(site, name):
    reply = site.ask(f"GET /evil/{name} HTTP/1.1")

    assert reply.status == 200
    assert "sandbox" in reply.all("content-security-policy")[-1]
    assert reply.all("x-content-type-options") == ["nosniff"]


def test_no_part_of_an_answer_has_headers_of_its_own(site):
    mixed = "multipart/x-mixed-replace; boundary=b"
    body = "--b\r\nContent-Type: text/html\r\nSet-Cookie: aiwebengine_session=mine\r\n\r\nx\r\n"

    reply = site.answer({"status": 200, "headers": {"Content-Type": mixed}, "body": body})

    assert reply.all("content-type") == []


@pytest.mark.parametrize(
    "dest",
    "script style worker sharedworker serviceworker audioworklet paintworklet manifest xslt object"
    " embed iframe".split(),
)
def test_no_page_of_the_engine_loads_a_file_as(site, dest):
    head = f"GET /evil/code.js HTTP/1.1\nSec-Fetch-Site: same-origin\nSec-Fetch-Dest: {dest}"

    reply = site.ask(head)

    assert reply.status == 403
    assert b"taken" not in reply.body


def test_a_page_of_the_script_loads_its_files(site):
    head = "GET /evil/code.js HTTP/1.1\nSec-Fetch-Site: cross-site\nSec-Fetch-Dest: script"

    assert site.ask(head).status == 200


def test_no_service_worker_is_installed(site):
    head = "GET /evil/code.js HTTP/1.1\nService-Worker: script\nSec-Fetch-Dest: serviceworker"

    assert site.ask(head).status == 403


@pytest.mark.parametrize("many", [1, 50_000])
def test_headers_that_no_client_reads_are_not_sent(site, many):
    headers = {f"x-{number}": "x" * (70_000 // many) for number in range(many)}

    reply = site.answer({"status": 200, "headers": headers})

    assert reply.status == 500
    assert not reply.all("x-0")
