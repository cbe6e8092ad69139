"""What authors write about the times of a schedule, and the times that follow."""

from datetime import UTC, datetime, timedelta

import pytest

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_schedules import plans
from aiwebengine.script_schedules.plans import Plan, every_plan, once_plan, plan_of

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def test_a_cron_expression_has_a_time_zone():
    berlin = plan_of("here", {"cron": "0 2 * * *", "timeZone": "Europe/Berlin"})

    assert plan_of("here", "0  2 * * *") == Plan("cron", cron="0 2 * * *")
    assert berlin.first(NOW) == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    # Daylight saving time.
    assert berlin.next(NOW, NOW + timedelta(days=60)) == datetime(2026, 5, 1, 0, 0, tzinfo=UTC)


def test_an_interval_is_counted_from_its_beginning():
    plan = plan_of("here", {"every": "5m"})

    assert plan.first(NOW) == NOW + timedelta(minutes=5)
    late = NOW + timedelta(minutes=17, seconds=3)
    assert plan.next(NOW, late) == NOW + timedelta(minutes=20)
    assert plan.next(NOW, NOW + timedelta(minutes=5)) == NOW + timedelta(minutes=10)
    assert plan.next(NOW + timedelta(hours=1), NOW) == NOW + timedelta(minutes=5)


def test_an_interval_may_begin_later_or_may_have_begun():
    plan = every_plan("here", "1h", "2026-03-01T13:30:00Z")

    assert plan.first(NOW) == datetime(2026, 3, 1, 13, 30, tzinfo=UTC)
    assert plan.first(NOW + timedelta(days=1)) == datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "found"),
    [
        ("2026-03-01T14:00:00+02:00", NOW),
        ("2026-03-01 12:00", NOW),
        (1_772_366_400_000, NOW),
        ({"in": "10m"}, NOW + timedelta(minutes=10)),
        ({"in": 1_500}, NOW + timedelta(seconds=1.5)),
        ({"in": 0}, NOW),
    ],
)
def test_a_time_can_be_written_in_several_ways(at, found):
    assert once_plan("here", at, NOW).first(NOW) == found


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("* * *", "five fields"),
        ("61 * * * *", "bad minute"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("off", "leave the schedule out"),
        (7, "a cron expression"),
        ({}, "either cron or every"),
        ({"cron": "* * * * *", "every": "1m"}, "either cron or every"),
        ({"cron": "* * * * *", "timeZone": "Mars/Olympus"}, "IANA"),
        ({"cron": "* * * * *", "timeZone": 7}, "a name such as"),
        ({"cron": ["* * * * *"]}, "five fields"),
        ({"every": "5 parsecs"}, "a duration such as"),
        ({"every": True}, "a duration such as"),
        ({"every": float("nan")}, "a duration such as"),
        ({"every": 99}, "at least 100 ms"),
        ({"every": "367d"}, "at most 366 days"),
    ],
)
def test_a_plan_that_can_not_be_used_is_refused_with_what_is_allowed(value, part):
    with pytest.raises(BadUserInput) as refused:
        plan_of("here", value)

    assert refused.value.message.startswith("here: ")
    assert part in refused.value.message


@pytest.mark.parametrize(
    "at", ["tomorrow", {}, {"on": 1}, {"in": "1d", "x": 1}, True, [], None, 1e300, float("nan")]
)
def test_a_time_that_is_none_is_refused(at):
    with pytest.raises(BadUserInput, match="here: found"):
        once_plan("here", at, NOW)


def test_times_near_the_end_of_the_calendar_are_refused_or_kept():
    assert once_plan("here", "9999-12-31T00:00:00Z", NOW).first(NOW).year == 9999
    with pytest.raises(BadUserInput):
        plans.time_of("here", "9999-12-31T23:59:59-23:59")
