"""What is taken from somebody counts on every worker of every instance within a second."""

import asyncio
import json
import re
import time
from contextlib import AsyncExitStack

import httpx2
import pytest
import websockets
from tests.conftest import first_sign_in

WORKERS = {"APP_PERFORMANCE__WORKER_POOL_SIZE": "2"}
PID = "{ systemStats { process { pid } } }"
pytestmark = pytest.mark.timed

PROMISED_SECS = 1.0
GRANT = "mutation ($id: ID!) { grantRole(input: {userId: $id, role: ADMINISTRATOR}) { changed } }"
REVOKE = "mutation ($id: ID!) { revokeRole(input: {userId: $id, role: ADMINISTRATOR}) { changed } }"
SUSPEND = "mutation ($id: ID!) { suspendUser(input: {userId: $id}) { user { status } } }"


class Caller:
    """One connection to one worker, kept open."""

    def __init__(self, client, pid):
        self.client, self.pid = client, pid

    async def refused_after(self, began):
        """Seconds until this worker refuses."""
        while True:
            answer = await ask(self.client, "{ users { totalCount } }")
            if "errors" in answer:
                code = answer["errors"][0]["extensions"]["code"]
                assert code in ("FORBIDDEN", "UNAUTHENTICATED")
                return time.monotonic() - began
            assert time.monotonic() - began < 10


async def ask(client, query, **variables):
    answer = await client.post("/graphql", json={"query": query, "variables": variables})
    return answer.json()


async def one_caller_for_each_worker(stack, base, headers):
    """Connections with these credentials, one to each of the instance's two workers."""
    callers = {}
    async with asyncio.timeout(30):
        while len(callers) < 2:
            client = await stack.enter_async_context(
                httpx2.AsyncClient(base_url=base, headers=headers | {"Origin": base})
            )
            pid = (await ask(client, PID))["data"]["systemStats"]["process"]["pid"]
            callers.setdefault(pid, Caller(client, pid))
    return list(callers.values())


async def one_socket_for_each_worker(stack, base, headers):
    """Open subscriptions, one at each of the instance's two workers."""
    sockets = {}
    async with asyncio.timeout(30):
        while len(sockets) < 2:
            socket = await stack.enter_async_context(
                websockets.connect(
                    base.replace("http:", "ws:") + "/graphql",
                    subprotocols=["graphql-transport-ws"],
                    additional_headers=headers,
                    origin=base,
                )
            )
            await socket.send('{"type": "connection_init"}')
            await socket.recv()
            await socket.send(
                json.dumps({"type": "subscribe", "id": "p", "payload": {"query": PID}})
            )
            answer = json.loads(await socket.recv())["payload"]["data"]["systemStats"]
            assert json.loads(await socket.recv())["type"] == "complete"
            sockets.setdefault(answer["process"]["pid"], socket)
    for socket in sockets.values():
        query = {"query": "subscription { auditEventAdded { id } }"}
        await socket.send(json.dumps({"type": "subscribe", "id": "s", "payload": query}))
    return list(sockets.values())


async def ended_after(socket, began):
    """Seconds until an open subscription is ended."""
    async with asyncio.timeout(10):
        while json.loads(await socket.recv())["type"] != "error":
            pass
    return time.monotonic() - began


@pytest.mark.parametrize("change", [REVOKE, SUSPEND], ids=["role", "suspension"])
async def test_a_revocation_on_one_instance_counts_on_all(start, command, capsys, change):
    _, one, output = start(**WORKERS)
    root = {"Cookie": f"aiwebengine_session={first_sign_in(output)}", "Origin": one}
    _, other, _ = start(**WORKERS)
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(httpx2.AsyncClient(base_url=one, headers=root))
        invited = await ask(
            admin, 'mutation { inviteUser(input: {email: "grace@example.com"}) { user { id } } }'
        )
        grace = invited["data"]["inviteUser"]["user"]["id"]
        await ask(admin, GRANT, id=grace)
        token = command("tokens", "create", "--user", "grace@example.com", "--name", "tests")
        link = re.search(r"token=\S+", command("users", "sign-in-link", "grace@example.com"))
        session = httpx2.get(f"{one}/auth/link?{link[0]}").cookies["aiwebengine_session"]
        credentials = (
            {"Cookie": f"aiwebengine_session={session}"},
            {"Authorization": f"Bearer {token}"},
        )
        callers, sockets = [], []
        for base in (one, other):
            for headers in credentials:
                callers += await one_caller_for_each_worker(stack, base, headers)
                sockets += await one_socket_for_each_worker(stack, base, headers)
        assert len({caller.pid for caller in callers}) == 4
        # The subscriptions were sent just now; each must have begun.
        await asyncio.sleep(0.5)

        began = time.monotonic()
        changed = asyncio.ensure_future(ask(admin, change, id=grace))
        spent = await asyncio.gather(
            *(caller.refused_after(began) for caller in callers),
            *(ended_after(socket, began) for socket in sockets),
        )

    assert "errors" not in await changed
    with capsys.disabled():
        print(f" refused by 4 workers after at most {1_000 * max(spent):.0f} ms")
    assert max(spent) < PROMISED_SECS
