"""Percentiles of histograms, and counters until they are written."""

import random

import pytest

from aiwebengine.telemetry import histogram
from aiwebengine.telemetry.counters import KEPT_SECS, MAX_TIMINGS, OTHER, Counters, Slot
from aiwebengine.telemetry.histogram import BOUNDS_SECS, added, bucket_of, empty, percentile


def counted(durations):
    buckets = empty()
    for duration in durations:
        buckets[bucket_of(duration)] += 1
    return buckets


def test_nothing_has_no_percentile():
    assert percentile(empty(), 0.5) is None


def test_an_upper_end_belongs_to_its_bucket():
    assert [bucket_of(bound) for bound in BOUNDS_SECS] == list(range(len(BOUNDS_SECS)))
    assert bucket_of(31) == len(BOUNDS_SECS)


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_percentile_lies_in_the_bucket_of_the_true_one(share):
    random.seed(4)
    durations = sorted(random.lognormvariate(-4, 1.2) for _ in range(5_000))
    true = durations[int(share * len(durations)) - 1]

    found = percentile(counted(durations), share)

    place = bucket_of(true)
    assert (BOUNDS_SECS[place - 1] if place else 0) <= found <= BOUNDS_SECS[place]


def test_within_a_bucket_durations_are_taken_to_be_spread_evenly():
    buckets = counted([0.3] * 100)

    assert percentile(buckets, 0.5) == pytest.approx(0.375)
    assert percentile(buckets, 1.0) == pytest.approx(0.5)


def test_a_percentile_beyond_the_last_bound_is_that_bound():
    assert percentile(counted([100.0]), 0.99) == BOUNDS_SECS[-1]


def test_two_workers_have_the_percentiles_of_all_their_requests():
    fast, slow = [0.002] * 90, [0.8] * 10

    together = percentile(added(counted(fast), counted(slow)), 0.95)

    assert together == percentile(counted(fast + slow), 0.95)
    assert together > 0.5


def test_counts_that_could_not_be_written_are_written_once_with_the_next():
    counters = Counters()
    counters.answered(0.01, failed=False)
    counters.operation("query users", 0.01, failed=True)

    pending = counters.take()
    counters.give_back(pending)
    counters.answered(0.01, failed=True)
    again, after = counters.take(), counters.take()

    assert sum(slot.requests for slot in again.slots.values()) == 2
    assert sum(slot.errors for slot in again.slots.values()) == 1
    assert [timing.count for timing in again.timings.values()] == [1]
    assert not after.slots
    assert not after.timings


def test_no_more_than_an_hour_is_kept_while_the_database_is_away():
    counters = Counters()
    counters.answered(0.01, failed=False)
    pending = counters.take()
    old = counters.slot() - KEPT_SECS - 10

    counters.give_back(type(pending)({**pending.slots, old: Slot(requests=5)}, {}))

    assert sum(slot.requests for slot in counters.take().slots.values()) == 1


def test_statements_without_end_share_one_name():
    counters = Counters()
    for number in range(MAX_TIMINGS + 50):
        counters.statement(f"select {number}", 0.001, failed=False)

    names = {name: timing.count for (_, _, name), timing in counters.take().timings.items()}

    assert len(names) == MAX_TIMINGS + 1
    assert names[OTHER] == 50


def test_milliseconds_are_for_people():
    assert histogram.milliseconds(0.0123456) == 12.346
    assert histogram.milliseconds(None) is None
