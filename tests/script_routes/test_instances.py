"""Two instances on one database, each with two workers: real processes, as a user starts them."""

import asyncio
import time
from contextlib import AsyncExitStack

import httpx2
import pytest
from tests.conftest import configured, first_sign_in, free_port, locked, serving

from aiwebengine.app.engine import Engine
from aiwebengine.core.identity import operator
from aiwebengine.scripts.files import tree_of

TWO_WORKERS = {"APP_PERFORMANCE__WORKER_POOL_SIZE": "2"}
SCRIPTS = "/api/engine/scripts"
SOURCE = 'export const routes = {{ "GET /number": () => new Response("{}") }};'
DEPLOYS = 5
CLIENTS = 4
# A connection lands on any worker: that all of these miss one of two is one case in a million.
CONNECTIONS = 20
LONGEST_SECS = 60


@pytest.fixture
def instances(start, url, monkeypatch):
    """The addresses of two instances."""
    monkeypatch.setenv("APP_REPOSITORY__DATABASE_URL", url)
    _, one, output = start(**TWO_WORKERS)
    # The next one to start replaces the link of this.
    first_sign_in(output)
    _, other, _ = start(**TWO_WORKERS)
    return one, other


@pytest.fixture
def deploy(instances, command):
    """Deploy a version, on the first instance, that answers its number."""
    secret = command("tokens", "create", "--user", "admin@localhost", "--name", "tests")
    headers = {"Authorization": f"Bearer {secret}"}
    base, _ = instances

    def deploy(number):
        answer = httpx2.put(
            f"{base}{SCRIPTS}/number",
            json={"files": {"main.ts": SOURCE.format(number)}},
            headers=headers,
            timeout=LONGEST_SECS,
        )
        assert answer.status_code in (200, 201), answer.text

    return deploy


def answers(bases):
    """What each instance answers on a new connection."""
    found = []
    for base in bases:
        answer = httpx2.get(f"{base}/number", timeout=LONGEST_SECS)
        assert answer.status_code in (200, 404), answer.text
        found.append(answer.text if answer.status_code == 200 else "")
    return found


def secs_until_all_answer(bases, number):
    """Seconds until the first of enough successive new answers of all instances.

    Until a worker knows of the script, it answers 404.
    """
    begun = time.monotonic()
    since, seen = begun, 0
    while seen < CONNECTIONS:
        asked = time.monotonic()
        assert asked < begun + LONGEST_SECS, f"a worker does not serve version {number}"
        is_new = set(answers(bases)) == {str(number)}
        since = asked if is_new and not seen else since
        seen = seen + 1 if is_new else 0
    return since - begun


@pytest.mark.timed
def test_every_worker_of_all_instances_serves_a_deployed_version_within_a_second(instances, deploy):
    deploy(0)
    secs_until_all_answer(instances, 0)

    taken = []
    for number in range(1, DEPLOYS + 1):
        deploy(number)
        taken.append(secs_until_all_answer(instances, number))

    assert max(taken) < 1


async def test_deploys_under_load_lose_no_request_of_any_worker(instances, deploy):
    deploy(0)
    secs_until_all_answer(instances, 0)
    seen, is_over = [], asyncio.Event()

    async def visit(base):
        while not is_over.is_set():
            # Connections of one client in turn, so that each worker has some.
            async with httpx2.AsyncClient(base_url=base, timeout=LONGEST_SECS) as client:
                for _ in range(10):
                    answer = await client.get("/number")
                    seen.append((answer.status_code, answer.text))

    visitors = [asyncio.create_task(visit(base)) for base in instances for _ in range(CLIENTS // 2)]
    for number in range(1, DEPLOYS + 1):
        await asyncio.to_thread(deploy, number)
        await asyncio.to_thread(secs_until_all_answer, instances, number)
    is_over.set()
    await asyncio.gather(*visitors)

    assert {status for status, _ in seen} == {200}
    assert {text for _, text in seen} >= {str(number) for number in range(1, DEPLOYS + 1)}


async def test_an_instance_that_has_not_read_the_scripts_yet_says_so(served, url, tmp_path):
    tree = tree_of({"main.ts": SOURCE.format(7).encode()})
    await served.engine.services.scripts.put(operator("tests"), "number", tree)
    other = Engine(configured(tmp_path).at_port(free_port()), url)

    async with AsyncExitStack() as stack, httpx2.AsyncClient(timeout=LONGEST_SECS) as client:
        async with locked(url, "script_activations"):
            base = (await stack.enter_async_context(serving(other))).base
            early = await client.get(f"{base}/number")
            page = await client.get(f"{base}/auth/login")
        async with asyncio.timeout(LONGEST_SECS):
            while (late := await client.get(f"{base}/number")).status_code == 503:
                await asyncio.sleep(0.05)

    assert early.status_code == 503
    assert "has not read the scripts yet" in early.json()["detail"]
    assert "retry-after" in early.headers
    assert page.status_code == 200
    assert (late.status_code, late.text) == (200, "7")
