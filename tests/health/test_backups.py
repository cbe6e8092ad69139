"""The check of backups asks the scheduler when one was due, and reports a failed run."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.conftest import configured

from aiwebengine.app.engine import Engine
from aiwebengine.backups.types import BackupRunKind, BackupRunState
from aiwebengine.core.config import Backup, Maintenance
from aiwebengine.core.cron import last_due
from aiwebengine.core.identity import operator
from aiwebengine.health import backups
from aiwebengine.health.backups import BackupHistory, backup
from aiwebengine.health.types import HealthState

ROOT = operator("root")
OK, FAILING, UNKNOWN = HealthState.OK, HealthState.FAILING, HealthState.UNKNOWN
UTC_ZONE = ZoneInfo("UTC")
NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=30)
ZONES = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Tokyo"]


async def seen(history, *, due=lambda now: last_due("0 2 * * *", UTC_ZONE, now), started=LONG_AGO):
    async def look():
        return history

    return await backup(due, look, started).see()


def engine_with(url, tmp_path, *, zone="UTC", override=None, schedule="0 2 * * *"):
    """An engine that is never started: only its schedules and its check are asked."""
    config = configured(tmp_path)
    schedules = {} if override is None else {"backup": override}
    return Engine(
        config.model_copy(
            update={
                "backup": Backup(directory=tmp_path / "backups", schedule=schedule),
                "maintenance": Maintenance(timezone=zone, schedules=schedules),
            }
        ),
        url,
    )


class Clock(datetime):
    """The module's clock, set by the test."""

    at = NOW

    @classmethod
    def now(cls, tz=None):
        return cls.at.astimezone(tz)


@pytest.mark.parametrize(
    ("age", "state"), [(timedelta(hours=1), OK), (timedelta(hours=49), FAILING), (None, FAILING)]
)
async def test_a_backup_that_is_late_is_failing(age, state):
    found = await seen(BackupHistory(None if age is None else NOW - age))

    assert found.state is state


async def test_a_backup_that_was_not_due_yet_is_not_missed():
    found = await seen(BackupHistory(None), started=NOW)

    assert found.state is UNKNOWN


@pytest.mark.parametrize("process_zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize("zone", ZONES)
async def test_a_backup_made_on_time_is_ok_at_every_hour_of_the_day(
    zone, process_zone, url, tmp_path, monkeypatch
):
    monkeypatch.setenv("TZ", process_zone)
    monkeypatch.setattr(backups, "datetime", Clock)
    schedules = engine_with(url, tmp_path, zone=zone).services.jobs
    states = []
    for hour in range(24):
        Clock.at = datetime(2026, 11, 27, hour, 30, tzinfo=UTC)
        made = schedules.last_due("backup", Clock.at) + timedelta(minutes=3)
        found = await seen(BackupHistory(made), due=lambda now: schedules.last_due("backup", now))
        states.append(found.state)

    assert states == [OK] * 24


async def test_an_override_of_the_schedule_counts(url, tmp_path, monkeypatch):
    monkeypatch.setattr(backups, "datetime", Clock)
    Clock.at = datetime(2026, 11, 27, 12, tzinfo=UTC)
    schedules = engine_with(url, tmp_path, override="0 9 * * *").services.jobs
    made = BackupHistory(datetime(2026, 11, 27, 2, 3, tzinfo=UTC))

    found = await seen(made, due=lambda now: schedules.last_due("backup", now))

    assert found.state is FAILING
    assert found.detail.endswith("a backup was due at 2026-11-27 09:00 UTC.")


@pytest.mark.parametrize("where", ["backup.schedule", "maintenance.schedules"])
async def test_a_schedule_that_is_off_is_unknown_and_never_failing(url, tmp_path, where):
    setting = {"override": "off"} if where == "maintenance.schedules" else {"schedule": "off"}
    schedules = engine_with(url, tmp_path, **setting).services.jobs

    for newest in (None, NOW - timedelta(days=400)):
        found = await seen(BackupHistory(newest), due=lambda now: schedules.last_due("backup", now))
        assert (found.state, "disabled" in found.detail) == (UNKNOWN, True)
    assert schedules.is_off("backup")
    assert schedules.next_due("backup") is None


async def test_a_run_that_failed_is_failing_while_the_schedule_is_off():
    failed = BackupHistory(NOW - timedelta(days=1), failed_at=NOW, problem="No space is left.")

    found = await seen(failed, due=lambda _: None)

    assert found.state is FAILING
    assert found.detail.endswith(": No space is left.")


async def test_a_schedule_that_changed_owes_nothing_of_before(engine):
    schedules = engine.services.jobs
    await schedules.register()
    changed = await schedules.changed_at("backup")
    due = schedules.last_due("backup")
    await engine.db.execute(
        "update scheduled_tasks set since = :due where name = 'backup'", due=due
    )

    assert changed is not None
    assert await schedules.changed_at("backup") is None
    late = BackupHistory(NOW - timedelta(days=3), schedule_changed_at=NOW)
    assert (await seen(late)).state is OK


async def test_a_run_that_failed_is_failing_until_the_next_good_one(engine, monkeypatch):
    services = engine.services
    made = await services.backups.create(ROOT)
    check = own_check(engine)
    well = await check.see()
    monkeypatch.setattr("aiwebengine.backups.create.write", broken)
    with pytest.raises(ZeroDivisionError):
        await services.backups.create(ROOT)
    failed = await check.see()
    board = {item.name: item for item in (await services.maintenance.board(ROOT)).items}
    monkeypatch.undo()
    await services.backups.create(ROOT)
    (newest, *_) = await services.backups.runs(ROOT, [BackupRunKind.CREATE], None, 1)

    assert made.name
    assert well.state is OK
    assert failed.state is FAILING
    assert failed.detail.startswith("The last backup failed on")
    assert board["backup"].state.name == "ATTENTION"
    assert newest.state is BackupRunState.SUCCEEDED
    assert (await check.see()).state is OK


def broken(*_):
    raise ZeroDivisionError


def own_check(engine):
    (check,) = [one.check for one in engine.services.health._others if one.check.name == "backup"]
    return check


async def test_the_check_of_an_engine_asks_for_its_zone_and_override(url, tmp_path, monkeypatch):
    monkeypatch.setattr(backups, "datetime", Clock)
    soon = datetime.now(UTC) + timedelta(minutes=5)
    in_tokyo = soon.astimezone(ZoneInfo("Asia/Tokyo"))
    override = f"{in_tokyo.minute} {in_tokyo.hour} * * *"
    engine = engine_with(url, tmp_path, zone="Asia/Tokyo", override=override)
    await engine.prepare()
    await engine.services.backups.create(ROOT)
    Clock.at = datetime.now(UTC)
    at_once = await own_check(engine).see()
    # In UTC that time of day comes nine hours later.
    Clock.at = soon + timedelta(hours=4)
    missed = await own_check(engine).see()
    await engine.db.disconnect()

    assert at_once.state is OK
    assert missed.state is FAILING
    assert missed.detail.endswith(f"a backup was due at {soon:%Y-%m-%d %H:%M} UTC.")


async def test_the_check_of_an_engine_whose_schedule_is_off_says_so(url, tmp_path):
    engine = engine_with(url, tmp_path, override="off")
    await engine.prepare()
    found = await own_check(engine).see()
    await engine.db.disconnect()

    assert (found.state, "disabled" in found.detail) == (UNKNOWN, True)


async def test_a_backup_dated_in_the_future_is_failing_and_hides_no_missing_ones():
    for made in (NOW + timedelta(days=400), datetime.max.replace(tzinfo=UTC)):
        found = await seen(BackupHistory(made))

        assert found.state is FAILING
        assert "in the future" in found.detail


async def test_a_clock_a_little_ahead_makes_no_backup_one_of_the_future():
    found = await seen(BackupHistory(datetime.now(UTC) + timedelta(minutes=2)))

    assert found.state is OK
