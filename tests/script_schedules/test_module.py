"""`env.schedule` and `scheduled` in a real process."""

import itertools
import json

SOURCE = """
export default {
  async scheduled(event, env, ctx) {
    console.log("ran", JSON.stringify(event));
    if (event.name === "fails") throw new Error("no luck");
  },
};
export const routes = {
  "POST /clock/:operation": async (request, env, ctx) => {
    try {
      const args = await request.json();
      return Response.json({ value: await env.schedule[ctx.params.operation](...args) });
    } catch (error) {
      return Response.json({ code: error.code, message: error.message });
    }
  },
};
"""


async def test_a_handler_sets_lists_and_cancels_schedules(deploy, visit, logged):
    await deploy("clock", SOURCE)

    async def ask(operation, *args):
        return json.loads(await visit("clock", f"/clock/{operation}", json.dumps(args).encode()))

    assert (await ask("once", "soon", {"in": 0}, {"order": [1, "a\0b"]}))["value"]["name"] == "soon"
    (line,) = [line for line in await logged("clock", "ran") if "ran" in line]
    event = json.loads(line.removeprefix("ran "))
    assert event["data"] == {"order": [1, "a\0b"]}
    assert (event["name"], event["attempt"]) == ("soon", 1)
    assert event["id"].startswith("soon@")

    await ask("every", "often", "1h", {"data": 7})
    await ask("cron", "nightly", "0 2 * * *", {"timeZone": "Europe/Berlin"})
    listed = (await ask("list"))["value"]
    assert [(one["name"], one["kind"], one["every"], one["timeZone"]) for one in listed] == [
        ("nightly", "cron", None, "Europe/Berlin"),
        ("often", "every", 3_600_000, None),
    ]
    assert await ask("cancel", "often") == {"value": True}
    assert await ask("cancel", "often") == {"value": False}
    assert len((await ask("list", {"prefix": "night"}))["value"]) == 1
    assert (await ask("list", {"prefix": "often"}))["value"] == []

    refused = await ask("every", "often", "1 parsec")
    assert refused["code"] == "BAD_USER_INPUT"
    assert "1 parsec" in refused["message"]


async def test_a_run_that_fails_is_repeated_and_says_why(deploy, visit, logged, working):
    await deploy("clock", SOURCE)
    await visit("clock", "/clock/once", b'["fails", {"in": 0}, null, {"retries": 1}]')
    await logged("clock", "no luck", times=2)

    runs = await working.db.all("select * from script_schedule_runs order by id")
    assert next((run["attempt"], run["state"]) for run in runs) == (1, "failed")
    assert "no luck" in runs[0]["problem"]


async def test_intervals_below_a_second_keep_their_pace(deploy, visit, logged, working):
    await deploy("clock", SOURCE)
    await visit("clock", "/clock/every", b'["beat", 100]')
    await logged("clock", "ran", times=8)
    await visit("clock", "/clock/cancel", b'["beat"]')

    runs = await working.db.all("select due_at from script_schedule_runs order by id")
    steps = {
        (later["due_at"] - earlier["due_at"]).total_seconds() * 10
        for earlier, later in itertools.pairwise(runs)
    }
    # Times that were missed on a busy machine are left out; the others stay on the grid.
    assert all(step >= 1 and round(step, 3) == round(step) for step in steps)
