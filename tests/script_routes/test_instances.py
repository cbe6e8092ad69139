"""Two instances on one database, each with two workers: real processes, as a user starts them."""

import asyncio
import time

import httpx2
import pytest
from tests.conftest import first_sign_in

TWO_WORKERS = {"APP_PERFORMANCE__WORKER_POOL_SIZE": "2"}
SCRIPTS = "/api/engine/scripts"
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
        source = f'export const routes = {{ "GET /number": () => new Response("{number}") }};'
        answer = httpx2.put(
            f"{base}{SCRIPTS}/number",
            json={"files": {"main.ts": source}},
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
        assert answer.status_code == 200, answer.text
        found.append(answer.text)
    return found


def secs_until_all_answer(bases, number):
    """Seconds until the first of enough successive new answers of all instances."""
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
