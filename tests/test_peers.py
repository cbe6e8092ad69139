"""The benchmark's contestants: they start, and nobody is measured who does not say the same."""

from dataclasses import replace

import pytest
from bench.engines import filled_database
from bench.load import NotMeasured
from bench.peers import setting
from bench.peers.answers import must_agree
from bench.peers.contestants import ARIADNE, BARE, ENGINE, EVERYBODY, MERCURIUS, STRAWBERRY
from bench.peers.followers import followed
from bench.peers.requests import agree, plan
from bench.peers.stage import running, stage
from bench.peers.workloads import Workload
from bench.peers.wrk import load

USERS = 600


@pytest.fixture(scope="module")
def bench():
    with filled_database(USERS) as filled:
        yield filled


@pytest.fixture(scope="module")
def people(bench):
    return setting.people(bench.url)


def test_python_peers_answer_and_write_as_the_engine_does(bench, people):
    with stage((ENGINE, BARE, STRAWBERRY), bench.url) as everybody:
        plans = {name: plan(bench, one, people) for name, one in everybody.items()}
        before = setting.events(bench.url)

        agree(bench, everybody, plans, people)

        # Each granted and revoked once; the second time of each changed nothing.
        assert setting.events(bench.url) == before + 2 * len(everybody)

        wrong = Workload("far page", [("{ users(first: 50) { nodes { id } } }", {})])
        plans[STRAWBERRY] = {**plans[STRAWBERRY], "far page": wrong}
        with pytest.raises(NotMeasured, match=f"far page: {ENGINE} says"):
            agree(bench, everybody, plans, people)


def test_answers_that_differ_are_not_measured():
    told = {"data": [{"createdAt": "2026-01-02T03:04:05.678901+00:00", "roles": ["EDITOR"]}]}
    in_javascript = {"data": [{"createdAt": "2026-01-02T03:04:05.678Z", "roles": ["EDITOR"]}]}
    must_agree("list", {"one": told, "other": in_javascript})

    with pytest.raises(NotMeasured, match="list: one says"):
        must_agree("list", {"one": told, "other": {"data": [{**told["data"][0], "roles": []}]}})
    with pytest.raises(NotMeasured, match="one says nothing"):
        must_agree("list", {"one": None, "other": None})


@pytest.mark.bench
def test_all_answer_and_write_the_same(bench, people):
    with stage(EVERYBODY, bench.url) as everybody:
        plans = {name: plan(bench, one, people) for name, one in everybody.items()}

        agree(bench, everybody, plans, people)


@pytest.mark.bench
@pytest.mark.parametrize("name", [MERCURIUS, ARIADNE])
def test_two_processes_answer_a_load(bench, people, name):
    with running(name, bench.url, workers=2) as one:
        viewer = plan(bench, one, people)["viewer"]
        one.wake()

        told = load(one.port, viewer, bench.token, 1)

        assert len(one.family()) >= 3
        assert told.requests > 10


@pytest.mark.bench
def test_a_load_that_is_refused_is_not_measured(bench, people):
    with running(BARE, bench.url) as one:
        viewer = plan(bench, one, people)["viewer"]
        one.wake()

        with pytest.raises(NotMeasured, match="requests failed"):
            load(one.port, replace(viewer, clients=2), "awe_wrong", 1)


@pytest.mark.bench
def test_followers_hear_of_every_change(bench):
    told = followed(bench, MERCURIUS, followers=20, seconds=1)

    assert (told.missed, told.doubled) == (0, 0)
    assert told.p50 <= told.p99


@pytest.mark.bench
def test_a_contestant_that_does_not_start_says_why(bench):
    with pytest.raises(NotMeasured, match="bare route does not start"):
        with running(BARE, f"{bench.url}&nonsense=1"):
            pass
