"""Proving backups: verification and drills; and clearing them away."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.backups.archives import rewritten
from tests.backups.test_restore import spoilt

from aiwebengine.backups.cluster_store import name_of
from aiwebengine.backups.retention import superfluous
from aiwebengine.backups.sealed import PIECE, WrongPassphrase, opened, sealed
from aiwebengine.backups.types import BackupRunKind, BackupRunState, BackupState
from aiwebengine.core.config import Backup
from aiwebengine.core.errors import Conflict, NotFound


async def test_a_verified_backup_says_when(backups, ada, events_of):
    made = await backups.create(ada)

    checked = await backups.verify(ada, made.name)

    assert checked.state is BackupState.COMPLETE
    assert checked.verified_at is not None
    assert (await events_of())[-1] == "backup.verified"


@pytest.mark.parametrize("part", ["database.dump", "configuration.json"])
async def test_one_changed_byte_is_found_and_stays_known(backups, ada, folder, part, rows):
    made = await backups.create(ada)
    spoilt(folder / made.name, part)

    checked = await backups.verify(ada, made.name)
    listed = (await backups.all(ada))[0]

    assert checked.state is BackupState.DAMAGED
    assert listed.state is BackupState.DAMAGED
    assert listed.problem == checked.problem
    assert await backups.newest() is None
    assert rows("select after ->> 'ok' from audit_events where action = 'backup.verified'") == [
        ("false",)
    ]


async def test_a_drill_proves_the_newest_backup_and_leaves_nothing(
    backups, ada, databases, events_of, engine
):
    await backups.create(ada)
    made = await backups.create(ada)
    await engine.services.chain.seal()

    run = await backups.drill(ada)

    assert (run.state, run.backup_name) == (BackupRunState.SUCCEEDED, made.name)
    assert {check["name"] for check in run.details["checks"]} == {
        *("rows", "health", "users", "roles", "audit", "chain", "scripts", "secrets", "removals")
    }
    assert databases() == ["it"]
    assert (await events_of())[-1] == "drill.run"
    assert (await backups.find(ada, made.name)).drilled_at is not None


async def test_a_failed_drill_reports_the_problem_and_leaves_nothing(
    backups, ada, folder, databases
):
    made = await backups.create(ada)
    spoilt(folder / made.name, "database.dump")

    run = await backups.drill(ada)

    assert run.state is BackupRunState.FAILED
    assert run.problem
    assert run.details["checks"][-1]["ok"] is False
    assert databases() == ["it"]


async def test_a_drill_notices_a_trail_that_was_tampered_with(backups, ada, engine):
    await engine.services.chain.seal()
    async with engine.db.transaction():
        await engine.db.execute("set local session_replication_role = replica")
        await engine.db.execute("update audit_events set actor_label = 'nobody'")
    await backups.create(ada)

    run = await backups.drill(ada)

    assert run.state is BackupRunState.FAILED
    assert "chain" in run.problem


async def test_a_drill_without_a_backup_says_what_to_do(backups, ada):
    with pytest.raises(NotFound, match="backup create"):
        await backups.drill(ada)


async def test_the_only_good_backup_can_not_be_deleted(backups, ada, folder, events_of):
    first = await backups.create(ada)
    with pytest.raises(Conflict, match="only good backup"):
        await backups.delete(ada, first.name)
    second = await backups.create(ada)

    await backups.delete(ada, first.name)

    assert [entry.name for entry in folder.iterdir()] == [second.name]
    assert (await events_of())[-1] == "backup.deleted"


@pytest.mark.parametrize("name", ["../config.toml", "/etc/passwd", "x", "aiwebengine-x.tar", ""])
async def test_a_name_that_is_none_of_ours_leads_nowhere(backups, ada, name):
    for verb in (backups.verify, backups.delete, backups.restore):
        with pytest.raises(NotFound):
            await verb(ada, name)


def named(days, now=None):
    at = (now or datetime(2026, 6, 15, 2, tzinfo=UTC)) - timedelta(days=days)
    return f"aiwebengine-{at:%Y%m%d-%H%M%S}-abcdef.tar"


NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def kept(names, good=None, **rules):
    gone = superfluous(names, names if good is None else good, Backup(**rules), NOW)
    return sorted(set(names) - set(gone), reverse=True)


def test_young_archives_are_kept_and_one_of_each_older_day_week_and_month():
    names = [named(days) for days in range(400)]

    left = kept(names, retention_days=10, keep_daily=12, keep_weekly=4, keep_monthly=6)

    assert left[:12] == names[:12]
    months = {name[12:18] for name in left}
    assert months == {"202606", "202605", "202604", "202603", "202602", "202601"}
    assert len(left) < 25


def test_the_newest_good_one_stays_however_old_it_is():
    names = [named(days) for days in (1, 500, 600)]

    left = kept(
        names, good=names[1:], retention_days=5, keep_daily=0, keep_weekly=0, keep_monthly=0
    )

    assert left == names[:2]


async def test_pruning_removes_what_no_rule_keeps_and_a_dry_run_nothing(
    backups, ada, folder, events_of, server, url, databases
):
    made = await backups.create(ada)
    old = named(900)
    rewritten(folder / made.name, to=folder / old)
    name = name_of(url)
    server.run(f"create database {name}_before_20200101000000000000")
    before = await events_of()

    dry = await backups.prune(ada, dry_run=True)
    unchanged = await events_of() == before and (folder / old).exists()
    # The only one of its month and, in the rules' eyes, worth keeping: not by these.
    engine_rules = backups._config.backup.model_copy(
        update={"keep_daily": 0, "keep_weekly": 0, "keep_monthly": 0}
    )
    backups._config.__dict__["backup"] = engine_rules
    done = await backups.prune(ada)

    assert unchanged
    assert dry.local == []
    assert done.local == [old]
    assert done.databases == [f"{name}_before_20200101000000000000"]
    assert [entry.name for entry in folder.iterdir()] == [made.name]
    assert databases() == ["it"]
    assert (await events_of())[len(before) :] == ["backup.deleted"]


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_was_sealed_is_opened_whole(size):
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]

    whole = b"".join(sealed("correct horse battery", [content]))

    assert b"".join(opened("correct horse battery", [whole[:100], whole[100:]])) == content
    for cut in (whole[:-1], whole[: len(whole) // 2], whole + b"x"):
        with pytest.raises(WrongPassphrase):
            b"".join(opened("correct horse battery", [cut]))


async def test_runs_are_paged_newest_first(backups, ada):
    made = await backups.create(ada)
    for _ in range(3):
        await backups.verify(ada, made.name)

    first = await backups.runs(ada, list(BackupRunKind), None, 2)
    rest = await backups.runs(ada, list(BackupRunKind), first[1].number, 2)

    assert [one.kind for one in first] == [BackupRunKind.VERIFY] * 3
    assert [one.kind for one in rest] == [BackupRunKind.VERIFY, BackupRunKind.CREATE]
    assert await backups.count_runs(ada, list(BackupRunKind)) == 4
