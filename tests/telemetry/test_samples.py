"""Samples: written by every worker, thinned out with age, merged for charts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository
from aiwebengine.core.errors import Unavailable
from aiwebengine.telemetry import histogram
from aiwebengine.telemetry.beats import ThisInstance
from aiwebengine.telemetry.samples import Sample, merged
from aiwebengine.telemetry.types import StatsPeriod


def sample(at, step=10, **given):
    buckets = histogram.empty()
    buckets[3] = given.get("requests", 0)
    return Sample(
        **{
            "step_secs": step,
            "at": at,
            "seconds": step,
            "requests": 0,
            "errors": 0,
            "buckets": buckets,
            "cpu_seconds": 0.0,
            "loop_lag_secs": 0.0,
            "workers": None,
            "memory_bytes": None,
            "pool_in_use": None,
            "subscriptions": None,
            "connections": None,
            "database_bytes": None,
            **given,
        }
    )


def test_merging_adds_counts_averages_levels_and_keeps_the_worst_wait():
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    parts = [
        sample(start, requests=10, errors=1, memory_bytes=100, loop_lag_secs=0.5, workers=2),
        sample(start + timedelta(seconds=10), requests=20, memory_bytes=300, database_bytes=7),
        sample(start + timedelta(seconds=20), requests=0, loop_lag_secs=0.1, workers=1),
        sample(start + timedelta(seconds=300), requests=5),
    ]

    first, second = merged(parts, 300)

    assert (first.at, first.step_secs, first.seconds) == (start, 300, 30)
    assert (first.requests, first.errors, sum(first.buckets)) == (30, 1, 30)
    assert (first.memory_bytes, first.loop_lag_secs, first.database_bytes) == (200, 0.5, 7)
    assert first.workers == 2
    assert (second.requests, second.memory_bytes) == (5, None)


async def insert(engine, *samples):
    columns = list(vars(samples[0]))
    await engine.db.copy(
        "system_samples", columns, [[getattr(one, name) for name in columns] for one in samples]
    )


async def steps(engine):
    rows = await engine.db.all(
        """
        select step_secs, count(*) as number, sum(requests) as requests,
          min(extract(epoch from now() - at)) as youngest,
          max(extract(epoch from now() - at)) as age
        from system_samples group by step_secs order by step_secs
        """
    )
    return {row["step_secs"]: row for row in rows}


async def test_thinning_keeps_every_request_and_fewer_points(engine):
    now = datetime.now(UTC)
    start = datetime.fromtimestamp(int(now.timestamp()) // 10 * 10, UTC)
    fine = [sample(start - timedelta(seconds=10 * n), requests=1) for n in range(6 * 60 * 30)]
    await insert(engine, *fine)

    # In one transaction the time stands still: what is older than an hour stays the same.
    async with engine.db.transaction():
        await engine.services.telemetry.thin_out()
        once = await steps(engine)
        await engine.services.telemetry.thin_out()
        twice = await steps(engine)

    assert sum(row["requests"] for row in once.values()) == len(fine)
    assert [(step, row["number"]) for step, row in once.items()] == [
        (step, row["number"]) for step, row in twice.items()
    ]
    # Fine for an hour and five to ten minutes; by five minutes for a day and one to two hours.
    assert 3_900 <= once[10]["age"] <= 4_210
    assert 3_900 <= once[300]["youngest"] <= 4_510
    assert 90_000 <= once[300]["age"] <= 93_610
    assert once[3_600]["youngest"] >= 90_000
    assert once[3_600]["number"] <= 6


async def test_what_nobody_asks_for_any_more_is_dropped(engine):
    now = datetime.now(UTC)
    await insert(
        engine,
        sample(now - timedelta(days=34), step=3_600),
        sample(now - timedelta(days=36), step=3_600),
    )

    await engine.services.telemetry.thin_out()

    assert (await steps(engine))[3_600]["number"] == 1


async def test_only_one_thins_out_at_a_time(engine, url):
    now = datetime.now(UTC)
    await insert(engine, sample(now - timedelta(hours=3), requests=1))

    async with engine.db.transaction():
        await engine.db.value("select pg_advisory_xact_lock(7271901)")
        held = asyncio.create_task(in_a_context_of_its_own(engine, url))
        await held
        untouched = await engine.db.value("select max(step_secs) from system_samples")
    await engine.services.telemetry.thin_out()

    assert untouched == 10
    assert await engine.db.value("select max(step_secs) from system_samples") == 300


async def in_a_context_of_its_own(engine, url):
    other = Engine(engine.config, url)
    await other.db.connect()
    await other.services.telemetry.thin_out()
    await other.db.disconnect()


async def test_each_period_has_its_own_step_and_every_request(engine, ada):
    now = datetime.now(UTC)
    start = datetime.fromtimestamp(int(now.timestamp()) // 10 * 10, UTC)
    fine = [sample(start - timedelta(seconds=10 * n), requests=2) for n in range(2, 6 * 60 * 3)]
    await insert(engine, *fine)
    await engine.services.telemetry.thin_out()
    system = engine.services.telemetry

    hour = await system.history(ada, StatsPeriod.HOUR)
    day = await system.history(ada, StatsPeriod.DAY)
    week = await system.history(ada, StatsPeriod.WEEK)

    assert 350 <= len(hour) <= 360
    assert {point.requests_per_second for point in hour} == {0.2}
    assert {point.seconds for point in hour} == {10}
    assert 35 <= len(day) <= 37
    assert len(week) in (3, 4)
    assert sum(point.requests for point in day) == sum(point.requests for point in week)
    assert [point.at for point in day] == sorted(point.at for point in day)
    assert {point.p50_ms for point in week} == {7.5}


@pytest.fixture
async def two_instances(url, tmp_path):
    """Two starts of the engine on one database, the first with two workers."""
    config = Config(repository=Repository(max_connections=5, data_dir=tmp_path))
    shared = ThisInstance(workers=2)
    engines = [
        Engine(config, url, shared, 0),
        Engine(config, url, shared, 1),
        Engine(config, url, ThisInstance()),
    ]
    for engine in engines:
        await engine.prepare()
    yield engines
    for engine in engines:
        await engine.heartbeat._leave()
        await engine.db.disconnect()


async def test_two_instances_are_shown_as_one(two_instances, ada):
    for number, engine in enumerate(two_instances, start=1):
        for _ in range(10 * number):
            engine.counters.answered(0.002, failed=False)
        engine.counters.answered(0.9, failed=True)
        await engine.heartbeat.beat()
    system = two_instances[2].services.telemetry

    requests, instances = await system.requests(ada), await system.instances(ada)
    rate = await system.error_rate(5)

    assert (requests.count, requests.errors) == (63, 3)
    assert 1 <= requests.p50_ms <= 2.5
    assert 500 <= requests.p99_ms <= 1_000
    assert rate == (63, 3)
    assert [(one.workers_configured, one.workers_up, one.is_up) for one in instances] == [
        (2, 2, True),
        (1, 1, True),
    ]
    assert [worker.requests for worker in instances[0].workers] == [11, 21]


async def test_a_worker_that_says_nothing_is_lost_and_then_forgotten(two_instances, ada):
    for engine in two_instances:
        await engine.heartbeat.beat()
    db, system = two_instances[2].db, two_instances[2].services.telemetry
    late = "update engine_workers set last_seen_at = now() - make_interval(secs => :secs) {}"
    second = two_instances[1].heartbeat.worker.id

    await db.execute(late.format("where id = :id"), secs=7, id=second)
    lost = await system.instances(ada)
    await db.execute(late.format("where instance_workers = :two"), secs=7, two=2)
    down = await system.instances(ada)
    await db.execute(late.format("where id = :id"), secs=601, id=second)
    await system.thin_out()
    forgotten = await system.instances(ada)

    assert [(one.workers_up, one.is_up, len(one.workers)) for one in lost] == [
        (1, True, 2),
        (1, True, 1),
    ]
    assert [one.is_up for one in down] == [False, True]
    assert [len(one.workers) for one in forgotten] == [1, 1]


async def test_a_worker_whose_place_is_taken_is_lost_at_once(two_instances, ada):
    first, replacing, other = two_instances
    replacing.heartbeat.worker = type(replacing.heartbeat.worker)(
        **{
            **vars(replacing.heartbeat.worker),
            "place": 0,
            "started_at": first.heartbeat.worker.started_at + timedelta(seconds=1),
        }
    )
    for engine in two_instances:
        await engine.heartbeat.beat()

    instance = (await other.services.telemetry.instances(ada))[0]

    assert instance.workers_up == 1
    assert [worker.is_up for worker in instance.workers] == [False, True]


async def test_an_instance_that_ends_in_good_order_leaves_the_list_and_loses_nothing(
    two_instances, ada
):
    leaving, _, staying = two_instances
    await leaving.heartbeat.beat()
    await staying.heartbeat.beat()
    leaving.counters.answered(0.01, failed=True)

    await leaving.heartbeat._leave()

    assert len(await staying.services.telemetry.instances(ada)) == 1
    assert await staying.services.telemetry.error_rate(5) == (1, 1)


async def test_before_the_tables_exist_nothing_is_written_and_nothing_lost(two_instances, ada):
    starting, *_ = two_instances
    starting.is_ready = False
    starting.counters.answered(0.01, failed=True)
    beats = []
    starting.heartbeat.listeners.append(beats.append)

    with pytest.raises(Unavailable):
        await starting.heartbeat.beat()
    before = await starting.services.telemetry.error_rate(5)
    starting.is_ready = True
    await starting.heartbeat.beat()

    assert len(beats) == 2
    assert before == (0, 0)
    assert await starting.services.telemetry.error_rate(5) == (1, 1)


async def test_the_slowest_operations_are_those_of_all_workers(two_instances, ada):
    for engine in two_instances:
        engine.counters.operation("query users", 0.2, failed=False)
        engine.counters.operation("query viewer", 0.001, failed=True)
        engine.heartbeat._timings_at -= 60
        await engine.heartbeat.beat()

    slowest = await two_instances[0].services.telemetry.slowest(
        ada, "operation", StatsPeriod.HOUR, 10
    )

    assert [(one.name, one.count, one.errors) for one in slowest] == [
        ("query users", 3, 0),
        ("query viewer", 3, 3),
    ]
    assert slowest[0].average_ms == 200
    assert 100 <= slowest[0].p95_ms <= 250
