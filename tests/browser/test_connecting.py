"""A user connects a program in a browser, and finds it among the API tokens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from playwright.sync_api import expect
from tests.oauth_server.conftest import CHALLENGE, VERIFIER

pytestmark = pytest.mark.browser


class _Callback(BaseHTTPRequestHandler):
    """The program's address; `answers` of its server has what it got."""

    def do_GET(self):
        self.server.answers.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Program</title><h1>Back in the program</h1>")

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def program() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), _Callback) as server:
        server.answers = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_program_is_connected_on_the_consent_page(open_page, started, program):
    redirect = f"http://127.0.0.1:{program.server_port}/callback"
    registered = httpx2.post(
        f"{started.base}/auth/oauth/register",
        json={
            "client_name": "Desk",
            "redirect_uris": [redirect],
            "token_endpoint_auth_method": "none",
        },
    ).json()
    asked = {
        "client_id": registered["client_id"],
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": "read scripts:call",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    watched = open_page(f"/auth/oauth/authorize?{urlencode(asked)}")
    page = watched.page

    expect(page.get_by_role("heading", name="Connect Desk")).to_be_visible()
    expect(page.get_by_text(f"127.0.0.1:{program.server_port}")).to_be_visible()
    page.get_by_role("button", name="Allow").click()

    expect(page.get_by_role("heading", name="Back in the program")).to_be_visible()
    # The program's address is the only one beside the engine's.
    origin = redirect.removesuffix("/callback")
    watched.problems[:] = [one for one in watched.problems if not one.startswith(origin)]
    [path] = [path for path in program.answers if path.startswith("/callback")]
    answer = parse_qs(urlsplit(path).query)
    token = httpx2.post(
        f"{started.base}/auth/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": registered["client_id"],
            "code": answer["code"][0],
            "redirect_uri": redirect,
            "code_verifier": VERIFIER,
        },
    )
    assert answer["state"] == ["s1"]
    assert token.status_code == 200
    page.goto(f"{started.base}/engine/admin/tokens")
    expect(page.locator("tbody tr", has_text="Desk").first).to_contain_text("read scripts:call")
