"""Starting and stopping, as a terminal or a service manager does it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from tests import conftest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean_and_takes_the_database_along(start, tmp_path, number):
    process, base, output = start()
    assert httpx2.get(f"{base}/health").json()["status"] == "ok"

    process.send_signal(number)

    assert process.wait(30) == 0
    assert not (tmp_path / "data" / "postgres" / "postmaster.pid").exists()
    assert "Traceback" not in output.read_text()


def test_two_engines_share_one_database_and_the_first_may_go(start, tmp_path):
    one, other = start(), start()

    one[0].send_signal(signal.SIGTERM)
    one[0].wait(30)

    assert httpx2.get(f"{other[1]}/health").json()["status"] == "ok"
    assert "Traceback" not in other[2].read_text()


def test_a_small_answer_arrives_in_one_piece_and_a_large_one_whole(start, url):
    _, base, _ = start(APP_REPOSITORY__DATABASE_URL=url)
    port = int(base.rpartition(":")[2])
    page = httpx2.get(f"{base}/health")

    with socket.create_connection(("127.0.0.1", port), timeout=30) as asking:
        for _ in range(20):
            asking.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head, _, body = asking.recv(65_536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert len(body) == len(page.content)

    editor = max(Path("frontend/vendor").rglob("*.js"), key=lambda file: file.stat().st_size)
    build = re.search(r"/assets/[0-9a-f]+/", httpx2.get(f"{base}/").text)[0]
    sent = httpx2.get(f"{base}{build}vendor/{editor.name}", headers={"Accept-Encoding": "identity"})
    assert sent.content == editor.read_bytes()
    assert len(sent.content) > 1_000_000


def test_no_link_is_printed_where_a_provider_lets_the_administrator_in(start):
    provider = {
        "APP_AUTH__PROVIDERS__GITHUB__CLIENT_ID": "engine",
        "APP_AUTH__PROVIDERS__GITHUB__CLIENT_SECRET": "secret",
    }
    admins = {"APP_AUTH__BOOTSTRAP_ADMINS": '["ada@example.com"]'}

    without_admins = start(**provider)[2].read_text()
    with_admins = start(**provider, **admins)[2].read_text()

    assert "/auth/link?" in without_admins
    assert "/auth/link?" not in with_admins


def test_each_address_of_the_banner_answers(start):
    _, base, output = start()

    listed = dict(re.findall(r"^  (\w+) +(http\S+)$", output.read_text(), re.MULTILINE))

    assert list(listed) == ["Home", "Editor", "Manager", "GraphQL", "Health"]
    for address in listed.values():
        assert address.startswith(base)
        assert httpx2.get(address, headers={"Accept": "text/html"}).status_code < 400, address


def test_a_port_in_use_is_reported(start, tmp_path):
    _, base, _ = start()

    done = subprocess.run(
        [sys.executable, "-m", "aiwebengine", "serve"],
        cwd=tmp_path,
        env={**os.environ, "APP_SERVER__PORT": base.rpartition(":")[2]},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "Address already in use" in done.stderr
    assert "APP_SERVER__PORT" in done.stderr


def get(address):
    """The answer; None when nobody is there."""
    try:
        return httpx2.get(address)
    except httpx2.HTTPError:
        return None


def health(base):
    answer = get(f"{base}/health")
    return None if answer is None else (answer.status_code, answer.json().get("checks"))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_is_announced_while_everything_is_still_answered(start, workers):
    draining = {"APP_SERVER__DRAIN_SECS": "3", "APP_PERFORMANCE__WORKER_POOL_SIZE": workers}
    process, base, output = start(**draining)

    process.send_signal(signal.SIGTERM)
    seen, homes = [], []
    while (told := health(base)) is not None:
        seen.append(told)
        if told[0] == 503:
            homes.append(get(base))
        time.sleep(0.2)

    assert process.wait(30) == 0
    assert (503, {"engine": "is about to stop"}) in seen
    # The last one may have come too late.
    assert homes[:-1]
    assert {home.status_code for home in homes[:-1]} == {200}
    assert "Traceback" not in output.read_text()


def test_a_second_signal_makes_a_stop_short(start):
    process, base, _ = start(APP_SERVER__DRAIN_SECS="600")

    process.send_signal(signal.SIGTERM)
    while health(base) == (200, None):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)

    assert process.wait(30) == 0


def test_systemd_is_notified_when_the_engine_is_ready(start, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)

        _, base, _ = start(NOTIFY_SOCKET=str(tmp_path / "notify"))

        told = manager.recv(100)
        # A start that backs up before it migrates asks for more time first.
        while told.startswith(b"EXTEND_TIMEOUT_USEC="):
            told = manager.recv(100)
        assert told == b"READY=1"
    assert health(base) == (200, None)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_engine_without_its_database_says_that_it_waits_and_logs_it_once(
    start, tmp_path, workers
):
    nobody = f"postgresql://nobody@127.0.0.1:{conftest.free_port()}/nothing"
    _, base, output = start(
        APP_PERFORMANCE__WORKER_POOL_SIZE=workers,
        APP_REPOSITORY__DATABASE_URL=nobody,
        APP_LOGGING__LEVEL="debug",
    )
    log = tmp_path / "logs" / "aiwebengine.log"

    def events(name):
        return [one for one in log.read_text().splitlines() if f'"event":"{name}"' in one]

    conftest.wait_for(lambda: events("database.down"), secs=60)
    before = len(events("heart.postponed"))
    conftest.wait_for(lambda: len(events("heart.postponed")) >= before + 4, secs=60)

    assert "is waiting for the database" in output.read_text()
    assert "is ready" not in output.read_text()
    assert httpx2.get(f"{base}/health").status_code == 503
    assert len(events("database.down")) == 1
    assert len(events("engine.waiting")) == 1
