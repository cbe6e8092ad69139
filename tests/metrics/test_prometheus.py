"""A real Prometheus reads a running engine by the configuration that we give away."""

import shutil
import subprocess
from contextlib import contextmanager

import httpx2
import pytest
from tests.conftest import first_sign_in, free_port, wait_for
from tests.metrics.test_monitoring import KEY, MONITORING, expressions

pytestmark = pytest.mark.tools

TARGETS = ("localhost:3000", "localhost:3001")
# What nobody did in the test has no series yet.
SILENT = (
    "graphql_errors",
    "sign_ins",
    "backup_age",
    # Requests of scripts to other servers.
    "script_fetch",
    # Failures of scripts.
    'aiwebengine_script_requests_total{instance=~".*",status',
)


@contextmanager
def prometheus(folder, *targets):
    """Prometheus with our configuration and rules, for these targets; where it is asked."""
    config = (MONITORING / "prometheus.yml").read_text()
    for named, target in zip(TARGETS, targets, strict=True):
        assert named in config
        config = config.replace(named, target)
    # A rate needs two readings; nobody waits for half a minute here.
    (folder / "prometheus.yml").write_text(config.replace("15s", "1s"))
    (folder / "aiwebengine.key").write_text(KEY)
    shutil.copy(MONITORING / "alerts.yml", folder)
    address = f"127.0.0.1:{free_port()}"
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'series'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: is_ready(address))
        yield f"http://{address}/api/v1"
    finally:
        process.terminate()
        process.wait(30)


def is_ready(address):
    """Whether Prometheus answers queries; at first it listens and says 503."""
    try:
        return httpx2.get(f"http://{address}/-/ready").status_code == 200
    except httpx2.TransportError:
        return False


def found(api, expression):
    """The series that a query finds."""
    answer = httpx2.get(f"{api}/query", params={"query": expression}).json()
    assert answer["status"] == "success", answer
    return answer["data"]["result"]


def health(api):
    """Each rule's name, and whether Prometheus could work it out."""
    groups = httpx2.get(f"{api}/rules").json()["data"]["groups"]
    return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}


def test_prometheus_reads_engines_and_answers_the_dashboard(start, command, tmp_path):
    engines = [
        start(APP_SECURITY__API_KEY=KEY, APP_PERFORMANCE__WORKER_POOL_SIZE=workers)
        for workers in ("1", "2")
    ]
    # Of two links for the same first person the later one works.
    first_sign_in(engines[-1][2])
    for _, base, _ in engines:
        httpx2.post(f"{base}/graphql", json={"query": "{ viewer { email } }"})
    command("scripts", "new", "hello")
    command("scripts", "push", "hello")
    targets = [base.removeprefix("http://") for _, base, _ in engines]

    with prometheus(tmp_path, *targets) as api:
        wait_for(lambda: len(found(api, "up == 1")) == 2)
        wait_for(lambda: len(found(api, "rate(aiwebengine_process_cpu_seconds_total[5m])")) == 2)
        # Each rule is worked out at a moment of its own; before it, nobody knows.
        wait_for(lambda: "unknown" not in health(api).values())
        states = health(api)

        def empty():
            for _, base, _ in engines:
                httpx2.get(f"{base}/hello").raise_for_status()
            return [
                one
                for one in expressions()
                if not any(word in one for word in SILENT) and not found(api, one)
            ]

        # A rate needs two readings with the script's series.
        wait_for(lambda: not empty())

    assert len(states) > 5
    assert set(states.values()) == {"ok"}
