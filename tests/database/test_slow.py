"""Slow statements are logged with the request they ran for and without their values."""

import asyncio
import logging

import httpx2
import pytest
from tests.conftest import adder, free_port, locked, serving, until

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository
from aiwebengine.core.identity import Role
from aiwebengine.database import Statement
from aiwebengine.database.slow import MOST_STATEMENTS, SlowStatements


def told(caplog):
    return [record for record in caplog.records if record.message == "database.slow_query"]


async def test_a_slow_statement_is_logged_without_its_values(engine, caplog):
    slow = SlowStatements(slow_ms=20)
    engine.db.observers = [slow.observe]

    await engine.db.value("select pg_sleep(:secs),\n  cast(:word as text)", secs=0.1, word="secret")
    await engine.db.value("select 1")

    # Background work is slow too on a busy machine.
    [record] = [one for one in told(caplog) if "pg_sleep" in one.statement]
    assert record.statement == "select pg_sleep(:secs), cast(:word as text)"
    assert record.ms >= 20
    assert record.waited_ms >= 0
    assert record.request_id is None
    assert "secret" not in str(vars(record))


async def test_zero_logs_nothing_and_counts_all_the_same(engine, caplog):
    slow = SlowStatements(slow_ms=0)
    engine.db.observers = [slow.observe]

    await engine.db.value("select pg_sleep(0.1)")
    await engine.db.value("select pg_sleep(0.1)")

    assert told(caplog) == []
    [totals] = slow.worst(10)
    assert (totals.sql, totals.count, totals.failures) == ("select pg_sleep(0.1)", 2, 0)
    assert totals.total_secs >= 0.2
    assert 0.1 <= totals.longest_secs < totals.total_secs


async def test_the_line_names_the_request(url, tmp_path, caplog):
    repository = Repository(data_dir=tmp_path, slow_query_ms=50)
    engine = Engine(Config(repository=repository).at_port(free_port()), url)
    await engine.prepare()
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        ada = await adder(engine)("ada", Role.ADMINISTRATOR)
        token = {"Authorization": f"Bearer {await served.token(ada)}"}
        query = {"query": "{ auditEvents(first: 1) { nodes { id } } }"}
        caplog.clear()
        async with locked(url, "audit_events") as waiting:
            asked = asyncio.create_task(client.post("/graphql", json=query, headers=token))
            await until(waiting)
            await asyncio.sleep(0.1)
        answer = await asked

    assert answer.status_code == 200
    assert answer.headers["x-request-id"] in {record.request_id for record in told(caplog)}


def test_the_number_of_statements_is_limited_and_the_worst_are_kept(caplog):
    caplog.set_level(logging.CRITICAL)
    slow = SlowStatements(slow_ms=1_000)

    slow.observe(Statement("worst", 0.0, 9.0, failed=True))
    for number in range(2 * MOST_STATEMENTS):
        slow.observe(Statement(f"select {number}", 0.0, 0.001 * number, failed=False))

    assert len(slow.worst(10 * MOST_STATEMENTS)) == MOST_STATEMENTS
    worst, second = slow.worst(2)
    assert (worst.sql, worst.count, worst.failures, worst.total_secs) == ("worst", 1, 1, 9.0)
    assert second.sql == f"select {2 * MOST_STATEMENTS - 1}"


@pytest.mark.parametrize("number", [0, 1])
def test_worst_returns_at_most_the_requested_number(number):
    slow = SlowStatements(slow_ms=0)
    slow.observe(Statement("one", 0.0, 0.1, failed=False))
    slow.observe(Statement("two", 0.0, 0.2, failed=False))

    assert [totals.sql for totals in slow.worst(number)] == ["two"][:number]
