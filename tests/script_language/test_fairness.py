"""Checks of one person take turns with those of others, in all workers of an instance."""

import asyncio
import json
import time

import pytest
from tests.script_language.conftest import tree
from tests.script_language.test_hostile import ENDLESS

from aiwebengine.core.errors import LimitExceeded, Unavailable
from aiwebengine.core.identity import operator
from aiwebengine.script_language import queue_state, queueing
from aiwebengine.script_language.admission import Admission
from aiwebengine.script_language.checking import TypeChecker
from aiwebengine.script_language.process import Bounds
from aiwebengine.script_language.queue_state import HALF_LIFE_SECS, STALE_SECS, Part, State, Waiter
from aiwebengine.script_language.queueing import MAKE_WAY_SECS, FairQueue

ADA, ALAN, EDITH = (operator(name) for name in ("ada", "alan", "edith"))


@pytest.fixture
def workers(tmp_path):
    """The queues of two workers of an instance, which let in one at a time."""
    return [FairQueue(lambda: tmp_path, "a.queue", 1) for _ in range(2)]


class Asked:
    """Requests in the order in which they were made, each of which ends at a signal."""

    def __init__(self):
        self.begun, self.ends, self.tasks = [], {}, []

    async def ask(self, queue, viewer, script):
        """Ask for a turn, of which the other workers know then."""
        name = f"{_name(viewer)} {script}"
        self.ends[name] = asyncio.Event()
        self.tasks.append(asyncio.create_task(self._run(queue, viewer, script, name)))
        await asyncio.sleep(0)
        return self.tasks[-1]

    async def _run(self, queue, viewer, script, name):
        async with queue.turn(viewer, script):
            self.begun.append(name)
            await self.ends[name].wait()

    async def end_all(self):
        """End each as soon as it has begun; the order in which they began."""
        while not all(task.done() for task in self.tasks):
            for name in self.begun:
                self.ends[name].set()
            await asyncio.sleep(0.01)
        await asyncio.gather(*self.tasks)
        return self.begun


@pytest.fixture
def patient(monkeypatch):
    """A machine that is busy with something else for a while changes nothing."""
    monkeypatch.setattr(queueing, "WAIT_SECS", 300.0)
    monkeypatch.setattr(queueing, "WHOLE_SECS", 600.0)
    monkeypatch.setattr(queue_state, "STALE_SECS", 300.0)


@pytest.fixture
def asked(patient):
    return Asked()


async def test_nobody_takes_two_turns_while_another_person_waits(workers, asked):
    queue = workers[0]
    for script in ("a", "b", "c"):
        await asked.ask(queue, ADA, script)
    await asked.ask(queue, ALAN, "d")
    await asked.ask(queue, EDITH, "e")

    assert await asked.end_all() == ["ada a", "alan d", "edith e", "ada b", "ada c"]


async def test_turns_are_fair_between_workers(workers, asked):
    first, second = workers
    for script in ("a", "b", "c"):
        await asked.ask(first, ADA, script)
    await asked.ask(second, ALAN, "d")
    await asked.ask(second, ALAN, "e")

    assert await asked.end_all() == ["ada a", "alan d", "ada b", "alan e", "ada c"]


async def test_of_one_person_one_runs_at_a_time(tmp_path, asked):
    first, second = (FairQueue(lambda: tmp_path, "a.queue", 2) for _ in range(2))
    await asked.ask(first, ADA, "a")
    await asked.ask(second, ADA, "b")
    await asked.ask(first, ALAN, "c")
    await _until(lambda: len(asked.begun) == 2)

    assert asked.begun == ["ada a", "alan c"]
    assert await asked.end_all() == ["ada a", "alan c", "ada b"]


async def test_people_of_one_script_make_way_for_another_script(workers, asked):
    queue = workers[0]
    await asked.ask(queue, ADA, "busy")
    await asked.ask(queue, ALAN, "busy")
    await asked.ask(queue, EDITH, "quiet")

    assert await asked.end_all() == ["ada busy", "edith quiet", "alan busy"]


@pytest.mark.parametrize("other", [0, 1])
async def test_a_newer_check_of_a_script_replaces_the_one_that_waits(workers, asked, other):
    await asked.ask(workers[0], ALAN, "x")
    older = await asked.ask(workers[0], ADA, "a")
    await asked.ask(workers[other], ADA, "b")
    await asked.ask(workers[other], ADA, "a")

    with pytest.raises(LimitExceeded, match="A newer check of this script"):
        await older
    asked.tasks.remove(older)
    assert sorted(await asked.end_all()) == ["ada a", "ada b", "alan x"]


async def test_a_replaced_check_keeps_its_place(workers, asked):
    queue = workers[0]
    await asked.ask(queue, ALAN, "x")
    older = await asked.ask(queue, ADA, "a")
    await asked.ask(queue, EDITH, "b")
    await asked.ask(queue, ADA, "a")
    with pytest.raises(LimitExceeded):
        await older
    asked.tasks.remove(older)

    assert await asked.end_all() == ["alan x", "ada a", "edith b"]


async def test_the_requests_of_one_person_and_of_all_have_a_bound(workers, asked):
    queue = workers[0]
    for script in range(4):
        await asked.ask(queue, ADA, str(script))
    with pytest.raises(LimitExceeded, match="4 requests of yours"):
        async with queue.turn(ADA, "5"):
            pass
    for number in range(17):
        await asked.ask(queue, operator(f"o{number}"), "x")
    with pytest.raises(Unavailable, match="busy"):
        async with queue.turn(ALAN, "y"):
            pass

    assert len(await asked.end_all()) == 21


async def test_who_waits_too_long_is_refused(workers, monkeypatch):
    monkeypatch.setattr(queueing, "WAIT_SECS", 0.2)

    async with workers[0].turn(ADA, "a"):
        with pytest.raises(Unavailable, match="busy"):
            async with workers[1].turn(ALAN, "b"):
                pass
    async with workers[1].turn(ALAN, "b"):
        pass


async def test_one_that_is_cancelled_leaves_nothing(workers, tmp_path, asked):
    running = await asked.ask(workers[0], ADA, "a")
    waiting = await asked.ask(workers[1], ALAN, "b")
    for task in (waiting, running):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert json.loads((tmp_path / "a.queue").read_text())["parts"] == {}
    async with workers[1].turn(EDITH, "c"):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"turns": 1}', '{"parts": {"a": 1}}', "\0"])
async def test_a_damaged_file_is_an_empty_queue(workers, tmp_path, text):
    (tmp_path / "a.queue").write_text(text)

    async with workers[0].turn(ADA, "a"):
        pass


async def test_a_worker_that_has_ended_is_forgotten(workers, tmp_path):
    state = State()
    state.parts["gone"] = Part(
        time.time() - STALE_SECS - 1, [Waiter("1", "alan", "a", 0.0, 0.0)], ["edith"]
    )
    (tmp_path / "a.queue").write_text(json.dumps(state.written()))

    async with workers[0].turn(ADA, "a"):
        pass


def test_who_was_expensive_makes_way_for_who_was_not():
    state = State()
    state.update("w", Part(0.0, [Waiter("1", "alan", "a", 0.0, 0.0)], ["ada"]))
    state.spend("ada", 9.0, now=0.0)
    assert not state.must_make_way("ada", 0.0)

    state.spend("ada", 2.0, now=0.0)
    assert state.must_make_way("ada", 0.0)

    # On a slow machine, all are expensive: then nobody's time becomes shorter.
    state.spend("alan", 8.0, now=0.0)
    assert not state.must_make_way("ada", 0.0)
    assert state.spent("alan", HALF_LIFE_SECS) == 4.0


async def test_the_expensive_one_runs_on_while_nobody_waits(workers, asked, monkeypatch):
    monkeypatch.setattr(queue_state, "EXPENSIVE_SECS", 0.001)
    first, second = workers
    async with first.turn(ADA, "a"):
        await asyncio.sleep(0.1)
    async with first.turn(ADA, "a") as turn:
        assert turn.secs() > MAKE_WAY_SECS
        await asked.ask(second, ALAN, "b")
        await _until(lambda: turn.secs() == MAKE_WAY_SECS)
    assert turn.made_way

    assert await asked.end_all() == ["alan b"]


async def test_an_expensive_check_ends_while_another_person_waits(tmp_path, patient, monkeypatch):
    monkeypatch.setattr(queue_state, "EXPENSIVE_SECS", 0.01)
    queue, begun = FairQueue(lambda: tmp_path, "types.queue", 1), asyncio.Event()

    async def check(seconds):
        async with queue.turn(ADA, "a") as turn:
            begun.set()
            checker = TypeChecker(lambda: tmp_path, Bounds(seconds, 10**9, 10**6))
            return await checker.check(tree(ENDLESS), turn)

    await check(1.0)
    begun.clear()
    again = asyncio.create_task(check(600.0))
    await begun.wait()
    async with queue.turn(ALAN, "b"):
        found = await again

    assert found.diagnostics == []
    assert "takes more than 5 seconds, and others wait" in found.problem


async def test_one_person_formats_one_file_at_a_time():
    places, begun, end = Admission(2), [], asyncio.Event()

    async def enter(viewer):
        async with places.entered(viewer):
            begun.append(_name(viewer))
            await end.wait()

    tasks = [asyncio.create_task(enter(viewer)) for viewer in (ADA, ADA, ALAN)]
    await _until(lambda: len(begun) == 2)
    assert begun == ["ada", "alan"]
    end.set()
    await asyncio.gather(*tasks)

    assert begun == ["ada", "alan", "ada"]


async def _until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


def _name(viewer):
    return viewer.label.partition(" ")[0]
