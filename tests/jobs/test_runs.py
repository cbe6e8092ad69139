"""A due task runs once on all instances, and its result is visible."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository
from aiwebengine.core.errors import Conflict, Forbidden, NotFound
from aiwebengine.core.identity import operator
from aiwebengine.core.task_names import TASK_NAMES
from aiwebengine.jobs import store
from aiwebengine.jobs.service import Jobs
from aiwebengine.jobs.store import GONE_SECS, SILENT_SECS
from aiwebengine.jobs.types import RunEnded, RunState, Task, TaskFailed

ROOT = operator("root")
WAIT_SECS = 30


def schedules_of(engine, *tasks, schedules=None, zone="UTC"):
    """The clockwork of one process, with these tasks only."""
    audit = engine.services.audit
    return Jobs(engine.db, audit, tasks, schedules or {}, zone, keep_days=30)


def counting(runs, name="count", schedule="* * * * *"):
    async def run(note):
        note("one")
        runs.append(name)
        await asyncio.sleep(0.05)
        return "Counted."

    return Task(name, "Count", "Counts.", schedule, run)


def waiting(name="wait"):
    async def run(note):
        note("it begins")
        await asyncio.sleep(WAIT_SECS * 10)
        return "Waited."

    return Task(name, "Wait", "Waits.", "off", run)


@pytest.fixture
def owe(engine):
    """Let time pass: the task owes what was due in the last so many minutes."""

    async def owe(name, minutes):
        await engine.db.execute(
            "update scheduled_tasks set since = now() - make_interval(mins => :minutes)"
            " where name = :name",
            name=name,
            minutes=minutes,
        )

    return owe


async def ended(engine, task):
    """The newest run of a task, once it has ended."""
    async with asyncio.timeout(WAIT_SECS):
        while True:
            run = await engine.services.jobs.newest(task)
            if run is not None and run.state is not RunState.RUNNING:
                return run
            await asyncio.sleep(0.05)


async def runs_of(engine, task):
    return await engine.services.jobs.page(ROOT, task, None, 100)


async def test_instances_that_look_at_once_run_what_is_due_once(engine, url, tmp_path, owe):
    runs = []
    other = Engine(Config(repository=Repository(data_dir=tmp_path)), url)
    await other.prepare()
    clocks = [schedules_of(one, counting(runs)) for one in (engine, other) for _ in range(4)]
    await clocks[0].register()
    await owe("count", 5)

    begun = await asyncio.gather(*(clock.look() for clock in clocks))
    run = await ended(engine, "count")
    again = await asyncio.gather(*(clock.look() for clock in clocks))

    assert sorted(map(len, begun)) == [0] * 7 + [1]
    # The minute may have changed meanwhile.
    assert len(runs) == 1 + sum(map(len, again)) <= 2
    assert (run.state, run.result, run.lines) == (RunState.SUCCEEDED, "Counted.", ["one"])
    assert run.started_by == "schedule"
    assert run.due_at is not None
    await other.db.disconnect()


async def test_what_was_missed_is_caught_up_once(engine, owe):
    runs = []
    clock = schedules_of(engine, counting(runs, schedule="0 * * * *"))
    await clock.register()
    await owe("count", 60 * 24 * 7)

    await clock.look()
    run = await ended(engine, "count")
    await clock.look()

    now = datetime.now(UTC)
    assert runs == ["count"]
    assert run.due_at == now.replace(minute=0, second=0, microsecond=0)


async def test_a_new_task_and_a_new_schedule_owe_nothing_of_the_past(engine, owe):
    runs = []
    clock = schedules_of(engine, counting(runs))
    await clock.register()
    at_first = await clock.look()
    await owe("count", 5)
    changed = schedules_of(engine, counting(runs), schedules={"count": "0 0 1 1 *"})

    await changed.register()

    assert at_first == []
    assert await changed.look() == []
    assert runs == []


async def test_a_task_that_is_off_runs_only_when_asked(engine, owe):
    runs = []
    clock = schedules_of(engine, counting(runs), schedules={"count": "off"})
    await clock.register()
    await owe("count", 500)

    looked = await clock.look()
    (listed,) = [one for one in await clock.tasks(ROOT) if one.name == "count"]
    run = await clock.run_here(ROOT, "count", lambda line: None)

    assert looked == []
    assert listed.next_run_at is None
    assert (run.state, run.started_by, run.due_at) == (RunState.SUCCEEDED, ROOT.label, None)


async def test_a_running_task_is_not_started_again_and_then_caught_up(engine, owe):
    runs = []
    gate = asyncio.Event()

    async def held(note):
        runs.append("held")
        await gate.wait()
        return "Done."

    clock = schedules_of(engine, Task("held", "Held", "Waits.", "* * * * *", held))
    await clock.register()
    await clock.start(ROOT, "held")
    await owe("held", 5)

    meanwhile = await clock.look()
    with pytest.raises(Conflict, match="already running"):
        await clock.start(ROOT, "held")
    gate.set()
    await ended(engine, "held")
    afterwards = await clock.look()

    assert (meanwhile, afterwards) == ([], ["held"])
    await ended(engine, "held")
    assert len(await runs_of(engine, "held")) == 2


async def test_a_run_is_stopped_through_another_instance(engine, ada, events_of):
    here, there = schedules_of(engine, waiting()), schedules_of(engine, waiting())
    run = await here.start(ada, "wait")

    asked = await there.stop(ada, run.number)
    twice = await there.stop(ada, run.number)
    stopped = await ended(engine, "wait")

    assert asked.stopped_by == twice.stopped_by == ada.label
    assert (stopped.state, stopped.result) == (RunState.STOPPED, "It was stopped.")
    assert stopped.lines == ["it begins"]
    events = await events_of()
    assert events[-2:] == ["maintenance.task_started", "maintenance.task_stopped"]
    assert (await here.stop(ada, run.number)).state is RunState.STOPPED
    assert await events_of() == events


async def test_work_in_a_thread_ends_at_its_next_line_after_a_stop(engine):
    ended_by = []
    begun = threading.Event()

    def work(note):
        try:
            while True:
                note("still here")
                begun.set()
                time.sleep(0.05)
        except RunEnded as error:
            ended_by.append(error)

    async def run(note):
        await asyncio.to_thread(work, note)
        return "Never."

    clock = schedules_of(engine, Task("thread", "Thread", "Threads.", "off", run))
    started = await clock.start(ROOT, "thread")
    await asyncio.to_thread(begun.wait, WAIT_SECS)

    await clock.stop(ROOT, started.number)

    assert (await ended(engine, "thread")).state is RunState.STOPPED
    async with asyncio.timeout(WAIT_SECS):
        while not ended_by:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TaskFailed("The disk is full."), "The disk is full."),
        (ValueError("pin 1234"), "ValueError"),
    ],
)
async def test_what_goes_wrong_is_the_result_and_never_a_trace(engine, error, told):
    async def run(note):
        note("a" * 2_000 + "\0")
        raise error

    clock = schedules_of(engine, Task("fail", "Fail", "Fails.", "off", run))

    done = await clock.run_here(ROOT, "fail", lambda line: None)

    assert done.state is RunState.FAILED
    assert told in done.result
    assert "1234" not in done.result
    assert [len(line) for line in done.lines] == [500]


async def test_only_the_newest_lines_are_kept(engine):
    async def run(note):
        for number in range(1_000):
            note(f"line {number}")
            if number % 100 == 0:
                await asyncio.sleep(0.2)
        return "Said."

    clock = schedules_of(engine, Task("say", "Say", "Says.", "off", run))

    done = await clock.run_here(ROOT, "say", lambda line: None)

    assert done.lines == [f"line {number}" for number in range(800, 1_000)]


async def test_a_runner_that_falls_silent_is_given_up_and_notices_it(engine, url, owe):
    clock = schedules_of(engine, waiting())
    await clock.register()
    run = await clock.start(ROOT, "wait")
    # As after a long freeze: others have given it up before it comes to itself.
    await engine.db.execute("update runs set state = 'interrupted', ended_at = now(), result = 'x'")

    async with asyncio.timeout(WAIT_SECS):
        while clock._at_work:
            await asyncio.sleep(0.05)

    (only,) = await runs_of(engine, "wait")
    assert (only.number, only.state, only.result) == (run.number, RunState.INTERRUPTED, "x")


KILLED = """
import asyncio, signal, sys
from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config
from aiwebengine.jobs.service import Jobs
from aiwebengine.jobs.types import Task
from aiwebengine.core.identity import operator

async def run(note):
    print("started", flush=True)
    await asyncio.sleep(600)

async def main():
    engine = Engine(Config(), sys.argv[1])
    await engine.prepare()
    task = Task("long", "Long", "Is long.", "off", run)
    clock = Jobs(engine.db, engine.services.audit, [task], {}, "UTC", keep_days=1)
    await clock.run_here(operator("killed"), "long", lambda line: None)

# A shell's background jobs are started deaf to it, and so are their children.
signal.signal(signal.SIGINT, signal.default_int_handler)
asyncio.run(main())
"""


def to_be_killed(url):
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


async def test_the_run_of_a_killed_process_is_interrupted_and_the_next_can_begin(engine, url):
    process = to_be_killed(url)
    assert await asyncio.to_thread(process.stdout.readline) == b"started\n"
    clock = schedules_of(engine, counting([], "long"))
    await until_it_is_held(engine, (await clock.newest("long")).number)
    # A process that is held up keeps its lock, and its run.
    os.kill(process.pid, signal.SIGSTOP)
    await be_silent_for(engine, SILENT_SECS - 20)
    with pytest.raises(Conflict, match=rf"since 20.* UTC on \S+:{process.pid}\. Wait .* stop \d+"):
        await clock.run_here(ROOT, "long", lambda line: None)
    before = await clock.newest("long")

    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    await be_silent_for(engine, GONE_SECS + 1)
    done = await soon(lambda: clock.run_here(ROOT, "long", lambda line: None))

    assert before.state is RunState.RUNNING
    newer, older = await runs_of(engine, "long")
    assert (newer.number, newer.state) == (done.number, RunState.SUCCEEDED)
    assert older.state is RunState.INTERRUPTED
    assert f":{process.pid} since" in older.result


async def test_a_run_that_never_held_its_lock_is_given_up_once_it_is_long_silent(engine, url):
    clock = schedules_of(engine, waiting())
    await clock.register()
    run = await clock.start(ROOT, "wait")
    await until_it_is_held(engine, run.number)
    # Its lock is held, and still nobody hears of it for long: a cut cable looks so.
    await be_silent_for(engine, SILENT_SECS + 1)

    assert await store.interrupt_silent(engine.db) == ["wait"]

    await clock.interrupt()


async def until_it_is_held(engine, number):
    async with asyncio.timeout(WAIT_SECS):
        while not await engine.db.value(
            "select exists (select from pg_locks where locktype = 'advisory' and objid = :number"
            " and database = (select oid from pg_database where datname = current_database()))",
            number=number,
        ):
            await asyncio.sleep(0.02)


async def be_silent_for(engine, secs):
    await engine.db.execute(
        "update runs set beat_at = now() - make_interval(secs => :secs)", secs=secs
    )


async def soon(verb):
    """Again until PostgreSQL has noticed that the process is gone."""
    async with asyncio.timeout(WAIT_SECS):
        while True:
            try:
                return await verb()
            except Conflict:
                await asyncio.sleep(0.05)


async def test_a_run_at_the_command_line_that_is_broken_off_is_interrupted_at_once(engine, url):
    process = to_be_killed(url)
    assert await asyncio.to_thread(process.stdout.readline) == b"started\n"

    process.send_signal(signal.SIGINT)
    await asyncio.to_thread(process.communicate)

    (run,) = await runs_of(engine, "long")
    assert (run.state, run.result) == (RunState.INTERRUPTED, "The engine was stopped meanwhile.")


async def test_an_engine_that_stops_says_that_its_runs_were_interrupted(engine):
    begun = asyncio.Event()

    async def run(note):
        begun.set()
        await asyncio.sleep(600)

    clock = schedules_of(engine, Task("wait", "Wait", "Waits.", "off", run))
    running = asyncio.create_task(clock.run())
    await clock.start(ROOT, "wait")
    # What is cancelled before its first step leaves no trace.
    await begun.wait()

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    run = await clock.newest("wait")
    assert (run.state, run.result) == (RunState.INTERRUPTED, "The engine was stopped meanwhile.")


async def test_old_runs_are_forgotten_but_the_newest_of_each_task(engine):
    runs = []
    clock = schedules_of(engine, counting(runs), counting(runs, "other"))
    for name in ("count", "count", "other"):
        await clock.run_here(ROOT, name, lambda line: None)
    await engine.db.execute("update runs set ended_at = now() - interval '31 days'")

    done = await clock.run_here(ROOT, "forget-runs", lambda line: None)

    assert done.result == "1 run older than 30 days removed."
    assert sorted(run.task for run in await runs_of(engine, None)) == [
        "count",
        "forget-runs",
        "other",
    ]


async def test_nobody_else_starts_or_stops(engine, ada, edith, alan, events_of):
    clock = schedules_of(engine, waiting())
    run = await clock.start(ada, "wait")
    before = await events_of()

    for stranger in (edith, alan):
        with pytest.raises(Forbidden):
            await clock.start(stranger, "wait")
        with pytest.raises(Forbidden):
            await clock.stop(stranger, run.number)
        with pytest.raises(Forbidden):
            await clock.tasks(stranger)
    with pytest.raises(NotFound, match="there are: wait, forget-runs"):
        await clock.start(ada, "nothing")

    assert await events_of() == before
    assert (await clock.newest("wait")).state is RunState.RUNNING
    await clock.interrupt()


async def test_the_configuration_knows_every_task_by_its_name(engine, ada):
    tasks = await engine.services.jobs.tasks(ada)

    assert {task.name for task in tasks} == set(TASK_NAMES)


async def test_every_task_of_our_own_does_its_work(engine, ada):
    clock = engine.services.jobs
    await clock.register()
    await engine.services.config_history.note_changes(engine.config)

    done = {
        task.name: await clock.run_here(ROOT, task.name, lambda line: None)
        for task in await clock.tasks(ada)
    }

    assert {name: run.state for name, run in done.items()} == dict.fromkeys(
        done, RunState.SUCCEEDED
    )
    assert done["verify-audit"].result.startswith("The audit trail is intact: ")
    assert len(done) >= 7


async def test_runs_and_tasks_by_graphql(ask, engine, ada):
    await engine.services.jobs.register()
    start = "mutation ($name: String!) { runMaintenanceTask(input: {name: $name}) { run { id } } }"

    begun = await ask(ada, start, name="analyze")
    run = await ended(engine, "analyze")
    body = await ask(
        ada,
        """{
          scheduledTasks { name schedule timeZone nextRunAt isRunning lastRun { state result } }
          taskRuns(first: 1, task: "analyze") {
            totalCount pageInfo { hasNextPage } nodes { id state startedBy lines }
          }
        }""",
    )

    assert begun["data"]["runMaintenanceTask"]["run"]["id"] == run.id
    (task,) = [one for one in body["data"]["scheduledTasks"] if one["name"] == "analyze"]
    assert (task["timeZone"], task["isRunning"]) == ("UTC", False)
    assert task["lastRun"]["state"] == "SUCCEEDED"
    assert datetime.fromisoformat(task["nextRunAt"]) < datetime.now(UTC) + timedelta(days=1)
    assert body["data"]["taskRuns"] == {
        "totalCount": 1,
        "pageInfo": {"hasNextPage": False},
        "nodes": [
            {"id": run.id, "state": "SUCCEEDED", "startedBy": ada.label, "lines": ["analyze"]}
        ],
    }
