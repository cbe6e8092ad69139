"""The lists: decided by evidence, marked done by people, due again."""

import asyncio
from datetime import UTC, datetime, timedelta
from importlib import metadata

import pytest
from tests.access_reviews.test_reviews import ROOT
from tests.scripts_engine.sources import serving

from aiwebengine.access_reviews.types import Decision, ReviewDecision
from aiwebengine.core.errors import BadUserInput, Conflict, Forbidden, NotFound, Unavailable
from aiwebengine.core.identity import Role
from aiwebengine.core.resources import CONSTRAINTS
from aiwebengine.jobs.types import Task, TaskFailed
from aiwebengine.maintenance import evidence
from aiwebengine.maintenance.items import ITEMS
from aiwebengine.maintenance.service import Maintenance
from aiwebengine.maintenance.types import Finding, MaintenanceState
from aiwebengine.upgrades.packages import older_than_tested

STATES = ["NOT_YET", "DUE", "OVERDUE"]


@pytest.fixture
def board(engine):
    """The items by name, as they stand now."""

    async def board(maintenance=engine.services.maintenance):
        return {item.name: item for item in (await maintenance.board(ROOT)).items}

    return board


@pytest.fixture
def later(engine):
    """Let so many days pass: whatever the board goes by is that much older."""

    async def later(days):
        for table, column in [
            ("maintenance_board", "began_at"),
            ("maintenance_ticks", "at"),
            ("runs", "ended_at"),
            ("signing_keys", "created_at"),
            ("settings", "changed_at"),
            ("access_reviews", "finished_at"),
        ]:
            await engine.db.execute(
                f"update {table} set {column} = {column} - make_interval(secs => :secs)",
                secs=days * 86_400,
            )

    return later


def with_evidence(engine, **looks):
    found = {name.replace("_", "-"): look for name, look in looks.items()}
    return Maintenance(engine.db, engine.services.audit, found)


def seeing(finding):
    async def look():
        if isinstance(finding, Exception):
            raise finding
        return finding

    return look


async def test_every_line_of_the_guide_is_there_and_a_fresh_engine_is_not_overdue(engine):
    found = await engine.services.maintenance.board(ROOT)

    assert [item.name for item in found.items] == [item.name for item in ITEMS]
    assert (found.overdue, found.due) == (0, 0)
    counted = found.ok + found.due + found.overdue + found.attention + found.unknown
    assert counted + found.not_yet == len(ITEMS) == len({item.name for item in ITEMS})


# What is looked at each time: a look is evidence enough.
SEEN_EACH_TIME = {"health", "disk", "database-size", "dependencies", "scripts"}


async def test_on_a_fresh_engine_nothing_is_ok_without_evidence(engine, board):
    engine.services.health.look_from_outside(None)

    found = await board()

    dated = {item.name for item in found.values() if item.done_at is not None}
    well = {item.name for item in found.values() if item.state is MaintenanceState.OK}
    assert dated == {"secrets"}
    assert well <= SEEN_EACH_TIME | dated
    assert found["restore-drill"].state is MaintenanceState.NOT_YET
    assert found["restore-drill"].due_at is not None
    assert all(
        found[item.name].state is MaintenanceState.NOT_YET for item in ITEMS if item.by_people
    )


async def test_an_item_that_was_marked_done_does_not_ask_for_it(engine, ada, board):
    before = (await board())["documentation"]

    ticked = await engine.services.maintenance.tick(ada, "documentation", None)
    after = (await board())["documentation"]

    assert before.saw == "The engine can't check this. Mark it done when you have done it."
    assert ticked.saw == after.saw == f"Marked done by {ada.label} on {after.done_at:%Y-%m-%d}."


@pytest.mark.parametrize(("weekly", "days", "state"), [(6, 6, "OK"), (6, 13, "OVERDUE")])
async def test_what_is_done_once_a_week_is_not_due_each_day(engine, weekly, days, state):
    clock = engine.services.jobs
    now = datetime.now(UTC)
    clock._schedules["backup"] = f"0 2 * * {(now - timedelta(days=weekly)).isoweekday()}"
    made = clock.last_due("backup", now - timedelta(days=days - 1))
    found = with_evidence(
        engine, backup=seeing(evidence.by_schedule(clock, "Made.", made, "backup"))
    )

    (item,) = [one for one in (await found.board(ROOT)).items if one.name == "backup"]

    assert item.due_at == made + timedelta(days=7, hours=1)
    assert item.state.name == state


async def test_what_runs_by_no_schedule_is_unknown_and_says_so(engine):
    clock = engine.services.jobs
    clock._schedules["backup"] = "off"
    made = datetime.now(UTC) - timedelta(days=400)
    found = with_evidence(
        engine, backup=seeing(evidence.by_schedule(clock, "Made.", made, "backup"))
    )

    (item,) = [one for one in (await found.board(ROOT)).items if one.name == "backup"]

    assert (item.state, item.done_at) == (MaintenanceState.UNKNOWN, made)
    assert item.saw == "Made. The schedule of backup is disabled."


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("full-logs", (6, 8, 10)),
        ("documentation", (30, 32, 39)),
        ("disaster-drill", (91, 93, 107)),
        ("error-logs", (0.9, 1.2, 2)),
    ],
)
async def test_a_manual_item_becomes_due_then_overdue_and_ok_once_marked_done(
    engine, ada, board, later, name, days
):
    seen, passed = [], 0
    for day in days:
        await later(day - passed)
        passed = day
        seen.append((await board())[name].state.name)

    ticked = await engine.services.maintenance.tick(ada, name, " all fine ")
    await later(days[0])
    still = (await board())[name]
    await later(days[2] - days[0])

    assert seen == STATES
    assert (ticked.state, ticked.note) == (MaintenanceState.OK, "all fine")
    assert (still.state, still.done_by) == (MaintenanceState.OK, ada.label)
    assert (await board())[name].state is MaintenanceState.OVERDUE


async def test_each_tick_is_traced_with_its_note(engine, ada, events_of):
    await engine.services.maintenance.tick(ada, "documentation", "read all of it")
    await engine.services.maintenance.tick(ada, "documentation", None)

    assert (await events_of())[-2:] == ["maintenance.item_done"] * 2
    rows = await engine.db.all(
        "select target_label, reason, before from audit_events order by id desc limit 2"
    )
    assert [row["reason"] for row in rows] == [None, "read all of it"]
    assert rows[0]["before"].keys() == {"doneAt"}


async def test_what_is_decided_by_evidence_can_not_be_ticked(engine, ada, edith, events_of):
    before = await events_of()
    tick = engine.services.maintenance.tick

    with pytest.raises(Conflict, match="decided by evidence"):
        await tick(ada, "disk", None)
    with pytest.raises(NotFound, match="known items: health"):
        await tick(ada, "nothing", None)
    with pytest.raises(BadUserInput, match="note"):
        await tick(ada, "documentation", "x" * 501)
    with pytest.raises(Forbidden):
        await tick(edith, "documentation", None)

    assert await events_of() == before


async def test_what_nothing_is_known_of_is_unknown_until_somebody_ticks_it(engine, ada, board):
    maintenance = with_evidence(engine)
    before = (await board(maintenance))["backup"]

    ticked = await maintenance.tick(ada, "backup", "looked at the bucket")

    assert (before.state, before.can_be_ticked) == (MaintenanceState.UNKNOWN, True)
    assert ticked.state is MaintenanceState.OK


async def test_evidence_decides_and_marking_done_does_not_hide_a_failure(engine, ada, board):
    bad = seeing(Finding("12 errors since yesterday.", MaintenanceState.ATTENTION))
    maintenance = with_evidence(
        engine, error_logs=bad, disk=bad, backup=seeing(Finding("x", done_at=datetime.now(UTC)))
    )
    await maintenance.tick(ada, "error-logs", None)

    items = await board(maintenance)

    for name in ("error-logs", "disk"):
        assert items[name].state is MaintenanceState.ATTENTION
        assert items[name].saw == "12 errors since yesterday."
    assert (items["backup"].state, items["backup"].can_be_ticked) == (MaintenanceState.OK, False)


async def test_evidence_that_fails_leaves_the_others_standing(engine, board):
    async def frozen():
        await asyncio.sleep(600)

    maintenance = with_evidence(
        engine,
        health=seeing(ZeroDivisionError("pin 1234")),
        disk=seeing(Unavailable("It does not answer.")),
        backup=frozen,
        secrets=seeing(Finding("Fine.", MaintenanceState.OK)),
    )

    items = await board(maintenance)

    told = {name: items[name].saw for name in ("health", "disk", "backup", "secrets")}
    assert told["disk"] == "It does not answer."
    assert told["backup"].startswith("No answer within")
    assert "1234" not in told["health"]
    assert {items[name].state for name in ("health", "disk", "backup")} == {
        MaintenanceState.UNKNOWN
    }
    assert items["secrets"].state is MaintenanceState.OK


async def test_the_health_line_is_the_state_of_the_engine(engine, board):
    health = engine.services.health
    health.look_from_outside(None)
    up = (await board())["health"]
    await engine.db.execute("delete from migration_checksums where migration_id like '0002%'")
    for one in health._others:
        one.due = 0
    health._looked_at = float("-inf")
    degraded = (await board())["health"]
    health.look_from_outside("is about to stop")
    down = (await board())["health"]

    assert (up.state, up.saw[:8]) == (MaintenanceState.OK, "Healthy.")
    assert degraded.state is MaintenanceState.ATTENTION
    assert degraded.saw == "Degraded. Migrations: 1 migration pending: 0002.create-sign-in."
    assert (down.state, down.saw) == (MaintenanceState.ATTENTION, "Down. engine: is about to stop.")


async def test_a_task_is_evidence_by_its_newest_success_and_failure(engine, board, later):
    results = iter(["Whole.", TaskFailed("It was tampered with."), "Whole again."])

    async def run(note):
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    clock = engine.services.jobs
    clock._tasks["verify-audit"] = Task("verify-audit", "", "", "off", run)
    never = (await board())["audit-trail"]
    seen = []
    for _ in range(3):
        await clock.run_here(ROOT, "verify-audit", lambda line: None)
        item = (await board())["audit-trail"]
        seen.append((item.state.name, item.saw.split(": ")[-1]))
    await later(10)

    assert never.state is MaintenanceState.NOT_YET
    assert "has never run successfully" in never.saw
    assert seen == [
        ("OK", "Whole."),
        ("ATTENTION", "It was tampered with."),
        ("OK", "Whole again."),
    ]
    assert (await board())["audit-trail"].state is MaintenanceState.OVERDUE


async def test_secrets_grow_old_and_a_rotation_makes_them_young(engine, board, later):
    await later(93)
    old = (await board())["secrets"]

    await engine.services.signing_keys.rotate(ROOT, None)

    assert (old.state, old.action.task) == (MaintenanceState.DUE, "rotate-secrets")
    assert (await board())["secrets"].state is MaintenanceState.OK


async def test_the_access_review_is_due_again_a_quarter_after_the_last(engine, ada, board, later):
    await engine.services.access_reviews.start(ada)
    opened = (await board())["access-review"]
    await engine.services.access_reviews.submit(
        ada, None, [Decision(ada.id, Role.ADMINISTRATOR, ReviewDecision.KEEP)]
    )
    done = (await board())["access-review"]
    await later(93)

    assert "1 of 1 undecided" in opened.saw
    assert (done.state, done.done_at is None) == (MaintenanceState.OK, False)
    assert (await board())["access-review"].state is MaintenanceState.DUE


def test_what_is_installed_is_compared_with_what_was_tested(tmp_path):
    starlette = metadata.version("starlette")
    lines = ["starlette==999.1", "click==0.0.1", "nobody-has-this==1.0", "# rich==99"]
    (tmp_path / "constraints.txt").write_text("\n".join(lines))

    older, known = older_than_tested(tmp_path / "constraints.txt")

    assert (older, known) == ([f"starlette {starlette} (tested: 999.1)"], 2)
    assert older_than_tested(CONSTRAINTS)[0] == []


async def test_the_board_by_graphql(ask, ada, alan):
    query = """{ maintenance { at overdue unknown items {
      name title frequency state saw doneAt dueAt canBeTicked action { task page command }
    } } }"""
    tick = """mutation { tickMaintenanceItem(input: {name: "documentation", note: "read"}) {
      item { state doneBy note } } }"""

    body = await ask(ada, query)
    ticked = await ask(ada, tick)
    refused = await ask(alan, query)

    items = {item["name"]: item for item in body["data"]["maintenance"]["items"]}
    assert items["access-review"]["action"]["page"] == "/engine/admin/maintenance/review"
    assert items["disk"]["frequency"] == "DAILY"
    assert ticked["data"]["tickMaintenanceItem"]["item"] == {
        "state": "OK",
        "doneBy": ada.label,
        "note": "read",
    }
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_what_is_dated_in_the_future_needs_attention_and_breaks_no_board(engine):
    years = datetime.now(UTC) + timedelta(days=4_000)
    far = datetime.max.replace(tzinfo=UTC)

    found = await with_evidence(
        engine,
        backup=seeing(Finding("One.", done_at=years)),
        vacuum=seeing(Finding("Two.", done_at=far)),
    ).board(ROOT)

    items = {item.name: item for item in found.items}
    for name in ("backup", "vacuum"):
        assert items[name].state is MaintenanceState.ATTENTION
        assert "in the future" in items[name].saw


async def test_scripts_that_need_attention_are_named(engine, board, edith):
    scripts, db = engine.services.scripts, engine.db
    none = (await board())["scripts"]
    for slug in ("failing", "fine", "old", "orphan", "stopped"):
        await scripts.put(ROOT, slug, serving(f"GET /{slug}"))
        if slug != "orphan":
            await scripts.add_owner(ROOT, slug, edith.label)
    for number in range(40):
        engine.counters.script("failing", 500 if number < 10 else 200, 0.1)
        engine.counters.script("gone", 500, 0.1)
    engine.counters.script("fine", 500, 0.1)
    engine.heartbeat._timings_at = float("-inf")
    await engine.heartbeat.beat()
    await scripts.suspend(ROOT, "stopped", "a test")
    await db.execute("update script_versions set deployed_at = now() - interval '40 days'")
    await db.execute(
        "update script_versions v set deployed_at = now() from scripts s"
        " where s.id = v.script_id and s.slug = 'orphan'"
    )
    found = (await board())["scripts"]
    await engine.services.users.suspend(ROOT, edith.id, reason="left")
    left = (await board())["scripts"]
    await engine.heartbeat._db.disconnect()

    assert (none.state, none.saw) == (MaintenanceState.OK, "There are no scripts.")
    assert found.state is MaintenanceState.ATTENTION
    assert found.saw == (
        "Failing today: failing (10 of 40). Suspended: stopped. Without an active owner: orphan."
        " Not called for 30 days: old."
    )
    assert "Without an active owner: failing, fine, old, orphan, stopped." in left.saw
