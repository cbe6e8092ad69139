"""Killed at random during transactions and deployments: nothing is half done or done twice.

A script's process, an engine, all its connections to the database: `make test-kill` does it a
hundred times, `SEED=…` repeats one run.
"""

import asyncio
import os
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx2
import psycopg
import pytest
from tests.script_schedules.killing import PATIENCE, Instance, adopt_orphans, rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7_200)]

KILLS = int(os.environ.get("KILLS", "1"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
VICTIMS = ["runtime", "connections", "engine", "connections", "runtime"]
# So that some are killed in the middle of it.
SLOWLY = "select pg_sleep(0.05);"
FIRST = """
create table one_side (name text);
create table other_side (name text);
create table steps (number int);
insert into steps values (1);
"""
SOURCE = """
export const routes = {
  "GET /clock": () => new Response("NUMBER"),
  "POST /clock/write": async (request, env) => {
    const { name } = await request.json();
    await env.db.transaction(async (tx) => {
      await tx.query("insert into one_side values ($1)", [name]);
      await pause();
      await tx.query("insert into other_side values ($1)", [name]);
      await pause();
    });
    return Response.json({});
  },
  "POST /clock/state": async (request, env) => Response.json({
    one: (await env.db.query("select name from one_side")).map((row) => row.name),
    other: (await env.db.query("select name from other_side")).map((row) => row.name),
    steps: (await env.db.query("select number from steps order by number"))
      .map((row) => row.number),
  }),
};
const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
"""


def files(number):
    """A version, each with one more migration."""
    steps = {
        f"migrations/{one:04}-step.sql": f"create table step_{one} ();{SLOWLY}"
        f"insert into steps values ({one});{SLOWLY}"
        for one in range(2, number + 1)
    }
    first = {"migrations/0001-tables.sql": FIRST}
    return {"main.ts": SOURCE.replace("NUMBER", str(number)), **first, **steps}


def until(condition):
    """Wait until *condition* returns something true, and return it."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)
    return found


@dataclass
class Site:
    """Two instances, and what they have accepted."""

    url: str
    instances: list[Instance]
    session: str = ""
    written: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    deployed: set[int] = field(default_factory=set)

    def write(self, instance, name):
        """Write two rows in a transaction."""
        self.asked.add(name)
        if instance.post("/clock/write", {"name": name}) is not None:
            self.written.add(name)

    def deploy(self, instance, number):
        """Deploy a version; its answer may be lost."""
        try:
            answer = httpx2.put(
                f"{instance.base}/api/engine/scripts/clock",
                json={"files": files(number)},
                cookies={"aiwebengine_session": self.session},
                timeout=PATIENCE,
            )
        except httpx2.HTTPError:
            return
        if answer.status_code in (200, 201):
            self.deployed.add(number)

    def end_connections(self):
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
                """
            )

    def resume(self):
        """Three of its processes were killed within five minutes."""
        is_suspended = "select from scripts where slug = 'clock' and suspended_at is not null"
        if rows(self.url, is_suspended):
            until(self._is_resumed)

    def _is_resumed(self):
        try:
            answer = httpx2.post(
                f"{self.instances[0].base}/graphql",
                json={"query": 'mutation { resumeScript(input: {slug: "clock"}) { __typename } }'},
                cookies={"aiwebengine_session": self.session},
                headers={"Origin": self.instances[0].base},
                timeout=PATIENCE,
            )
        except httpx2.HTTPError:
            return False
        return answer.status_code == 200 and "errors" not in answer.json()


@pytest.fixture
def site(server, database_copies, tmp_path, monkeypatch):
    adopt_orphans(True)
    name = database_copies.take()
    url = server.database(name)
    site = Site(url, [Instance(url, tmp_path / one) for one in ("one", "other")])
    try:
        first, other = site.instances
        first.launch()
        link = until(lambda: re.search(r"\S+/auth/link\?\S+", first.output))
        site.session = httpx2.get(link[0], timeout=PATIENCE).cookies["aiwebengine_session"]
        until(lambda: site.deploy(first, 1) or site.deployed)
        other.start()
        until(first.is_serving)
        yield site
    finally:
        for one in site.instances:
            one.stop()
        adopt_orphans(False)
    database_copies.give_back(name)
    for one in site.instances:
        assert "Traceback" not in one.output, one.output[-5_000:]


async def test_transactions_and_deployments_happen_whole_and_once(site, record_property):
    record_property("seed", SEED)
    print(f"SEED={SEED}")
    chance = random.Random(SEED)
    for round_number in range(KILLS * len(VICTIMS)):
        number = round_number + 2
        asked = [
            asyncio.to_thread(site.write, chance.choice(site.instances), f"{number}-{one}")
            for one in range(6)
        ]
        asked.append(asyncio.to_thread(site.deploy, chance.choice(site.instances), number))
        under_way = asyncio.gather(*asked)
        # A moment within what was just begun: which one is random on purpose.
        await asyncio.sleep(chance.uniform(0, 0.8))
        await asyncio.to_thread(kill, VICTIMS[round_number % len(VICTIMS)], site, chance)
        await under_way
        await asyncio.to_thread(site.resume)
        await asyncio.to_thread(check, site)


def kill(victim, site, chance):
    instance = chance.choice(site.instances)
    if victim == "connections":
        site.end_connections()
    elif victim == "engine":
        instance.kill()
        instance.start()
    else:
        for process in instance.children("deno"):
            process.kill()


def check(site):
    active, migrations = until(lambda: settled(site))
    state = until(lambda: site.instances[0].post("/clock/state", {}))
    deployments = rows(site.url, "select version, count(*) from script_deployments group by 1")
    events = rows(
        site.url,
        "select cast(after ->> 'version' as int), count(*) from audit_events"
        " where action = 'script.deployed' group by 1",
    )
    one, other = Counter(state["one"]), Counter(state["other"])

    assert one == other
    assert set(one.values()) <= {1}
    assert site.written <= set(one) <= site.asked
    assert active >= max(site.deployed)
    assert migrations == state["steps"] == list(range(1, active + 1))
    assert sorted(deployments) == sorted(events)
    assert {count for _, count in deployments} == {1}


def settled(site):
    """The number of the active version and of its migrations, once both instances serve it."""
    ((source,),) = rows(
        site.url,
        """
        select convert_from(b.content, 'UTF8')
        from scripts s
        join script_files f on f.script_id = s.id and f.version = s.active_version
        join script_blobs b on b.digest = f.digest
        where s.slug = 'clock' and f.path = 'main.ts'
        """,
    )
    active = int(re.search(r'Response\("(\d+)"\)', source)[1])
    busy = rows(
        site.url,
        "select from pg_stat_activity where datname = current_database()"
        " and usename like 'script\\_%' and state <> 'idle'",
    )
    names = rows(site.url, "select name from script_migrations order by name")
    if busy or any(one.served() != str(active) for one in site.instances):
        return None
    return active, [int(name[:4]) for (name,) in names]
