"""What is left when an engine is killed in the middle of a script's transaction."""

import threading
import time
from urllib.parse import urlsplit

import httpx2
import psutil
import psycopg
import pytest
from tests.script_database.test_env_db import PROGRAMS
from tests.script_routes.site import PATIENCE, running

BUSY = """
  select count(*) from pg_stat_activity
  where datname = current_database() and usename like 'script\\_%' and state <> 'idle'
"""


@pytest.fixture
def site(server, database_copies, tmp_path):
    name = database_copies.take()
    with running(tmp_path, server.database(name)) as site:
        site.deploy("db", (PROGRAMS / "module.js").read_text())
        httpx2.get(f"{site.base}/db/setup", timeout=PATIENCE).raise_for_status()
        yield site
    database_copies.give_back(name)


def engine_of(site):
    """The process that serves this site, with its workers."""
    for one in psutil.Process().children():
        if one.environ().get("APP_REPOSITORY__DATABASE_URL") == site.url:
            return [one, *one.children(recursive=True)]
    raise AssertionError("the engine's process was not found")


def wait_until(connection, number_of_busy):
    end = time.monotonic() + PATIENCE
    while connection.execute(BUSY).fetchone()[0] != number_of_busy:
        assert time.monotonic() < end, "the sessions of scripts are not as expected"
        time.sleep(0.02)


def test_the_server_rolls_back_what_a_killed_engine_had_begun(site, server):
    def ask():
        try:
            httpx2.get(f"{site.base}/db/leaves/waits", timeout=PATIENCE)
        except httpx2.HTTPError:
            return

    address = server.as_superuser(urlsplit(site.url).path.removeprefix("/"))
    asking = threading.Thread(target=ask)
    with psycopg.connect(address, autocommit=True) as connection:
        asking.start()
        wait_until(connection, 1)
        for process in engine_of(site):
            process.kill()
        asking.join(PATIENCE)
        wait_until(connection, 0)

        (schema,) = connection.execute("select role from script_databases").fetchone()
        rows = connection.execute(f"select text from {schema}.notes order by id").fetchall()

    assert [row[0] for row in rows] == ["a", "b"]
