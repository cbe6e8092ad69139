"""Connections end with the sign-in of their user."""

import json
import socket
import time

import httpx2
import pytest
from tests.script_routes.site import PATIENCE, running
from tests.script_routes.test_hand_over import signed_in
from websockets.sync.client import connect

SCRIPTS_HOST = "scripts.localhost"
SOURCE = """
export const streams = {
  "/mine": (request, env, ctx) => ({ user: ctx.requireAuth().id }),
  "/all": (request, env, ctx) => ({ user: ctx.user?.id ?? "nobody" }),
};
export const sockets = {
  "/who": { open: (socket, env, ctx) => socket.send(ctx.user?.name ?? "nobody") },
};
export const routes = {
  "POST /mine": async (request, env, ctx) => {
    await env.streams.send("/all", "to nobody", { match: { user: "nobody" } });
    await env.streams.send("/all", "to all");
    return new Response("sent");
  },
};
"""


@pytest.fixture(scope="module")
def site(server, database_copies, tmp_path_factory):
    name = database_copies.take()
    settings = {"APP_SERVER__SCRIPTS_HOST": SCRIPTS_HOST}
    with running(tmp_path_factory.mktemp("users"), server.database(name), **settings) as site:
        site.deploy("mine", SOURCE)
        yield site
    database_copies.give_back(name)


class Client:
    """A stream, read as text."""

    def __init__(self, site, path, cookie="", **headers):
        self.connection = socket.create_connection(("127.0.0.1", site.port), PATIENCE)
        lines = [f"GET {path} HTTP/1.1", f"Host: {site.scripts_host}"]
        lines += [f"Cookie: {cookie}"] if cookie else []
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.text = ""

    def until(self, wanted):
        """Read until *wanted* has come; False if the stream ends before."""
        end = time.monotonic() + PATIENCE
        while wanted not in self.text and time.monotonic() < end:
            part = self.connection.recv(65_536)
            if not part:
                return False
            self.text += part.decode()
        return True

    def close(self):
        self.connection.close()


def test_a_stream_of_a_user_ends_when_the_user_signs_out(site):
    session = site.sign_in()
    cookie = signed_in(site, session)
    mine, other = (
        Client(site, "/mine", cookie),
        Client(site, "/mine", signed_in(site, site.sign_in())),
    )
    try:
        assert mine.until("retry:")
        assert other.until("retry:")
        site.sign_out(session)

        assert not mine.until("never")
        refused = Client(site, "/mine", cookie)
        assert refused.until("HTTP/1.1 401")
        refused.close()
        # The same user is signed in with another session.
        other.connection.settimeout(1)
        with pytest.raises(TimeoutError):
            other.until("never")
    finally:
        mine.close()
        other.close()


def test_a_page_of_another_origin_listens_as_nobody(site):
    cookie = signed_in(site, site.sign_in())
    foreign = Client(site, "/all", cookie, Origin="https://evil.example")
    own = Client(site, "/all", cookie, Origin=f"http://{site.scripts_host}")
    try:
        assert foreign.until("retry:")
        assert own.until("retry:")
        answer = httpx2.post(
            f"http://127.0.0.1:{site.port}/mine",
            headers={"Host": site.scripts_host},
            content=json.dumps({}),
            timeout=PATIENCE,
        )
        assert answer.text == "sent"

        assert foreign.until("to all")
        assert "to nobody" in foreign.text
        assert own.until("to all")
        assert "to nobody" not in own.text
    finally:
        foreign.close()
        own.close()


def test_a_websocket_on_the_engines_host_has_the_user_who_is_signed_in_there(site):
    cookie = "; ".join(f"{name}={value}" for name, value in site.cookies.items())
    headers = {"Cookie": cookie}
    address = f"ws://{site.host}/who"

    with connect(address, origin=site.base, additional_headers=headers) as own:
        assert own.recv(PATIENCE) != "nobody"
    with connect(address, origin=site.base) as unknown:
        assert unknown.recv(PATIENCE) == "nobody"
