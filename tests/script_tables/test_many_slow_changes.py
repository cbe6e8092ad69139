"""Very many slow changes of one row, over HTTP: everybody else is answered meanwhile."""

import asyncio
from collections import Counter

import httpx2
import psycopg
import pytest
from tests.script_routes.site import PATIENCE, running

from aiwebengine.script_tables.types import MOST_WAITING

MANY = 200
SOURCE = 'export const routes = { "GET /quick": () => new Response("quick") };'
TABLE = "create table own (id int primary key, n int);\ninsert into own values (1, 0);"
SLOW = """
    create function sleeps() returns trigger language plpgsql as
      'begin perform pg_sleep(600); return new; end';
    create trigger sleeps before update on own for each row execute function sleeps();
"""
READ = '{ scriptRows(slug: "slow", table: "own", first: 1) { rows { key version } } }'
UPDATE = """
  mutation ($version: String!) {
    updateScriptRow(input: {
      slug: "slow", table: "own", key: ["1"], version: $version,
      values: [{column: "n", value: "1"}]
    }) { row { key } }
  }
"""
SLEEPING = """
    select exists (
      select from pg_stat_activity
      where wait_event = 'PgSleep' and datname = current_database()
    )
"""


@pytest.fixture(scope="module")
def site(server, database_copies, tmp_path_factory):
    name = database_copies.take()
    with running(tmp_path_factory.mktemp("site"), server.database(name)) as site:
        yield site
    database_copies.give_back(name)


async def test_very_many_slow_changes_hold_up_nobody(site):
    site.deploy("slow", SOURCE, **{"migrations/0001_sql": TABLE})
    with psycopg.connect(site.url, autocommit=True) as database:
        (role,) = database.execute(
            "select 'script_' || replace(id::text, '-', '') from scripts where slug = 'slow'"
        ).fetchone()
        database.execute(f'set role "{role}"')
        database.execute(f'set search_path to "{role}"')
        database.execute(SLOW)
        database.execute("reset role")
        limits = httpx2.Limits(max_connections=None)
        async with (
            httpx2.AsyncClient(
                base_url=site.base, cookies=site.cookies, timeout=4 * PATIENCE, limits=limits
            ) as attacker,
            httpx2.AsyncClient(base_url=site.base, timeout=4 * PATIENCE) as visitor,
        ):

            async def ask(query, **variables):
                answer = await attacker.post(
                    "/graphql", json={"query": query, "variables": variables}
                )
                return answer.json()

            [row] = (await ask(READ))["data"]["scriptRows"]["rows"]
            changing = [
                asyncio.create_task(ask(UPDATE, version=row["version"])) for _ in range(MANY)
            ]
            answered = 0
            while not all(one.done() for one in changing):
                is_sleeping = database.execute(SLEEPING).fetchone()[0]
                health = await visitor.get("/health")
                assert (health.status_code, health.json()["status"]) == (200, "ok")
                page = await visitor.get("/quick")
                assert (page.status_code, page.text) == (200, "quick")
                answered += is_sleeping

            ends = await asyncio.gather(*changing)
        assert answered > 0
        codes = Counter(end["errors"][0]["extensions"]["code"] for end in ends)
        # Few may wait: for the rest of 10 s, while each change takes 5 s.
        assert codes["LIMIT"] >= MANY - 2 * MOST_WAITING
        assert codes.keys() <= {"LIMIT", "BAD_USER_INPUT", "INTERNAL"}
        assert database.execute(f'select n from "{role}".own').fetchone() == (0,)
