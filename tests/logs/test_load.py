"""Under load, with several workers and a new file every two seconds, no line is lost or torn."""

import asyncio
import collections
import os
import re
import subprocess
import sys
import time

import httpx2
import orjson
import pytest

from aiwebengine.logs.files import opened, stored_files
from aiwebengine.logs.keeping import days, tidy
from aiwebengine.logs.search import Matcher, newest
from aiwebengine.logs.types import LogFilter

# Run by each worker process again, since these are started afresh.
LAUNCHER = """
from aiwebengine.logs.rotation import PERIODS, Period
PERIODS["hourly"] = Period(2, "%Y-%m-%d_%H-%M-%S")
if __name__ == "__main__":
    from aiwebengine.cli.main import main
    main()
"""
CLIENTS = 6
SECONDS = 12


@pytest.fixture
def engine_process(url, tmp_path):
    """A started engine with three workers; its address."""
    launcher, output = tmp_path / "launcher.py", tmp_path / "output"
    launcher.write_text(LAUNCHER)
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(launcher), "serve"],
            cwd=tmp_path,
            env={
                **os.environ,
                "APP_REPOSITORY__DATABASE_URL": url,
                "APP_SERVER__PORT": "0",
                "APP_PERFORMANCE__WORKER_POOL_SIZE": "3",
                "APP_LOGGING__ROTATION": "hourly",
                "APP_SECURITY__RATE_LIMIT_PER_MINUTE": "1000000",
                # The requests are told apart by ids that this client gives.
                "APP_SERVER__TRUSTED_PROXIES": '["127.0.0.0/8"]',
            },
            stdout=log,
            stderr=log,
        )
    try:
        end = time.monotonic() + 90
        while not (home := re.search(r"Home +(\S+)/", output.read_text())):
            assert time.monotonic() < end, output.read_text()
            assert process.poll() is None, output.read_text()
            time.sleep(0.1)
        yield home[1]
    finally:
        process.terminate()
        process.wait(60)
    assert "Traceback" not in output.read_text()


async def test_every_request_has_its_line_exactly_once(engine_process, engine, ada, alan, tmp_path):
    made = await engine.services.tokens.create(ada, ada.id, "load")
    headers = {"Authorization": f"Bearer {made.secret}"}
    documents = [
        f'mutation {{ {verb}(input: {{userId: "{alan.id}", role: EDITOR}}) {{ changed }} }}'
        for verb in ("grantRole", "revokeRole")
    ] + ["{ users { nodes { email roles } } }", "{ viewer { id } }"]
    asked, end = [], time.monotonic() + SECONDS

    async def client(number):
        async with httpx2.AsyncClient(base_url=engine_process, headers=headers, timeout=60) as http:
            turn = 0
            while time.monotonic() < end:
                request_id = f"load-{number}-{turn}"
                document = documents[turn % len(documents)]
                answer = await http.post(
                    "/graphql", json={"query": document}, headers={"X-Request-Id": request_id}
                )
                assert "errors" not in answer.json()
                asked.append(request_id)
                turn += 1

    async def tidying():
        while time.monotonic() < end:
            await asyncio.to_thread(
                tidy, tmp_path / "logs" / "aiwebengine.log", days(1), packs=True
            )
            await asyncio.sleep(0.5)

    await asyncio.gather(*(client(number) for number in range(CLIENTS)), tidying())
    # A line is written when the answer has gone out.
    await asyncio.sleep(2)

    log = tmp_path / "logs" / "aiwebengine.log"
    files = stored_files(log)
    lines = []
    for file in files:
        with opened(file) as blocks:
            text = b"".join(blocks.read(index) for index in range(len(blocks)))
        assert text.endswith(b"\n")
        lines += [orjson.loads(line) for line in text.splitlines()]
    found = collections.Counter(
        line["request_id"]
        for line in lines
        if line["event"] == "request" and line.get("request_id", "").startswith("load-")
    )
    assert found == collections.Counter(asked)
    assert len(files) >= 4
    assert sum(file.is_compressed for file in files) >= 2
    one = asked[len(asked) // 3]
    entries = newest(log, Matcher(LogFilter(request_id=one)), 50).entries
    assert [entry.request_id for entry in entries if entry.event == "request"] == [one]
    recorded = [line for line in lines if line["event"] == "audit.recorded"]
    told = sum(1 for line in recorded if line.get("role") == "Editor")
    stored = await engine.db.value(
        "select count(*) from audit_events where action in ('role.granted', 'role.revoked')"
        " and target_id = :id and request_id like 'load-%'",
        id=str(alan.id),
    )
    assert told == stored > 0
