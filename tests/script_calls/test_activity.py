"""Calls of scripts are counted by hour, exactly and off the path of the request."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from aiwebengine.core.errors import Unavailable
from aiwebengine.core.identity import Role
from aiwebengine.script_calls.activity import ActivityCounter
from aiwebengine.scripts import activity_store
from aiwebengine.scripts.activity_types import CallCount
from aiwebengine.telemetry import histogram

LISTED = "{ scripts { nodes { slug activity { requests errors hours { requests errors } } } } }"


@pytest.fixture
async def edith(add_person):
    return await add_person("edith", Role.EDITOR)


@pytest.fixture
def create(engine, edith):
    """Create a script; its id."""

    async def create(slug):
        return (await engine.services.scripts.create(edith, slug)).key

    return create


async def test_counts_of_all_instances_add_up(engine, create, edith, ask):
    one, other = await create("one"), await create("other")
    instances = [ActivityCounter(engine.services.scripts.add_activity) for _ in range(3)]
    for instance in instances:
        for status in (200, 404, 500, 504):
            instance.note(one, status)
        instance.note(other, 200)
    await asyncio.gather(*(instance.flush() for instance in (*instances, *instances)))
    instances[0].note(one, 200)
    await instances[0].flush()

    nodes = (await ask(edith, LISTED))["data"]["scripts"]["nodes"]
    found = {node.pop("slug"): node["activity"] for node in nodes}

    assert (found["one"]["requests"], found["one"]["errors"]) == (13, 6)
    assert (found["other"]["requests"], found["other"]["errors"]) == (3, 0)
    # Two if an hour ended meanwhile.
    assert sum(hour["requests"] for hour in found["one"]["hours"]) == 13


LATENCIES = "{ scripts { nodes { slug activity { requests p95Ms } } } }"


async def sampled(engine, slug, at, place):
    """Twenty requests of a slug in the ten minutes from *at*, all in one bucket."""
    await engine.db.execute(
        """
        insert into timing_samples (kind, at, name, count, errors, seconds, buckets)
        values ('script', :at, :slug, 20, 0, 1, :buckets)
        """,
        at=at,
        slug=slug,
        buckets=[20 if number == place else 0 for number in range(histogram.SIZE)],
    )


async def test_the_latency_of_each_script_is_that_of_its_own_calls(engine, create, edith, ask):
    now = datetime.now(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0)
    recent, older = hour - timedelta(hours=2), hour - timedelta(hours=5)
    slow, fast, _ = await create("slow"), await create("fast"), await create("quiet")
    calls = [CallCount(slow, at, 20, 0) for at in (recent, older)] + [CallCount(fast, recent, 1, 0)]
    await activity_store.add(engine.db, calls)
    await sampled(engine, "slow", recent + timedelta(minutes=50), place=9)
    await sampled(engine, "slow", older, place=9)
    await sampled(engine, "fast", recent, place=0)
    # Of a script that was deleted, whose slug `fast` has now.
    await sampled(engine, "fast", older, place=9)
    sent = []
    engine.db.observers.append(lambda statement: sent.append(statement.sql))

    nodes = (await ask(edith, LATENCIES))["data"]["scripts"]["nodes"]

    assert {node["slug"]: node["activity"]["p95Ms"] for node in nodes} == {
        "slow": 975.0,
        "fast": 0.95,
        "quiet": None,
    }
    assert sum("timing_samples" in sql for sql in sent) == 1


async def test_editors_see_the_latency_where_they_see_requests(engine, create, add_person, ask):
    script, hour = await create("one"), datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await activity_store.add(engine.db, [CallCount(script, hour, 20, 0)])
    await sampled(engine, "one", hour, place=0)
    other, nobody = await add_person("other", Role.EDITOR), await add_person("alan")

    (node,) = (await ask(other, LATENCIES))["data"]["scripts"]["nodes"]
    refused = await ask(nobody, LATENCIES)

    assert node["activity"] == {"requests": 20, "p95Ms": 0.95}
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_what_could_not_be_added_waits_and_is_added_once(engine, create):
    script, is_down = await create("one"), True

    async def add(counts):
        if is_down:
            raise Unavailable("the database is down")
        await engine.services.scripts.add_activity(counts)

    counter = ActivityCounter(add)
    counter.note(script, 200)
    with pytest.raises(Unavailable):
        await counter.flush()
    counter.note(script, 500)
    is_down = False
    await counter.flush()
    await counter.flush()

    rows = await engine.db.all("select requests, errors from script_activity")
    assert sum(row["requests"] for row in rows) == 2
    assert sum(row["errors"] for row in rows) == 1


async def test_calls_of_a_removed_script_do_not_hold_up_those_of_others(engine, create):
    counter = ActivityCounter(engine.services.scripts.add_activity)
    counter.note(uuid4(), 200)
    counter.note(await create("one"), 200)
    await counter.flush()

    assert await engine.db.value("select sum(requests) from script_activity") == 1


async def test_only_the_last_day_counts_and_a_month_is_kept(engine, create):
    script, now = await create("one"), datetime.now(UTC)
    ages = [timedelta(minutes=30), timedelta(hours=23), timedelta(hours=25), timedelta(days=31)]
    await activity_store.add(engine.db, [CallCount(script, now - age, 1, 0) for age in ages])

    (activity,) = await engine.services.scripts.activity_of([script])
    await engine.services.scripts.remove_old()

    assert activity.requests == 2
    assert await engine.db.value("select count(*) from script_activity") == 3
