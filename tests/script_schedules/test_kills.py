"""Killed at random: a script's process, their supervisor, an engine, the database.

Nothing that was accepted is lost, nothing that says once begins twice, no schedule overlaps itself.
`make test-kill` does it a hundred times. What a handler did is seen in the messages that it sent to
`ledger`, which is suspended and never receives them.
"""

import asyncio
import os
import random
import time
from collections import Counter

import pytest
from tests.conftest import configured, wait_for
from tests.script_schedules.killing import (
    PATIENCE,
    Instance,
    adopt_orphans,
    kill_database,
    rows,
)
from tests.test_outage import Fragile

from aiwebengine.app.engine import Engine
from aiwebengine.core.identity import operator
from aiwebengine.scripts.files import tree_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7_200)]

KILLS = int(os.environ.get("KILLS", "1"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
VICTIMS = ["runtime", "supervisor", "engine", "database", "engine"]
ROOT = operator("root")
SUSPENDED = "select from scripts where slug = 'clock' and suspended_at is not null"
"""Three of its processes were killed within five minutes."""

CLOCK = """
export const schedules = { beat: { every: 300 } };
export const messages = ["work"];
export const routes = {
  "GET /clock": () => new Response("ok"),
  "POST /clock/once": async (request, env) => {
    const { name, retries } = await request.json();
    return Response.json(await env.schedule.once(name, { in: 100 }, null, { retries }));
  },
  "POST /clock/create": async (request, env) => Response.json(await env.db.query(ORDERS)),
  "POST /clock/orders": async (request, env) =>
    Response.json((await env.db.query("select name from orders")).map((row) => row.name)),
  "POST /clock/order": async (request, env) => {
    const { name } = await request.json();
    const answer = await env.db.transaction(async (tx) => {
      await tx.query("insert into orders values ($1)", [name]);
      const sent = await env.messages.send("work", name, { key: name });
      await pause();
      return sent;
    });
    return Response.json(answer);
  },
  "POST /clock/send": async (request, env) => {
    const { name } = await request.json();
    return Response.json(await env.messages.send("work", name, { key: name }));
  },
};
const ORDERS = "create table if not exists orders (name text)";
const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
export default {
  async scheduled(event, env) {
    await pause();
    if (event.name !== "beat") await env.messages.send("done", event.name);
    await pause();
  },
  async message(event, env) {
    await pause();
    await env.messages.send("done", event.data);
    await pause();
  },
};
"""
LEDGER = 'export const messages = ["done"]; export default { message() {}, fetch() {} };'


@pytest.fixture
def fragile(tmp_path):
    adopt_orphans(True)
    fragile = Fragile(tmp_path / "fragile")
    fragile.start()
    yield fragile
    fragile.stop()
    adopt_orphans(False)


async def administered(url, folder, act):
    """Act on the scripts as another engine on the same database."""
    engine = Engine(configured(folder), url)
    await engine.prepare()
    try:
        return await act(engine.services.scripts)
    finally:
        await engine.scripting.stop()
        await engine.runtimes.stop()
        await engine.db.disconnect()


async def deploy(scripts):
    await scripts.put(ROOT, "clock", tree_of({"main.ts": CLOCK.encode()}))
    await scripts.put(ROOT, "ledger", tree_of({"main.ts": LEDGER.encode()}))
    await scripts.suspend(ROOT, "ledger")


async def resume(scripts):
    await scripts.resume(ROOT, "clock")


async def test_nothing_is_lost_and_nothing_that_says_once_is_done_twice(
    fragile, tmp_path, record_property
):
    record_property("seed", SEED)
    print(f"SEED={SEED}")
    chance = random.Random(SEED)
    await administered(fragile.url, tmp_path, deploy)
    instances = [Instance(fragile.url, tmp_path / name) for name in ("one", "other")]
    accepted = {"once": set(), "again": set(), "sent": set(), "order": set()}
    try:
        for one in instances:
            one.start()
        assert instances[0].post("/clock/create", {}) is not None
        for round_number in range(KILLS * len(VICTIMS)):
            victim = VICTIMS[round_number % len(VICTIMS)]
            for number in range(4):
                one, name = chance.choice(instances), f"{round_number}-{number}"
                asked = {
                    "once": one.post("/clock/once", {"name": f"once-{name}", "retries": 0}),
                    "again": one.post("/clock/once", {"name": f"again-{name}", "retries": 20}),
                    "sent": one.post("/clock/send", {"name": f"sent-{name}"}),
                    "order": one.post("/clock/order", {"name": f"order-{name}"}),
                }
                for kind, answer in asked.items():
                    if answer is not None and answer.get("receivers", 1):
                        accepted[kind].add(f"{kind}-{name}")
            # A moment within what was just begun: which one is random on purpose.
            await asyncio.sleep(chance.uniform(0, 0.5))
            kill(victim, chance.choice(instances), fragile)
            if rows(fragile.url, SUSPENDED):
                await administered(fragile.url, tmp_path, resume)
            if victim == "runtime":
                # Killed within a transaction as well.
                await in_a_transaction(chance.choice(instances), round_number)
        await settled(fragile.url, tmp_path)
        orders = set(instances[0].post("/clock/orders", {}))
    finally:
        for one in instances:
            one.stop()

    check(fragile.url, accepted, orders)
    for one in instances:
        assert "Traceback" not in one.output, one.output[-5_000:]


async def in_a_transaction(instance, round_number):
    """Kill the script's process while transactions of it are open."""
    asked = [
        asyncio.to_thread(
            instance.post, "/clock/order", {"name": f"order-killed-{round_number}-{n}"}
        )
        for n in range(4)
    ]
    answers = asyncio.gather(*asked)
    await asyncio.sleep(0.05)
    for process in instance.children("deno"):
        process.kill()
    await answers


def kill(victim, instance, fragile):
    if victim == "database":
        kill_database(fragile)
    elif victim == "engine":
        instance.kill()
        instance.start()
    else:
        word = "deno" if victim == "runtime" else "aiwebengine.runtimes"
        for process in instance.children(word):
            process.kill()
    wait_for(instance.is_serving, PATIENCE)


async def settled(url, folder):
    """Wait until everything that was accepted is done."""
    waiting = """
        select (select count(*) from script_schedules where kind = 'once')
          + (select count(*) from script_deliveries d join scripts s on s.id = d.script_id
             where s.slug = 'clock' and d.state = 'pending')
    """
    hurry = """
        with schedules as (
          update script_schedules set next_at = now() where kind = 'once' and runner is null
        )
        update script_deliveries set next_at = now() where runner is null returning 1
    """
    end = time.monotonic() + PATIENCE
    while rows(url, waiting)[0][0]:
        assert time.monotonic() < end, rows(url, "select * from script_schedules")
        if rows(url, SUSPENDED):
            await administered(url, folder, resume)
        # Pauses between attempts are not what is tested.
        rows(url, hurry)
        await asyncio.sleep(0.2)


def check(url, accepted, orders):
    done = Counter(
        data.strip('"')
        for (data,) in rows(
            url,
            "select m.data from script_deliveries d join script_messages m on m.id = d.message_id"
            " join scripts s on s.id = d.script_id where s.slug = 'ledger'",
        )
    )
    dead = rows(
        url,
        "select m.data from script_deliveries d join script_messages m on m.id = d.message_id"
        " join scripts s on s.id = d.script_id where s.slug = 'clock' and d.state = 'dead'",
    )
    runs = Counter(name for (name,) in rows(url, "select name from script_schedule_runs"))
    overlaps = rows(
        url,
        """
        select a.name, a.started_at, a.ended_at, b.started_at
        from script_schedule_runs a join script_schedule_runs b using (script_id, name)
        where a.id < b.id and b.started_at < a.ended_at
        """,
    )

    assert overlaps == []
    assert {name: n for name, n in done.items() if name.startswith("once") and n > 1} == {}
    assert {name: n for name, n in runs.items() if name.startswith("once") and n > 1} == {}
    # Each began, even if its engine was killed before its handler did anything.
    assert accepted["once"] - set(runs) == set()
    assert accepted["again"] - set(done) == set()
    lost = {data.strip('"') for (data,) in dead}
    assert accepted["sent"] - set(done) - lost == set()
    # A message and the row of its transaction: both or neither.
    assert accepted["order"] - orders == set()
    received = {name for name in done if name.startswith("order")}
    assert received - orders == orders - received - lost == set()
    assert len(dead) <= len(accepted["sent"]) // 4
    assert runs["beat"] > 0
