"""A stop finishes what is running, takes nothing new, and sends the patient away politely."""

import asyncio
import json
import signal

import httpx2
import psycopg
import pytest
import websockets
from tests.conftest import first_sign_in, locked, until

from aiwebengine.sessions import secrets

QUERY = {"query": "{ users(first: 1) { nodes { email } } }"}
SUBSCRIPTION = "subscription { auditEventAdded { id } }"
WORKERS = pytest.mark.parametrize("workers", ["1", "2"])


def started(start, url, workers, **environ):
    process, base, output = start(
        APP_REPOSITORY__DATABASE_URL=url, APP_PERFORMANCE__WORKER_POOL_SIZE=workers, **environ
    )
    cookie = {"Cookie": f"aiwebengine_session={first_sign_in(output)}"}
    return process, base, output, cookie


def sessions(url, number):
    """Cookies of so many sessions: of requests with the same one, one looks for all."""
    made = [secrets.new_secret() for _ in range(number)]
    with psycopg.connect(url) as connection:
        for secret in made:
            connection.execute(
                "insert into sessions (user_id, secret_hash, provider, expires_at)"
                " select user_id, %s, provider, expires_at from sessions limit 1",
                [secrets.digest(secret)],
            )
    return [{"Cookie": f"aiwebengine_session={secret}"} for secret in made]


async def refuses(base):
    """Whether a new connection is refused at once instead of waiting."""
    try:
        async with httpx2.AsyncClient(timeout=5) as client:
            await client.get(f"{base}/health")
    except (httpx2.ConnectError, httpx2.ReadError, httpx2.RemoteProtocolError):
        return True
    return False


@WORKERS
async def test_a_stop_finishes_what_is_running_and_takes_nothing_new(start, url, workers):
    process, base, output, _ = started(start, url, workers)

    async def ask(cookie):
        # A connection each, so that every worker has some.
        async with httpx2.AsyncClient(timeout=60, headers=cookie) as client:
            return (await client.post(f"{base}/graphql", json=QUERY)).status_code

    cookies = sessions(url, 12)
    async with locked(url, "users") as waiting:
        asked = [asyncio.create_task(ask(cookie)) for cookie in cookies]
        await until(lambda: waiting() == 12)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            while not await refuses(base):
                await asyncio.sleep(0.05)
        was_running = process.poll() is None
        are_running = [not task.done() for task in asked]
    statuses = await asyncio.gather(*asked)

    assert was_running
    assert all(are_running)
    assert statuses == [200] * 12
    assert await asyncio.to_thread(process.wait, 60) == 0
    assert "Traceback" not in output.read_text()


@WORKERS
async def test_what_would_not_end_in_time_is_cut_off(start, url, workers):
    process, base, _, cookie = started(start, url, workers, APP_SERVER__SHUTDOWN_TIMEOUT_SECS="1")

    async with httpx2.AsyncClient(timeout=60, headers=cookie) as client:
        async with locked(url, "users") as waiting:
            asked = asyncio.create_task(client.post(f"{base}/graphql", json=QUERY))
            await until(lambda: waiting() == 1)
            process.send_signal(signal.SIGTERM)
            code = await asyncio.to_thread(process.wait, 60)
            await until(lambda: waiting() == 0)
        answered = await asyncio.gather(asked, return_exceptions=True)

    assert code == 0
    assert getattr(answered[0], "status_code", 0) != 200


async def test_event_streams_end_at_once_and_clients_are_asked_to_reconnect(start, url):
    process, base, output, cookie = started(start, url, "1")
    asked = {"query": SUBSCRIPTION}
    socket = websockets.connect(
        base.replace("http", "ws") + "/graphql",
        subprotocols=["graphql-transport-ws"],
        additional_headers=cookie,
    )
    headers = cookie | {"Accept": "text/event-stream"}
    async with socket as connection, httpx2.AsyncClient(timeout=60) as client:
        await connection.send(json.dumps({"type": "connection_init"}))
        await connection.recv()
        subscribe = {"type": "subscribe", "id": "1", "payload": asked}
        await connection.send(json.dumps(subscribe))
        async with client.stream("POST", f"{base}/graphql", json=asked, headers=headers) as stream:
            parts = stream.aiter_raw()
            await anext(parts)

            process.send_signal(signal.SIGTERM)

            rest = b"".join([part async for part in parts])
        with pytest.raises(websockets.ConnectionClosed):
            await connection.recv()

    # Far less than the 30 seconds that a stop may take.
    assert await asyncio.to_thread(process.wait, 20) == 0
    assert connection.close_code == 1001
    assert b"complete" not in rest
    assert "Traceback" not in output.read_text()


async def test_the_connections_of_all_workers_together_stay_below_the_maximum(start, url):
    _, base, *_ = started(
        start,
        url,
        "2",
        APP_REPOSITORY__MAX_CONNECTIONS="6",
        APP_REPOSITORY__ACQUIRE_TIMEOUT_SECS="60",
        APP_REPOSITORY__STATEMENT_TIMEOUT_SECS="60",
        APP_SERVER__REQUEST_TIMEOUT_SECS="60",
    )

    cookies = iter(sessions(url, 220))

    async def ask():
        cookie = next(cookies)
        async with httpx2.AsyncClient(timeout=120, headers=cookie) as client:
            return (await client.post(f"{base}/graphql", json=QUERY)).status_code

    def open_now():
        return watch.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and application_name = 'aiwebengine'"
        ).fetchone()[0]

    most = 0
    with psycopg.connect(url, autocommit=True) as watch:
        async with locked(url, "users") as waiting:
            asked = []
            # One after the other: of many at once, one worker might take all.
            while waiting() < 6 and len(asked) < 200:
                asked.append(asyncio.create_task(ask()))
                await asyncio.sleep(0.05)
            asked += [asyncio.create_task(ask()) for _ in range(20)]
            for _ in range(20):
                most = max(most, open_now())
                await asyncio.sleep(0.05)
        statuses = await asyncio.gather(*asked)

    assert most == 6
    assert set(statuses) == {200}
