"""Cron expressions in a time zone, around the hours that are skipped or come twice."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiwebengine.config import Maintenance
from aiwebengine.config_loader import ConfigError, load_config
from aiwebengine.schedules.cron import last_due, next_due

BERLIN = ZoneInfo("Europe/Berlin")
SCHEDULES = ["30 2 * * *", "0 3 * * *", "*/20 * * * *", "0 * * * *", "15 1-3 * * *", "0 2 * * 0"]
# The clocks of Berlin go forward on 29 March and back on 25 October 2026, at 1:00 UTC.
SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)


def times(schedule, zone, begin, hours):
    found, now = [], begin
    while (now := next_due(schedule, zone, now)) < begin + timedelta(hours=hours):
        found.append(now.strftime("%H:%M"))
    return found


def test_a_time_that_summer_time_skips_comes_at_the_change():
    assert times("30 2 * * *", BERLIN, SPRING, 24) == ["01:00"]


def test_a_time_that_comes_twice_is_due_once():
    assert times("30 2 * * *", BERLIN, AUTUMN, 24) == ["00:30"]


def test_every_hour_is_every_hour_through_both_changes():
    hours = [f"{hour:02}:00" for hour in range(1, 6)]

    assert times("0 * * * *", BERLIN, SPRING, 6) == hours
    assert times("0 * * * *", BERLIN, AUTUMN, 6) == hours


def test_the_zone_decides_when_a_day_begins():
    now = datetime(2026, 7, 1, 12, tzinfo=UTC)

    assert next_due("0 2 * * *", ZoneInfo("UTC"), now) == datetime(2026, 7, 2, 2, tzinfo=UTC)
    assert next_due("0 2 * * *", BERLIN, now) == datetime(2026, 7, 2, 0, tzinfo=UTC)
    assert next_due("off", BERLIN, now) is None
    assert last_due("off", BERLIN, now) is None


@given(
    schedule=st.sampled_from(SCHEDULES),
    begin=st.sampled_from([SPRING, AUTUMN]),
    seconds=st.integers(-100_000, 100_000),
)
@settings(deadline=None)
def test_looking_back_finds_what_looking_forward_finds(schedule, begin, seconds):
    now = begin + timedelta(seconds=seconds)

    due = last_due(schedule, BERLIN, now)

    assert due <= now
    assert next_due(schedule, BERLIN, due - timedelta(seconds=1)) == due
    assert next_due(schedule, BERLIN, due) > now


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("TIMEZONE", "Mars/Olympus", "maintenance.timezone: found 'Mars/Olympus'; allowed: a time"),
        ("TIMEZONE", "../etc/passwd", "a time zone of the IANA database"),
        ("SCHEDULES__ANALYZE", "@daily", "maintenance.schedules.analyze: found '@daily'; allowed"),
        ("SCHEDULES__ANALYZE", "0 0 0 2 * *", "five fields"),
        ("SCHEDULES__ANALYZE", "61 2 * * *", "(bad minute)"),
        ("SCHEDULES__ANALYZE", "0 0 31 2 *", "(bad day-of-month)"),
        ("KEEP_RUNS_DAYS", "0", "maintenance.keep_runs_days"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_says_what_is_allowed(key, value, told):
    with pytest.raises(ConfigError) as refused:
        load_config(environ={f"APP_MAINTENANCE__{key}": value})

    assert told in str(refused.value)


def test_the_schedule_of_backups_is_checked_too():
    with pytest.raises(ConfigError, match=r"backup\.schedule: found 'daily'"):
        load_config(environ={"APP_BACKUP__SCHEDULE": "daily"})


def test_a_task_may_be_named_as_environment_variables_can():
    config = load_config(environ={"APP_MAINTENANCE__SCHEDULES__END_GRANTS": "0  5 * * *"})

    assert config.maintenance.schedules == {"end-grants": "0 5 * * *"}
    assert Maintenance().timezone == "UTC"
