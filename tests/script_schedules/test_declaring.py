"""The schedules of a version are stored when it becomes the active one."""

from datetime import timedelta

import pytest
from tests.script_schedules.working import add_script

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_schedules import store, wanted
from aiwebengine.script_schedules.declaring import DeclaredSchedules
from aiwebengine.script_schedules.plans import Plan
from aiwebengine.script_schedules.types import Wanted
from aiwebengine.scripts.activation import Activation
from aiwebengine.scripts.types import Severity

EVENT = {"kind": "scheduled", "handler": "scheduled"}


def module(**plans):
    found = [{"kind": "schedule", "name": name, "plan": plan} for name, plan in plans.items()]
    return [*found, EVENT]


def activation(script, registrations):
    async def files():
        return {}

    return Activation(script, "hello", registrations, files, 1, None)


@pytest.fixture
def db(engine):
    return engine.db


@pytest.fixture
def declare(db):
    async def declare(script, registrations):
        async with db.transaction():
            await DeclaredSchedules(db).activate(activation(script, registrations))

    return declare


async def names(db, script):
    return {one.wanted.name: one for one in await store.stored(db, script, "", 100)}


async def test_schedules_are_added_changed_and_removed_with_their_version(db, declare):
    script = await add_script(db)
    await declare(script, module(nightly="0 2 * * *", often={"every": "5m"}, gone={"every": 1_000}))
    before = await names(db, script)
    await db.execute("update script_schedules set next_at = next_at - interval '7 seconds'")

    await declare(script, module(nightly="0 3 * * *", often={"every": "5m", "data": [1]}))

    after = await names(db, script)
    assert after.keys() == {"nightly", "often"}
    assert after["often"].next_at == before["often"].next_at - timedelta(seconds=7)
    assert after["often"].wanted.data == "[1]"
    assert after["nightly"].wanted.plan.cron == "0 3 * * *"
    assert after["nightly"].next_at > await store.now(db)


async def test_what_handlers_have_set_stays_unless_it_is_declared_or_cleared(db, declare):
    script, now = await add_script(db), await store.now(db)
    for name in ("own", "both"):
        one = Wanted(name, Plan("every", every_ms=1_000), "scheduled", 0)
        await store.set_schedule(db, script, one, now, is_declared=False)

    await declare(script, module(both="0 2 * * *"))
    found = await names(db, script)
    assert {name: one.is_declared for name, one in found.items()} == {"own": False, "both": True}

    await declare(
        script,
        [
            {"kind": "recurring", "handler": "early", "intervalMilliseconds": 100},
            {"kind": "clear"},
            {"kind": "once", "handler": "later", "runAt": "2040-01-01T00:00:00Z"},
        ],
    )
    assert (await names(db, script)).keys() == {"later"}


async def test_the_classic_interface_names_handlers_and_minutes(db):
    found = wanted.declared(
        [
            {"kind": "recurring", "handler": "beat", "name": "pulse", "intervalMinutes": 2},
            {"kind": "once", "handler": "start", "runAt": "2040-01-01T00:00:00Z"},
            {
                "kind": "recurring",
                "handler": "late",
                "intervalMilliseconds": 100,
                "startAt": "2040-01-01T00:00:00Z",
            },
        ],
        await store.now(db),
    )

    assert [(one.name, one.handler, one.plan.every_ms) for one in found] == [
        ("pulse", "beat", 120_000),
        ("start", "start", None),
        ("late", "late", 100),
    ]
    assert found[2].plan.anchor.year == 2040


@pytest.mark.parametrize(
    ("names_and_handlers", "warned"),
    [
        ([(None, "job"), (None, "job")], ["'job'"]),
        ([("a", "job"), ("a", "work")], ["'a'"]),
        ([("job", "work"), (None, "job"), (None, "job")], ["'job'"]),
        ([("a", "job"), ("b", "job"), (None, "job")], []),
        ([(None, "job"), "clear", (None, "job")], []),
    ],
    ids=range(5),
)
async def test_a_schedule_that_replaces_another_of_init_is_a_warning(
    db, names_and_handlers, warned
):
    registrations = [
        {"kind": "clear"}
        if one == "clear"
        else {"kind": "recurring", "name": one[0], "handler": one[1], "intervalMilliseconds": 100}
        for one in names_and_handlers
    ]

    found = await DeclaredSchedules(db).check(activation(await add_script(db), registrations))

    assert [one.severity for one in found] == [Severity.WARNING] * len(warned)
    assert all(name in one.message for name, one in zip(warned, found, strict=True))


@pytest.mark.parametrize(
    ("registrations", "part"),
    [
        ([{"kind": "schedule", "name": "a", "plan": "* * * * *"}], "no function scheduled"),
        (module(a="never"), "schedules['a']: found 'never'"),
        (module(a={"every": "1m", "when": 1}), "the field 'when'"),
        (module(a={"every": "1m", "retries": 99}), "retries is 99; allowed: 0 to 20"),
        (module(a={"every": "1m", "data": "x" * 70_000}), "bytes as JSON; allowed: 65,536"),
        (module(**{"a\nb": "* * * * *"}), "characters on one line"),
        (module(**{f"a{number}": "* * * * *" for number in range(1_001)}), "allowed: 1000"),
        ([{"kind": "recurring", "handler": "a", "intervalMilliseconds": 99}], "at least 100 ms"),
        ([{"kind": "recurring", "handler": "a"}], "a duration such as"),
        ([{"kind": "once", "handler": "a", "runAt": "soon"}], "found 'soon'"),
    ],
    ids=range(10),
)
async def test_a_schedule_that_can_not_be_used_refuses_the_version(db, registrations, part):
    wanted = activation(await add_script(db), registrations)
    (problem,) = await DeclaredSchedules(db).check(wanted)
    assert part in problem.message
    with pytest.raises(BadUserInput):
        await DeclaredSchedules(db).activate(wanted)
