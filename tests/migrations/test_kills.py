"""Migrations whose runner, or whose connection, is killed at random moments.

`KILLS=100 pytest tests/migrations/test_kills.py` tries a hundred; the seed is printed on failure.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.migrations.service import Migrations

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "8"))
SEED = int(os.environ.get("SEED", random.randrange(10**6)))
STEPS = 12

# Says when it begins, so that the time until the kill does not go into the start of Python.
RUN = """
import pathlib, sys
from aiwebengine.migrations.service import Migrations
from aiwebengine.core.identity import operator
migrations = Migrations(sys.argv[1], pathlib.Path(sys.argv[2]))
print("ready", flush=True)
if sys.argv[3] == "up":
    migrations.up()
else:
    migrations.down(operator("tests"), sys.argv[4])
"""

STATE = """
  select
    array(select table_name :: text from information_schema.tables
      where table_name like 'killed%' order by 1),
    array(select migration_id from _yoyo_migration where migration_id like '9%' order by 1),
    array(select migration_id from migration_checksums
      where migration_id like '9%' and event_id is not null order by 1),
    array(select target_label from (
      select distinct on (target_label) target_label, action from audit_events
      where target_label like '9%' order by target_label, id desc) last
      where action = 'migration.applied' order by 1)
"""


def test_after_a_kill_each_step_is_complete_and_recorded_or_undone(server, tmp_path):
    print(f"SEED={SEED} KILLS={KILLS}")
    chance = random.Random(SEED)
    server.run("create database killed")
    url, folder = server.database("killed"), Path(shutil.copytree(MIGRATIONS, tmp_path / "m"))
    newest = Migrations(url, folder).up()[-1]
    for number in range(STEPS):
        name = folder / f"90{number:02}.step"
        name.with_suffix(".step.sql").write_text(
            f"create table killed{number:02} as select n from generate_series(1, 20000) n"
        )
        name.with_suffix(".step.rollback.sql").write_text(f"drop table killed{number:02}")
    halfway = 0

    for _ in range(KILLS):
        verb = chance.choice(["up", "down"])
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, url, str(folder), verb, newest],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.5))
        if chance.random() < 0.5:
            process.kill()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            process.communicate(timeout=60)
            tables, marks, notes, told = connection.execute(STATE).fetchone()
        assert [name.replace("killed", "90") + ".step" for name in tables] == marks == notes == told
        halfway += 0 < len(tables) < STEPS
    Migrations(url, folder).up()

    assert Migrations(url, folder).pending() == []
    server.run("drop database killed with (force)")
    print(f"{halfway} of {KILLS} left some steps done and some not")
