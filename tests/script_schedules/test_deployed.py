"""Schedules that a version declares, in both forms, from the deployment to the run."""

import asyncio

import pytest
from tests.script_schedules.engines import ROOT

from aiwebengine.scripts.errors import NotLoadable

MODULE = """
export const schedules = {
  nightly: "0 2 * * *",
  berlin: { cron: "30 6 * * 1-5", timeZone: "Europe/Berlin", data: { list: [1] } },
  often: { every: 200 },
};
export default {
  scheduled(event) {
    console.log("ran", event.name, event.scheduledTime instanceof Date, Object.isFrozen(event));
  },
};
"""
CLASSIC = """
function beat(context) {
  console.log("beat " + JSON.stringify([context.kind, context.metadata.name, context.args]));
}
function start(context) { console.log("start " + context.kind); }
function init() {
  schedulerService.clearAll();
  const first = schedulerService.registerOnce({
    handler: "start", runAt: new Date(Date.now()).toISOString(), name: "first",
  });
  schedulerService.registerRecurring({ handler: "beat", intervalMilliseconds: 200 });
  console.log(typeof first);
}
"""


async def plans(db):
    rows = await db.all("select * from script_schedules order by name")
    return {row["name"]: row["cron"] or row["every_ms"] for row in rows}


async def test_a_module_declares_schedules(deploy, working, logged):
    await deploy("clock", MODULE)

    assert await plans(working.db) == {
        "berlin": "30 6 * * 1-5",
        "nightly": "0 2 * * *",
        "often": 200,
    }
    assert "ran often true true" in await logged("clock", "ran often", times=2)

    await deploy("clock", MODULE.replace("often: { every: 200 },", ""))
    # A run that is in progress ends first.
    async with asyncio.timeout(60):
        while (await plans(working.db)).keys() != {"berlin", "nightly"}:
            await asyncio.sleep(0.01)


async def test_a_classic_script_registers_schedules_in_init(deploy, working, logged):
    await deploy("clock", CLASSIC, name="main.js")

    lines = await logged("clock", "beat", times=2)
    assert 'beat ["scheduled","beat",{"name":"beat"}]' in lines
    await logged("clock", "start scheduled")
    assert await plans(working.db) == {"beat": 200}


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ('export const schedules = { a: "never" };' + MODULE[MODULE.index("export default") :],
         "schedules['a']"),
        ("export const schedules = 7; export default { fetch: () => new Response() };",
         "schedules is a number"),
        ("export const schedules = { a: { every: 1n } }; export default {};", "is not JSON"),
        ('export const schedules = { a: "* * * * *" }; export default { fetch() {} };',
         "no function scheduled"),
    ],
    ids=range(4),
)  # fmt: skip
async def test_a_version_whose_schedules_can_not_be_used_is_not_deployed(
    deploy, working, source, part
):
    with pytest.raises(NotLoadable) as refused:
        await deploy("clock", source)

    assert part in refused.value.message
    assert await plans(working.db) == {}


async def test_a_suspended_script_runs_nothing_and_then_makes_up_for_it_once(
    deploy, working, logged, lines_of
):
    await deploy("clock", MODULE.replace("every: 200", 'every: "1h"'))
    scripts = working.services.scripts
    await scripts.suspend(ROOT, "clock")
    await working.db.execute(
        "update script_schedules set anchor = anchor - interval '5 h',"
        " next_at = next_at - interval '5 h', due_at = due_at - interval '5 h'"
        " where name = 'often'"
    )
    await working.scripting.work.schedules.look()
    assert await lines_of("clock") == []
    await scripts.resume(ROOT, "clock")
    await logged("clock", "ran often")

    runs = await working.db.all("select * from script_schedule_runs")
    assert len(runs) == 1
    left = await working.db.one(
        "select next_at > now() as is_later, next_at - anchor as since from script_schedules"
        " where name = 'often'"
    )
    assert left["is_later"]
    assert left["since"].total_seconds() % 3_600 == 0


async def test_people_see_schedules_and_runs_and_start_them(deploy, working, ask, ada, logged):
    await deploy("clock", MODULE.replace("every: 200", 'every: "1h"'))
    document = """{
      scriptSchedules(slug: "clock") {
        totalCount nodes { name plan timeZone state isDeclared retries lastRun { state } }
      }
    }"""
    found = (await ask(ada, document))["data"]["scriptSchedules"]
    assert found["totalCount"] == 3
    assert found["nodes"][0] == {
        "name": "berlin",
        "plan": "30 6 * * 1-5",
        "timeZone": "Europe/Berlin",
        "state": "WAITING",
        "isDeclared": True,
        "retries": 2,
        "lastRun": None,
    }
    assert found["nodes"][2]["plan"] == "every 1 h"

    run = """mutation ($name: String!) {
      runScriptSchedule(input: {slug: "clock", name: $name}) { schedule { state } }
    }"""
    before = await plans(working.db)
    assert "errors" not in await ask(ada, run, name="nightly")
    await logged("clock", "ran nightly")
    assert (await ask(ada, run, name="x"))["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert await plans(working.db) == before

    document = """{ scriptScheduleRuns(slug: "clock", name: "nightly") {
      nodes { state startedBy attempt requestId } } }"""

    async def nodes():
        return (await ask(ada, document))["data"]["scriptScheduleRuns"]["nodes"]

    async with asyncio.timeout(60):
        while (runs := await nodes())[0]["state"] != "SUCCEEDED":
            await asyncio.sleep(0.05)
    assert (runs[0]["startedBy"], runs[0]["attempt"]) == ("ada@example.com", 1)
    log = """query ($id: String!) { script(slug: "clock") {
      log(filter: {requestId: $id}) { nodes { text route } } } }"""
    lines = (await ask(ada, log, id=runs[0]["requestId"]))["data"]["script"]["log"]["nodes"]
    assert lines == [{"text": "ran nightly true true", "route": "scheduled:scheduled"}]
    events = await working.db.all("select action, after from audit_events order by id")
    assert (events[-1]["action"], events[-1]["after"]) == (
        "script.schedule_started",
        {"schedule": "nightly"},
    )
