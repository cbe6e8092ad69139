"""Several worker processes behind one port."""

import json
import os
import signal
from functools import partial

import httpx2
import psutil
import pytest
from tests import conftest
from tests.conftest import first_sign_in

from aiwebengine.app.workers import share
from aiwebengine.core.config import Config, Performance, Repository

WORKERS = {"APP_PERFORMANCE__WORKER_POOL_SIZE": "2"}

wait_for = partial(conftest.wait_for, secs=20)


def workers_of(process):
    children = psutil.Process(process.pid).children()
    return [child.pid for child in children if "spawn_main" in " ".join(child.cmdline())]


def answering(base, token):
    """The process that answers a new connection."""
    answer = httpx2.post(
        f"{base}/graphql",
        json={"query": "{ systemStats { process { pid } database { poolMaximum } } }"},
        headers={"Authorization": f"Bearer {token}"},
    ).json()["data"]["systemStats"]
    assert answer["database"]["poolMaximum"] == 25
    return answer["process"]["pid"]


def test_each_worker_answers_and_the_connections_are_shared_out(start, command):
    process, base, output = start(**WORKERS)
    first_sign_in(output)
    secret = command("tokens", "create", "--user", "admin@localhost", "--name", "tests")
    pids = workers_of(process)

    assert len(pids) == 2
    seen = set()
    wait_for(lambda: seen.add(answering(base, secret)) or seen == set(pids))
    assert output.read_text().count("is ready") == 1
    # A worker's share of them is nothing that an operator changed.
    changed = command("audit", "export", "--action", "SETTING_CHANGED", "--format", "ndjson")
    labels = [json.loads(line)["target_label"] for line in changed.splitlines()]
    assert "performance.worker_pool_size" in labels
    assert not {"repository.max_connections", "performance.cache_size_mb"} & set(labels)


def test_a_worker_that_dies_is_replaced_while_the_other_answers(start):
    process, base, output = start(**WORKERS)
    first, second = workers_of(process)

    os.kill(first, signal.SIGKILL)
    with httpx2.Client() as client:
        answers = [client.get(f"{base}/health").status_code for _ in range(50)]
    wait_for(lambda: len(set(workers_of(process)) - {first}) == 2)

    assert set(answers) == {200}
    assert second in workers_of(process)
    wait_for(lambda: "worker.died" in output.read_text())


def test_a_stop_ends_every_worker_and_the_database(start, tmp_path):
    process, _, output = start(**WORKERS)
    workers = workers_of(process)

    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0
    assert not any(psutil.pid_exists(pid) for pid in workers)
    assert not (tmp_path / "data" / "postgres" / "postmaster.pid").exists()
    assert "Traceback" not in output.read_text()


def test_workers_do_not_outlive_a_parent_that_was_killed(start):
    process, _, _ = start(**WORKERS)
    workers = workers_of(process)

    process.kill()
    process.wait()

    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in workers))
    # The database kept running. The next engine uses it, and stops it when it stops itself.
    _, base, _ = start(**WORKERS)
    assert httpx2.get(f"{base}/health").status_code == 200


@pytest.mark.parametrize(
    ("connections", "megabytes", "workers", "shares"),
    [(50, 64, 2, (25, 32)), (50, 64, 3, (16, 21)), (4, 1, 8, (2, 1)), (50, 0, 2, (25, 0))],
)
def test_workers_share_what_an_instance_may_have(connections, megabytes, workers, shares):
    config = Config(
        repository=Repository(max_connections=connections),
        performance=Performance(cache_size_mb=megabytes, worker_pool_size=workers),
    )

    part = share(config)

    assert (part.repository.max_connections, part.performance.cache_size_mb) == shares
