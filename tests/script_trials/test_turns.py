"""Trials of one person do not keep those of others waiting."""

import asyncio

import pytest

from aiwebengine.core.errors import LimitExceeded
from aiwebengine.core.identity import operator
from aiwebengine.script_trials.service import MOST_TRIALS, MOST_WAITING_OF_ONE, ScriptTrials

ADA, ALAN = operator("ada"), operator("alan")


@pytest.fixture
def trials():
    """The turns need neither scripts nor an audit trail."""
    return ScriptTrials(None, None)


async def test_one_person_runs_one_trial_at_a_time(trials):
    begun, end = [], asyncio.Event()

    async def run(viewer):
        async with trials._own_turn(viewer), trials._turns:
            begun.append(viewer)
            await end.wait()

    running = [asyncio.create_task(run(ADA)) for _ in range(MOST_WAITING_OF_ONE + 1)]
    await asyncio.sleep(0)
    with pytest.raises(LimitExceeded, match="5 trials of yours"):
        await run(ADA)
    running.append(asyncio.create_task(run(ALAN)))
    async with asyncio.timeout(60):
        while len(begun) < MOST_TRIALS:
            await asyncio.sleep(0.01)

    assert begun == [ADA, ALAN]
    end.set()
    await asyncio.gather(*running)
    assert begun.count(ADA) == MOST_WAITING_OF_ONE + 1
