"""Cron expressions in a time zone, around the hours that are skipped or come twice."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiwebengine.core.config import Maintenance
from aiwebengine.core.config_loader import ConfigError, load_config
from aiwebengine.core.cron import last_due, next_due

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


LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
# Half an hour, at 15:00 and 15:30 UTC; and the changes of Berlin.
CHANGES = [
    (ZoneInfo("UTC"), SPRING),
    (BERLIN, SPRING),
    (BERLIN, AUTUMN),
    (LORD_HOWE, datetime(2026, 4, 4, 15, tzinfo=UTC)),
    (LORD_HOWE, datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
]
FIELD = {
    "minute": st.sampled_from(["*", "*/20", "*/7", "0", "15", "30", "45", "5,35", "10-50/10"]),
    "hour": st.sampled_from(["*", "*/2", "*/5", "0", "1", "2", "3", "1-3", "2,14", "23"]),
    "day": st.sampled_from(["*", "*", "1", "4", "*/2", "L"]),
    "weekday": st.sampled_from(["*", "*", "0", "1-5", "7"]),
}


def test_half_an_hour_that_comes_twice_loses_no_time():
    around = [datetime(2026, 4, 4, hour, tzinfo=UTC) for hour in (14, 16)]
    after_the_change = datetime(2026, 4, 4, 15, 45, tzinfo=UTC)

    assert next_due("15 */2 * * *", LORD_HOWE, around[0]) == after_the_change
    assert last_due("15 */2 * * *", LORD_HOWE, around[1]) == after_the_change
    assert times("30 1 * * *", LORD_HOWE, around[0], 24) == ["14:30"]
    assert times("*/30 * * * *", LORD_HOWE, around[0], 2) == ["14:30", "15:00", "15:30"]


def test_half_an_hour_that_is_skipped_comes_at_the_change():
    begin = datetime(2026, 10, 3, 15, tzinfo=UTC)

    assert times("10 2 * * *", LORD_HOWE, begin, 20) == ["15:30"]
    assert times("10 2 * * *", LORD_HOWE, begin + timedelta(hours=1), 24) == ["15:10"]


@given(
    place=st.sampled_from(CHANGES),
    schedule=st.builds(" ".join, st.tuples(*(FIELD[one] for one in ("minute", "hour", "day")))),
    weekday=FIELD["weekday"],
    seconds=st.integers(-200_000, 200_000),
)
@settings(deadline=None, max_examples=400)
def test_the_next_due_time_is_the_first_that_is_the_last_due_one(place, schedule, weekday, seconds):
    zone, change = place
    schedule = f"{schedule} * {weekday}"
    now = change + timedelta(seconds=seconds)

    coming = next_due(schedule, zone, now)
    due = last_due(schedule, zone, now)

    assert coming > now >= due
    assert last_due(schedule, zone, coming) == coming
    assert last_due(schedule, zone, coming - timedelta(seconds=1)) == due
    assert next_due(schedule, zone, due - timedelta(seconds=1)) == due


def test_one_file_knows_the_library_of_cron_expressions():
    package = Path(__file__).parents[2] / "server" / "aiwebengine"

    found = [
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if re.search(r"\b(import|from) +cronsim\b|\bCronSim\(", file.read_text())
    ]

    assert found == ["core/cron.py"]


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
