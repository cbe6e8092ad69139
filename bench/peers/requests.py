"""Requests a second of everybody, by workload; everybody in turn, in changing order."""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping, Sequence

from bench.engines import Bench
from bench.load import NotMeasured
from bench.peers import setting
from bench.peers.answers import ask, must_agree, newest_event
from bench.peers.contestants import ENGINE, POSTGRAPHILE
from bench.peers.stage import Running, awake
from bench.peers.workloads import (
    GRANT,
    NEXT,
    REVOKE,
    Workload,
    changes,
    in_postgraphile,
    mixed,
    postgraphile_reads,
    reads,
)
from bench.peers.wrk import Load, load

WARM_UP_SECS = 1
# Of the requests in flight a few overtake each other, and then change nothing.
LEAST_WRITTEN = 0.9

Loads = dict[str, dict[str, list[Load]]]


def measured(
    bench: Bench, stage: Mapping[str, Running], rounds: int, seconds: int, only: Sequence[str] = ()
) -> Loads:
    """By workload and contestant, the load of each round. Raises NotMeasured."""
    people = setting.people(bench.url)
    plans = {name: plan(bench, one, people) for name, one in stage.items()}
    agree(bench, stage, plans, people)
    names = [name for name in next(iter(plans.values())) if not only or name in only]
    loads: Loads = {name: {one: [] for one in stage if name in plans[one]} for name in names}
    chance = random.Random(rounds)
    for _ in range(rounds):
        for workload in names:
            order = list(loads[workload])
            chance.shuffle(order)
            for one in order:
                with awake(stage[one]) as contestant:
                    load = _turn(bench, contestant, plans[one][workload], people, seconds)
                loads[workload][one].append(load)
            setting.settle(bench.url)
    return loads


def plan(bench: Bench, one: Running, people: Sequence[str]) -> dict[str, Workload]:
    """What the contestant is asked, by the name of the workload."""
    with awake(one):
        page = setting.far_page(bench.users)
        if one.name == POSTGRAPHILE:
            after = setting.cursor_before(one.port, bench.token, page, in_postgraphile(NEXT))
            return {workload.name: workload for workload in postgraphile_reads(after)}
        after = setting.cursor_before(one.port, bench.token, page)
    all_of_them = [*reads(after), changes(people), mixed(after, people)]
    return {workload.name: workload for workload in all_of_them}


def agree(
    bench: Bench,
    stage: Mapping[str, Running],
    plans: Mapping[str, Mapping[str, Workload]],
    people: Sequence[str],
) -> None:
    """Raise NotMeasured unless all answer the same to all, and write the same into the trail."""
    responses: dict[str, dict[str, object]] = {}
    for name, one in stage.items():
        setting.reset(bench.url, people)
        with awake(one):
            for workload in plans[name].values():
                if not workload.writing_share:
                    answer = ask(one.port, bench.token, workload.questions[0])
                    responses.setdefault(workload.name, {})[name] = answer
            if one.name == POSTGRAPHILE:
                continue
            for step, document in enumerate((GRANT, GRANT, REVOKE, REVOKE), 1):
                question = (document, {"input": {"userId": people[0], "role": "EDITOR"}})
                said = [ask(one.port, bench.token, question), list(newest_event(bench.url))]
                responses.setdefault(f"change {step}", {})[name] = said
    for what, answers in responses.items():
        must_agree(what, answers)


def _turn(
    bench: Bench, one: Running, workload: Workload, people: Sequence[str], seconds: int
) -> Load:
    try:
        _loaded(bench, one, workload, WARM_UP_SECS)
        if workload.writing_share:
            setting.reset(bench.url, people)
        before = setting.events(bench.url)
        load = _loaded(bench, one, workload, seconds)
        written = setting.events(bench.url) - before
        # A peer that has no answer in time has lost, which is a figure as well.
        if not load.requests and one.name == ENGINE:
            raise NotMeasured(f"not one answer in {seconds} s.")
    except NotMeasured as error:
        raise NotMeasured(f"{one.name}, {workload.name}: {error.message}") from None
    asked = load.requests * workload.writing_share
    if written < asked * LEAST_WRITTEN - workload.clients:
        raise NotMeasured(
            f"{one.name}, {workload.name}: {asked:.0f} changes were asked for, {written} written."
        )
    return load


def _loaded(bench: Bench, one: Running, workload: Workload, seconds: int) -> Load:
    try:
        return load(one.port, workload, bench.token, seconds)
    finally:
        # Put to sleep in the middle of a transaction, it would hold its locks against the others.
        setting.await_quiet(bench.url)


def medians(loads: Mapping[str, Sequence[Load]]) -> dict[str, float]:
    """Requests a second of each contestant."""
    return {
        name: statistics.median(one.per_second for one in rounds) for name, rounds in loads.items()
    }
