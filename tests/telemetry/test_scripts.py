"""Numbers of scripts: on the page System, in Prometheus' metrics, and how long they are kept."""

import json
from dataclasses import replace
from uuid import uuid4

import httpx2
import pytest
from tests.metrics.exposition import value
from tests.scripts_engine.sources import serving, tree

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import operator
from aiwebengine.metrics.instruments import Instruments
from aiwebengine.metrics.script_labels import MOST_SCRIPTS, OTHER_SCRIPTS, ScriptLabels
from aiwebengine.runtimes.types import GroupStatus, ProcessStatus, Status
from aiwebengine.telemetry import script_store
from aiwebengine.telemetry.scripts import ScriptTelemetry

ROOT = operator("tests")
STATS = "{ scriptStats { slug requests errors p95Ms processes memoryBytes waiting } }"


@pytest.fixture
async def answering(served):
    """An engine whose script `hello` answers, and fails at `/fails`; and a client of it."""
    source = (
        'const hello = () => new Response("hello");\n'
        'const fails = () => { throw new Error("on purpose"); };\n'
        'export const routes = { "GET /hello": hello, "GET /fails": fails };\n'
    )
    await served.engine.services.scripts.put(ROOT, "hello", tree(source))
    async with httpx2.AsyncClient(base_url=served.base) as client:
        yield served.engine, client
    await served.engine.runtimes.stop()


async def metric(engine, name, labels=None):
    return value((await engine.exposition.text()).decode(), f"aiwebengine_{name}", labels)


async def test_requests_errors_and_processes_of_a_script_are_counted(answering):
    engine, client = answering
    for path in ("/hello", "/hello", "/hello", "/fails"):
        await client.get(path)
    await engine.heartbeat.beat()
    engine.heartbeat._timings_at = float("-inf")
    await engine.heartbeat.beat()

    (found,) = await engine.services.script_telemetry.stats(ROOT, 3_600, 50)

    assert (found.slug, found.requests, found.errors) == ("hello", 4, 1)
    assert found.p95_ms > 0
    assert (found.processes, found.waiting) == (1, 0)
    assert found.memory_bytes > 10_000_000
    labels = {"script": "hello"}
    assert await metric(engine, "script_requests_total", labels | {"status": "200"}) == 3
    assert await metric(engine, "script_requests_total", labels | {"status": "500"}) == 1
    assert await metric(engine, "script_duration_seconds_count", labels) == 4
    assert await metric(engine, "script_processes") == 1
    assert await metric(engine, "script_memory_bytes", labels) > 10_000_000
    assert await metric(engine, "script_waiting", labels) == 0
    assert await metric(engine, "script_process_ends_total", labels) == 0


async def test_a_process_that_ends_for_its_own_fault_is_counted(answering):
    engine, client = answering
    source = 'export const routes = { "GET /ends": () => { while (true); } };'
    services = engine.services
    await services.scripts.put(ROOT, "endless", tree(source))
    await services.scripts.set_limits(ROOT, "endless", {"call_timeout_secs": 0.3})

    answer = await client.get("/ends", timeout=30)

    assert answer.status_code == 504
    assert await metric(engine, "script_process_ends_total", {"script": "endless"}) == 1


async def test_the_page_lists_the_busiest_scripts_first_and_at_most_as_many_as_wanted(
    engine, ada, ask
):
    for slug, times in (("a", 1), ("b", 3), ("c", 2)):
        for _ in range(times):
            engine.counters.script(slug, 503 if slug == "c" else 200, 0.02)
    engine.heartbeat._timings_at = float("-inf")
    await engine.heartbeat.beat()

    found = (await ask(ada, STATS))["data"]["scriptStats"]
    two = await engine.services.script_telemetry.stats(ada, 3_600, 2)
    named = (await ask(ada, '{ scriptStats(slugs: ["a", "c", "nothing"]) { slug } }'))["data"]
    too_many = f"{{ scriptStats(slugs: {json.dumps(['x'] * 51)}) {{ slug }} }}"
    above = (await ask(ada, too_many))["errors"][0]
    refused = await ask(ada, "{ scriptStats(first: 51) { slug } }")
    await engine.heartbeat._db.disconnect()

    assert [(one["slug"], one["requests"], one["errors"]) for one in found] == [
        ("b", 3, 0),
        ("c", 2, 2),
        ("a", 1, 0),
    ]
    assert [one.slug for one in two] == ["b", "c"]
    assert [one["slug"] for one in named["scriptStats"]] == ["c", "a"]
    assert above["extensions"]["code"] == BadUserInput("").code
    assert above["message"] == "slugs: found 51; allowed: at most 50."
    assert refused["errors"][0]["extensions"]["code"] == BadUserInput("").code


async def sample(engine, slug, days_ago):
    await engine.db.execute(
        """
        insert into timing_samples (kind, at, name, count, errors, seconds, buckets)
        values (
          'script', now() - make_interval(days => cast(:days as integer)), :slug, 1, 0, 1, '{}'
        )
        """,
        slug=slug,
        days=days_ago,
    )


async def test_the_last_request_of_a_script_is_remembered_when_samples_are_dropped(engine):
    for days in (1, 9, 20):
        await sample(engine, "busy", days)
    for days in (15, 40):
        await sample(engine, "quiet", days)
    await sample(engine, "forgotten", 500)

    await engine.services.telemetry.thin_out()

    rows = await engine.db.all("select name, now() - at as age from timing_samples order by 1")
    assert [(row["name"], row["age"].days) for row in rows] == [("busy", 1), ("quiet", 15)]
    assert await script_store.called(engine.db, 30 * 86_400) == {"busy", "quiet"}
    assert await script_store.called(engine.db, 10 * 86_400) == {"busy"}


def test_at_most_two_hundred_scripts_are_labels_and_the_rest_share_one():
    instruments = Instruments()
    for number in range(MOST_SCRIPTS + 50):
        instruments.script_answered(f"script-{number}", 200, 0.1)
        instruments.script_answered("script-0", 200, 0.1)

    samples = next(
        one.samples
        for one in instruments.registry.collect()
        if one.name == "aiwebengine_script_requests"
    )
    counted = {one.labels["script"]: one.value for one in samples if one.name.endswith("_total")}

    assert len(counted) == MOST_SCRIPTS + 1
    assert counted[OTHER_SCRIPTS] == 50
    assert counted["script-0"] == MOST_SCRIPTS + 51


def test_workers_agree_on_the_labels_and_a_new_worker_keeps_them(tmp_path):
    one, other = ScriptLabels(tmp_path), ScriptLabels(tmp_path)
    for number in range(150):
        one.of(f"a-{number}")
        other.of(f"b-{number}")
    names = [f"{letter}-{number}" for letter in "ab" for number in range(150)]

    found = [[labels.of(name) for name in names] for labels in (one, other, ScriptLabels(tmp_path))]

    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == MOST_SCRIPTS + 1


class Fixed:
    """Runtimes in this state."""

    def __init__(self, status):
        self._status = status

    async def status(self):
        return self._status


async def test_a_program_that_is_no_script_of_this_instance_is_not_named(engine):
    known, unknown = uuid4(), uuid4()
    status = Status(
        None,
        [
            ProcessStatus(f"{known}/a/b", 1, 10, 0, 0.0),
            ProcessStatus(f"{known}/c/b", 2, 20, 0, 0.0),
            ProcessStatus(f"{unknown}/a/b", 3, 40, 0, 0.0),
        ],
        [GroupStatus(str(known), 5, 2, 1), GroupStatus(str(unknown), 7, 1, 1)],
    )
    (active,) = await active_of(engine, known)
    telemetry = ScriptTelemetry(engine.db, Fixed(status))
    telemetry.served = lambda: [active]

    (usage,) = (await telemetry.usage()).items()

    assert usage[0] == "hello"
    assert vars(usage[1]) == {
        "processes": 2,
        "memory_bytes": 30,
        "waiting": 5,
        "ended_processes": 1,
    }


async def active_of(engine, script_id):
    """The script `hello`, as a process that serves it knows it, with this id."""
    await engine.services.scripts.put(ROOT, "hello", serving("GET /hello"))
    await engine.scripting.active.refresh()
    await engine.runtimes.stop()
    return [replace(one, id=script_id) for one in engine.scripting.active.scripts]


async def test_only_administrators_read_the_numbers(ask, edith):
    refused = await ask(edith, STATS)

    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
