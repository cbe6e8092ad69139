"""The real Caddy in front of two engines: what reaches them, and what is never lost."""

import asyncio
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from collections import Counter
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import httpx2
import psutil
import pytest
import websockets
from tests.auth.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.conftest import free_port, listening, wait_for
from tests.deploy.conftest import caddy
from tests.deploy.dockerfile import ROOT

pytestmark = pytest.mark.deploy

READERS = 30
TALKERS = 16
NOBODY = "No engine answered. Look whether it was done before you try again."
REQUESTS = int(os.environ.get("DEPLOY_REQUESTS", "10000"))
SUBSCRIPTION = "subscription { auditEventAdded { action } }"
PID = "{ systemStats { process { pid } } }"
INVITE = "mutation ($email: String!) { inviteUser(input: {email: $email}) { user { id } } }"
PROVIDER_PORT = free_port()
ISSUER = f"http://localhost:{PROVIDER_PORT}"


@pytest.fixture
def token(front, command):
    """An administrator's token."""
    link = re.search(r"\S+/auth/link\?\S+", front.engines[1][2].read_text())
    httpx2.get(link[0])
    return command("tokens", "create", "--user", "admin@localhost", "--name", "tests")


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


async def ask(client, query, **variables):
    answer = await client.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def asked_for(host, base, path="/"):
    """The status line's code for a request with this Host over TLS that names the right one."""
    parts = urlsplit(base)
    trustful = ssl.create_default_context()
    trustful.check_hostname, trustful.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((parts.hostname, parts.port)) as plain,
        trustful.wrap_socket(plain, server_hostname=parts.hostname) as connection,
    ):
        lines = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        connection.sendall(lines.encode())
        return int(connection.makefile("rb").readline().split()[1])


def test_the_file_is_in_shape_and_valid_as_it_is():
    environ = {**os.environ, "DOMAIN": "engine.example.com", "ENGINES": "one:3000 two:3000"}

    shape = subprocess.run(["caddy", "fmt", "--diff", ROOT / "Caddyfile"], capture_output=True)
    adapted = subprocess.run(
        ["caddy", "adapt", "--config", ROOT / "Caddyfile", "--adapter", "caddyfile"],
        env=environ,
        capture_output=True,
        text=True,
    )

    assert not re.search(rb"^[-+]", shape.stdout, re.MULTILINE)
    assert adapted.returncode == 0, adapted.stderr
    assert '"dial":"two:3000"' in adapted.stdout
    assert '"encode"' not in adapted.stdout


async def test_what_is_not_for_the_outside_does_not_get_there(front):
    other = "elsewhere.example"
    async with front.client() as client, httpx2.AsyncClient() as plain:
        closed = [await client.get(path) for path in ("/metrics", "/metrics/", "/%6detrics")]
        home = await client.get("/")
        to_https = await plain.get(f"{front.plain}/engine/admin?a=b")
        unknown = await plain.get(front.plain, headers={"Host": other})

    assert [answer.status_code for answer in closed] == [403, 403, 403]
    assert home.status_code == 200
    assert home.headers["strict-transport-security"] == "max-age=31536000"
    assert closed[0].headers["strict-transport-security"] == "max-age=31536000"
    assert to_https.status_code == 308
    assert to_https.headers["location"].startswith("https://localhost")
    assert to_https.headers["location"].endswith("/engine/admin?a=b")
    assert unknown.status_code == 421
    assert asked_for(other, front.base) == 421
    assert asked_for(other, front.base, "/health") == 421


@pytest.mark.parametrize(
    "front",
    [
        {
            "APP_AUTH__BOOTSTRAP_ADMINS": '["ada@example.com"]',
            "APP_AUTH__PROVIDERS__TEAM__ISSUER": ISSUER,
            "APP_AUTH__PROVIDERS__TEAM__CLIENT_ID": CLIENT_ID,
            "APP_AUTH__PROVIDERS__TEAM__CLIENT_SECRET": CLIENT_SECRET,
        }
    ],
    indirect=True,
)
async def test_somebody_signs_in_through_it_and_is_known_to_both_engines(front):
    provider = Provider(ISSUER)
    async with listening(provider.app(), PROVIDER_PORT), front.client() as client:
        page = await client.get("/auth/login/team?redirect=/engine/admin", follow_redirects=True)
        pids = set()
        async with asyncio.timeout(60):
            while len(pids) < 2:
                headers = {"Origin": front.base}
                asked = {"query": "{ viewer { email } systemStats { process { pid } } }"}
                answer = await client.post("/graphql", json=asked, headers=headers)
                told = answer.json()["data"]
                assert told["viewer"]["email"] == "ada@example.com"
                pids.add(told["systemStats"]["process"]["pid"])
        assets = re.search(r'src="(/assets/\S+/manager\.js)"', page.text)[1]
        script = await client.get(assets)
        foreign = {"Origin": "https://elsewhere.example"}
        forged = await client.post("/graphql", json={"query": PID}, headers=foreign)

    assert str(page.url) == f"{front.base}/engine/admin"
    assert "__Host-aiwebengine_session" in client.cookies
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert forged.status_code == 403


async def test_the_client_s_own_address_arrives_and_a_forged_one_does_not(front, token):
    async with front.client(headers=bearer(token)) as client:
        forged = {"X-Forwarded-For": "203.0.113.7"}
        asked = {"query": INVITE, "variables": {"email": "grace@example.com"}}
        await client.post("/graphql", json=asked, headers=forged)
        query = "{ auditEvents(first: 5) { nodes { action address } } }"
        events = (await ask(client, query))["auditEvents"]["nodes"]

    invited = [event for event in events if event["action"] == "USER_INVITED"]
    assert [event["address"] for event in invited] == ["127.0.0.1"]


async def test_an_outsider_gives_no_request_id(front):
    async with front.client(headers={"X-Request-Id": "forged1"}) as client:
        told = [(await client.get("/health")).headers["x-request-id"] for _ in range(2)]
        told.append((await client.post("/graphql", json={"query": PID})).headers["x-request-id"])

    assert "forged1" not in told
    assert len(set(told)) == 3


async def test_events_arrive_while_their_stream_is_open(front, token):
    headers = bearer(token)
    socket_to = websockets.connect(
        front.base.replace("https:", "wss:") + "/graphql",
        subprotocols=["graphql-transport-ws"],
        additional_headers=headers,
        ssl=front.trust,
    )
    asked = {"query": SUBSCRIPTION}
    streaming = headers | {"Accept": "text/event-stream"}
    async with (
        socket_to as connection,
        front.client(headers=headers) as client,
        client.stream("POST", "/graphql", json=asked, headers=streaming) as stream,
    ):
        parts = stream.aiter_raw()
        async with asyncio.timeout(30):
            assert await anext(parts) == b":\n\n"
            await connection.send('{"type": "connection_init"}')
            await connection.recv()
            subscribe = {"type": "subscribe", "id": "1", "payload": asked}
            await connection.send(json.dumps(subscribe))
            # There is no sign by which a client sees that a subscription has started.
            await asyncio.sleep(1)

            await ask(client, INVITE, email="grace@example.com")

            while b"USER_INVITED" not in await anext(parts):
                pass
            while "USER_INVITED" not in await connection.recv():
                pass


async def test_a_large_answer_comes_whole(front, token, command):
    command("demo", "--users", "3000")
    query = "{ users(first: 200) { nodes { id email name roles createdAt } } }"
    async with front.client(headers=bearer(token)) as client:
        answer = await client.post("/graphql", json={"query": query})
        direct = await client.post("/graphql", json={"query": query})

    assert len(answer.json()["data"]["users"]["nodes"]) == 200
    assert len(answer.content) > 30_000
    assert answer.json()["data"] == direct.json()["data"]


async def load(client, statuses, goal, is_over=lambda: True):
    """Ask one thing after the other until *goal* are answered and it is over."""
    number = 0
    while statuses.total() < goal or not is_over():
        number += 1
        query = PID if number % 2 else "query { users(first: 5) { totalCount } }"
        try:
            answer = await client.post("/graphql", json={"query": query})
            fine = answer.status_code == 200 and "errors" not in answer.json()
            statuses["ok" if fine else f"{answer.status_code} {answer.text[:200]}"] += 1
        except httpx2.HTTPError as error:
            statuses[repr(error)] += 1


async def test_no_request_is_lost_while_one_engine_after_the_other_restarts(front, token, capsys):
    statuses, is_over = Counter(), asyncio.Event()
    async with front.client(headers=bearer(token)) as client:
        clients = [
            asyncio.create_task(load(client, statuses, REQUESTS, is_over.is_set)) for _ in range(8)
        ]
        for number in (0, 1):
            await asyncio.sleep(1)
            await asyncio.to_thread(front.restart, number)
        asked_by_then = statuses.total()
        is_over.set()
        await asyncio.gather(*clients)
        again = await client.get("/health")

    with capsys.disabled():
        print(f" {statuses.total()} requests ({asked_by_then} by the end of the restarts)", end="")
    assert set(statuses) == {"ok"}
    assert statuses.total() >= REQUESTS
    assert again.status_code == 200


class Reader:
    """Follows the trail as the pages do: comes back when sent away, and looks what it missed."""

    def __init__(self, front, token):
        self._front, self._headers = front, bearer(token)
        self.seen, self.told, self.connections, self.away = set(), set(), 0, []

    async def follow(self):
        lost = None
        while True:
            try:
                async with self._connected() as connection:
                    self.connections += 1
                    await self._look()
                    if lost is not None:
                        self.away.append(time.monotonic() - lost)
                        lost = None
                    async for message in connection:
                        event = json.loads(message)
                        if event["type"] == "next":
                            label = event["payload"]["data"]["auditEventAdded"]["targetLabel"]
                            self.told.add(label)
            except (OSError, websockets.WebSocketException):
                pass
            lost = lost or time.monotonic()
            await asyncio.sleep(0.2)

    @asynccontextmanager
    async def _connected(self):
        async with websockets.connect(
            self._front.base.replace("https:", "wss:") + "/graphql",
            subprotocols=["graphql-transport-ws"],
            additional_headers=self._headers,
            ssl=self._front.trust,
        ) as connection:
            await connection.send('{"type": "connection_init"}')
            await connection.recv()
            asked = {"query": "subscription { auditEventAdded { targetLabel } }"}
            await connection.send(json.dumps({"type": "subscribe", "id": "1", "payload": asked}))
            # The pages wait as long, for the server to follow.
            await asyncio.sleep(1)
            yield connection

    async def _look(self):
        async with self._front.client(headers=self._headers) as client:
            query = "{ auditEvents(first: 200) { nodes { targetLabel } } }"
            nodes = (await ask(client, query))["auditEvents"]["nodes"]
            self.seen |= {node["targetLabel"] for node in nodes}


async def test_readers_miss_nothing_while_one_engine_after_the_other_restarts(front, token, capsys):
    readers = [Reader(front, token) for _ in range(READERS)]
    following = [asyncio.create_task(reader.follow()) for reader in readers]
    written, is_over = [], asyncio.Event()

    async def write(client):
        while not is_over.is_set():
            address = f"reader-{len(written)}@example.com"
            await ask(client, INVITE, email=address)
            written.append(address)
            await asyncio.sleep(0.3)

    async with front.client(headers=bearer(token)) as client:
        async with asyncio.timeout(60):
            while not all(reader.connections for reader in readers):
                await asyncio.sleep(0.1)
        writing = asyncio.create_task(write(client))
        for number in (0, 1):
            await asyncio.sleep(1)
            await asyncio.to_thread(front.restart, number)
        # The client that was disconnected last reconnects.
        await asyncio.sleep(3)
        is_over.set()
        await writing
        async with asyncio.timeout(30):
            while not all(written[-1] in reader.told for reader in readers):
                await asyncio.sleep(0.1)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)

    missed = [set(written) - reader.seen - reader.told for reader in readers]
    back = [reader.connections - 1 for reader in readers]
    with capsys.disabled():
        longest = max(secs for reader in readers for secs in reader.away)
        print(
            f" {len(written)} events, {sum(back)} came back, after {longest:.1f} s at most", end=""
        )
    assert missed == [set()] * READERS
    # Each engine had readers, and each reader was sent away from the one that stopped.
    assert all(1 <= times <= 2 for times in back)


async def talk(client, name, answers, method):
    """Repeat requests that are unique to this client, and record wrong responses."""
    for number in range(100):
        await asyncio.sleep(0.05)
        own = f"{name}_{number}"
        asked = {"query": f"{{ {own}: viewer {{ id }} }}"}
        answer = await (
            client.get("/graphql", params=asked)
            if method == "GET"
            else client.post("/graphql", json=asked)
        )
        is_own = answer.status_code == 200 and list(answer.json().get("data") or {}) == [own]
        answers["own" if is_own else f"{answer.status_code} {answer.text}"] += 1


def kill(engine):
    """End an engine and all its processes at once."""
    process, _, _ = engine
    for one in [process, *psutil.Process(process.pid).children(recursive=True)]:
        os.kill(one.pid, signal.SIGKILL)
    process.wait(30)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_dead_engine_is_left_out(front, token, method):
    answers = Counter()
    async with front.client(headers=bearer(token)) as client:
        both = set()
        async with asyncio.timeout(60):
            while len(both) < 2:
                both.add((await ask(client, PID))["systemStats"]["process"]["pid"])

        talking = [
            asyncio.create_task(talk(client, f"client_{number}", answers, method))
            for number in range(TALKERS)
        ]
        async with asyncio.timeout(60):
            while answers.total() < 10 * TALKERS:
                await asyncio.sleep(0.01)
        await asyncio.to_thread(kill, front.engines[0])
        await asyncio.gather(*talking)
        left = (await ask(client, PID))["systemStats"]["process"]["pid"]

    # A write that could not reach it, or was cut off, is not sent again: one a client at most.
    refused = sum(answers.pop(told) for told in list(answers) if NOBODY in told)
    assert set(answers) == {"own"}
    assert refused == 0 if method == "GET" else refused <= TALKERS
    assert left == front.engines[1][0].pid


async def test_nobody_s_write_arrives_as_somebody_else_s(front, token):
    answers = Counter()
    async with front.client(headers=bearer(token)) as client:
        for engine in front.engines:
            await asyncio.to_thread(kill, engine)
        talking = [
            asyncio.create_task(talk(client, f"client_{number}", answers, "POST"))
            for number in range(TALKERS)
        ]
        await asyncio.sleep(0.5)
        await asyncio.to_thread(front.start, 1)
        await asyncio.gather(*talking)

    # Caddy itself says nothing where none of them can be reached.
    others = {told for told in answers if told not in ("own", "503 ") and NOBODY not in told}
    assert others == set()
    assert answers["own"] > 0


class Unwell(BaseHTTPRequestHandler):
    """Answers as an engine whose database is down."""

    def do_GET(self):
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b"the database does not answer")

    def log_message(self, *_):
        pass


def test_engines_that_are_all_unwell_say_so_themselves(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Unwell) as engine:
        Thread(target=engine.serve_forever, daemon=True).start()
        with caddy(tmp_path, [engine.server_port]) as (base, _, trust):
            # By then the health check has found out.
            wait_for(lambda: httpx2.get(f"{base}/health", verify=trust).status_code == 503)
            time.sleep(2)
            answers = [
                httpx2.get(base + path, verify=trust, timeout=30) for path in ("/health", "/")
            ]
        engine.shutdown()

    assert [answer.status_code for answer in answers] == [503, 503]
    assert {answer.text for answer in answers} == {"the database does not answer"}


def test_the_log_of_caddy_s_own_errors_names_nothing_secret(front, token, tmp_path):
    httpx2.get(f"{front.base}/auth/callback/none?code=s3cret", verify=front.trust)

    assert "s3cret" not in (Path(tmp_path) / "caddy" / "log").read_text()
