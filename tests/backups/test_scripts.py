"""Scripts are in every backup, and a drill proves that the active ones are complete and load."""

from datetime import UTC, datetime

import psycopg
import pytest
from tests.scripts_engine.sources import serving, tree

from aiwebengine.backups.types import BackupRunState
from aiwebengine.core.identity import operator
from aiwebengine.scripts.loading import Loader, NoRuntime
from aiwebengine.scripts.log_types import LogLevel, NewLogLine
from aiwebengine.scripts.verifying import verified

ROOT = operator("tests")
TABLES = (
    *("scripts", "script_owners", "script_versions", "script_files", "script_blobs"),
    *("script_routes", "script_log", "script_activations"),
)


@pytest.fixture
async def scripts(engine):
    """The scripts `hello`, with two versions and a log line, and `other`."""
    scripts = engine.services.scripts
    await scripts.put(ROOT, "hello", serving("GET /hello", text="one"))
    await scripts.put(ROOT, "hello", serving("GET /hello", text="two"))
    await scripts.put(
        ROOT,
        "other",
        tree(
            'import "./lib/text.ts"; export const routes = {"GET /other": () => ""};',
            lib_text="export {};",
        ),
    )
    return scripts


async def words_of(backups, ada):
    """What a drill of a new backup reports about scripts, and whether it succeeded."""
    await backups.create(ada)
    run = await backups.drill(ada)
    (check,) = [one for one in run.details["checks"] if one["name"] == "scripts"]
    return check["told"], run.state


async def test_a_restore_brings_back_every_table_of_scripts(scripts, backups, ada, rows):
    line = NewLogLine(
        script_id=(await scripts.get(ada, "hello")).key,
        version=2,
        at=datetime.now(UTC),
        level=LogLevel.INFO,
        text="a line",
    )
    await scripts.add_owner(ROOT, "hello", ada.label)
    await scripts.write_log([line])
    before = {table: sorted(map(str, rows(f"select * from {table}"))) for table in TABLES}
    made = await backups.create(ada)
    await scripts.delete(ada, "hello")
    await scripts.put(ROOT, "later", serving("GET /later"))

    await backups.restore(ada, made.name)

    assert all(before.values())
    assert {table: sorted(map(str, rows(f"select * from {table}"))) for table in TABLES} == before
    assert [one.slug for one in await scripts.active_programs()] == ["hello", "other"]


async def test_a_drill_loads_every_active_version(scripts, backups, ada):
    words, state = await words_of(backups, ada)

    assert words == "2 active scripts, all files complete; 2 load."
    assert state is BackupRunState.SUCCEEDED


async def test_a_drill_names_the_version_whose_file_is_damaged(scripts, backups, ada, url):
    with psycopg.connect(url) as connection:
        connection.execute(
            "update script_blobs set content = 'x' where digest ="
            " (select digest from script_files where path = 'lib/text.ts')"
        )

    words, state = await words_of(backups, ada)

    assert words == "other version 1: damaged or missing: lib/text.ts."
    assert state is BackupRunState.FAILED


async def test_a_drill_names_the_version_that_does_not_load(scripts, backups, ada, engine, url):
    version = tree("export const routes = {'GET /x': 1}; throw new Error('no');")
    await scripts.save(ROOT, "hello", version, base_version=2)
    # As if it had loaded when it was deployed.
    with psycopg.connect(url) as connection:
        connection.execute("update scripts set active_version = 3 where slug = 'hello'")

    words, state = await words_of(backups, ada)

    assert words == "hello version 3 does not load: main.ts:1:44: no"
    assert state is BackupRunState.FAILED


async def test_files_that_are_missing_or_added_are_noticed(scripts, url):
    with psycopg.connect(url) as connection:
        connection.execute("delete from script_files where path = 'lib/text.ts'")

    found = await verified(scripts)

    assert found.problem == "other version 1: damaged or missing: its list of files."


async def test_where_scripts_can_not_run_their_files_are_checked_all_the_same(scripts):
    scripts.loader = Loader(NoRuntime("Scripts are off."), scripts.trees)

    found = await verified(scripts)

    assert found.problem is None
    assert found.summary.startswith("2 active scripts, all files complete; 0 load.")
    assert "Scripts are off." in found.summary


async def test_a_restore_succeeds_although_a_script_does_not_load(scripts, backups, ada, url):
    await scripts.save(ROOT, "hello", tree("throw new Error('no');"), base_version=2)
    with psycopg.connect(url) as connection:
        connection.execute("update scripts set active_version = 3 where slug = 'hello'")
    made = await backups.create(ada)

    await backups.restore(ada, made.name)

    assert (await scripts.get(ada, "hello")).active_version == 3
