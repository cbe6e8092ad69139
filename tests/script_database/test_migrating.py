"""Migrations of a script: what is applied, refused and undone, and what they reach."""

import asyncio

import pytest

from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.database.restricted import refusals_translated
from aiwebengine.script_database import migrating, migration_files, roles, store
from aiwebengine.script_database.migrating import ScriptMigrations
from aiwebengine.script_database.statements import Statement
from aiwebengine.scripts.errors import NotLoadable
from aiwebengine.scripts.types import Severity

FIRST = b"create table notes (id int primary key, text text);\n"
SECOND = (
    b"-- why\nalter table notes\n  add column at timestamptz;\ninsert into notes values (1, 'a');"
)
SLOW = b"select count(*) from generate_series(1, 100000) a, generate_series(1, 1000000) b;"
BACK = b"alter table notes drop column at;"


@pytest.fixture
def migrations(db):
    return ScriptMigrations(db)


@pytest.fixture
def deploy(db, migrations, script):
    """Apply what a version has, in a transaction as a deployment's."""

    async def apply(files, version, *, goes_back=False):
        async with db.transaction():
            await migrations.apply(script.id, files, version, goes_back=goes_back)

    return apply


async def columns(script):
    rows = await script.rows(
        "select column_name from information_schema.columns where table_name = 'notes'"
        " order by ordinal_position"
    )
    return [row["column_name"] for row in rows]


async def test_each_migration_is_applied_once(script, deploy):
    await deploy({"migrations/0001.sql": FIRST, "main.ts": b"what"}, 1)
    await deploy({"migrations/0001.sql": FIRST, "migrations/0002-when.sql": SECOND}, 2)
    await deploy({"migrations/0001.sql": FIRST, "migrations/0002-when.sql": SECOND}, 3)

    assert await columns(script) == ["id", "text", "at"]
    assert await script.rows("select id, text from notes") == [{"id": 1, "text": "a"}]


async def test_checks_of_one_script_hold_one_connection(script, migrations, db, monkeypatch):
    files = {"migrations/0001.sql": SLOW}
    monkeypatch.setattr(migrating, "CHECK_WAIT_SECS", 0.1)
    slow = asyncio.create_task(migrations.check(script.id, files))
    async with asyncio.timeout(60):
        while not await db.value(
            "select exists (select from pg_stat_activity"
            " where query like '%aiwebengine_run%' and datname = current_database()"
            " and pid <> pg_backend_pid())"
        ):
            assert not slow.done()
            await asyncio.sleep(0.02)

        with pytest.raises(Unavailable, match="are being checked"):
            await migrations.check(script.id, files)

    assert db.pool_stats().in_use == 1
    assert not slow.done()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_tables_of_migrations_belong_to_the_script(script, deploy, db):
    await deploy({"migrations/0001.sql": FIRST}, 1)

    owner = "select pg_get_userbyid(relowner) from pg_class where relname = 'notes'"
    assert await db.value(owner) == script.role
    assert not await store.has_code(db, script.role)


async def test_a_failing_deployment_leaves_the_schema(script, deploy, db):
    await deploy({"migrations/0001.sql": FIRST}, 1)

    with pytest.raises(NotLoadable) as caught:
        await deploy(
            {
                "migrations/0001.sql": FIRST,
                "migrations/0002.sql": SECOND + b"\n\nselect\n  missing from notes;",
            },
            2,
        )

    (problem,) = caught.value.diagnostics
    assert (problem.file, problem.line, problem.column) == ("migrations/0002.sql", 7, 3)
    assert 'column "missing" does not exist' in problem.message
    assert await columns(script) == ["id", "text"]
    assert [row["name"] for row in await store.applied(db, script.id)] == ["0001.sql"]


async def test_checking_applies_nothing(script, migrations, db):
    files = {"migrations/0001.sql": FIRST, "migrations/0002.sql": b"select 1;\nselect nothing"}

    (problem,) = await migrations.check(script.id, files)

    assert (problem.severity, problem.file, problem.line) == (
        Severity.ERROR,
        "migrations/0002.sql",
        2,
    )
    assert await store.applied(db, script.id) == []
    assert await columns(script) == []


async def test_an_applied_migration_must_not_change(script, deploy, migrations):
    await deploy({"migrations/0001.sql": FIRST, "migrations/0002.sql": SECOND}, 1)
    changed = SECOND.replace(b"timestamptz", b"date")

    found = await migrations.check(
        script.id, {"migrations/0001.sql": FIRST, "migrations/0002.sql": changed}
    )

    (problem,) = found
    assert (problem.severity, problem.file, problem.line) == (
        Severity.ERROR,
        "migrations/0002.sql",
        3,
    )


async def test_going_back_undoes_what_has_a_rollback(script, deploy, migrations):
    one = {"migrations/0001.sql": FIRST}
    await deploy(one, 1)
    await deploy({**one, "migrations/0002.sql": SECOND, "migrations/0002.rollback.sql": BACK}, 2)

    (notice,) = await migrations.check(script.id, one)
    await deploy(one, 1, goes_back=True)

    assert (notice.severity, notice.file) == (Severity.WARNING, "migrations/0002.sql")
    assert "Its rollback runs" in notice.message
    assert await columns(script) == ["id", "text"]
    await deploy({**one, "migrations/0002.sql": b"alter table notes add column n int"}, 3)
    assert await columns(script) == ["id", "text", "n"]


async def test_what_has_no_rollback_is_kept_and_said(script, deploy, migrations):
    one = {"migrations/0001.sql": FIRST}
    await deploy({**one, "migrations/0002.sql": SECOND}, 1)

    (problem,) = await migrations.check(script.id, one)
    assert (problem.severity, problem.file) == (Severity.WARNING, "migrations/0002.sql")
    assert "is kept" in problem.message
    await deploy(one, 2, goes_back=True)

    assert await columns(script) == ["id", "text", "at"]


@pytest.mark.parametrize(
    ("files", "file", "line"),
    [
        ({"migrations/first.sql": b""}, "migrations/first.sql", 1),
        ({"migrations/0001.txt": b""}, "migrations/0001.txt", 1),
        ({"migrations/0001.sql": b"", "migrations/0001-b.sql": b""}, "migrations/0001.sql", 1),
        ({"migrations/0001.rollback.sql": b""}, "migrations/0001.rollback.sql", 1),
        ({"migrations/0001.sql": b"select 1;\n\xff"}, "migrations/0001.sql", 2),
        ({"migrations/0001.sql": b"select 1;\n;grant a to b"}, "migrations/0001.sql", 2),
        ({"migrations/0001.sql": b"select 1;\n'x"}, "migrations/0001.sql", 2),
    ],
)
async def test_unfit_files_are_named(files, file, line, script, migrations):
    found = await migrations.check(script.id, files)

    assert [(one.severity, one.file, one.line) for one in found] == [(Severity.ERROR, file, line)]


async def test_a_number_before_the_applied_ones_is_refused(script, deploy, migrations):
    await deploy({"migrations/0002.sql": FIRST}, 1)

    (problem,) = await migrations.check(
        script.id, {"migrations/0002.sql": FIRST, "migrations/0001.sql": b"select 1"}
    )

    assert problem.file == "migrations/0001.sql"


ATTACKS = [
    "reset role",
    "set role {engine}",
    "set local role none",
    "set session authorization default",
    "reset session authorization",
    "select set_config('role', 'none', true)",
    "select set_config('session_authorization', '{engine}', true)",
    "do $$ begin execute 'reset role'; end $$",
    "do $$ begin perform set_config('role', '{engine}', false); end $$",
    "commit",
    "rollback",
    "do $$ begin commit; end $$",
    "select * from public.users",
    "insert into public.users (id) values (gen_random_uuid())",
    "select * from {other}.secrets",
    "create table public.mine (id int)",
    "discard all",
    "copy (select 1) to program 'id'",
    "prepare transaction 'x'",
    # Its text would be run unchecked.
    "select aiwebengine_run('notify audit_events, ''1''')",
    "select {script}.aiwebengine_run('create table x (id int)')",
]


async def test_migrations_reach_nothing_but_their_schema(script, other, db):
    """Past the checks of statements, in the function that the engine's transaction calls."""
    await script.run("create table own (id int)")
    engine = await db.value("select current_user::text")
    succeeded = []

    for attack in ATTACKS:
        statement = attack.replace("{engine}", engine).replace("{other}", other.role)
        statement = statement.replace("{script}", script.role)
        try:
            with refusals_translated():
                async with db.transaction():
                    await store.begin_running(db, script.role)
                    await store.run(db, script.role, statement)
        except EngineError:
            continue
        succeeded.append(attack)

    assert succeeded == []


async def test_who_runs_a_migration_is_the_script(script, db):
    await script.run("create table own (who text, path text)")

    async with db.transaction():
        await store.begin_running(db, script.role)
        await store.run(
            db,
            script.role,
            "insert into own values (current_user, current_setting('search_path'))",
        )
        await store.end_running(db, script.role)

    assert await script.rows("select * from own") == [
        {"who": script.role, "path": f"{script.role}, pg_temp"}
    ]


async def test_code_in_the_schema_prevents_migrations(script, deploy, db):
    """A trigger that an author found a way to create must not be run by the engine."""
    await script.run("create table notes (id int)")
    await script.unchecked(
        "create function evil() returns trigger language plpgsql as"
        " $$ begin execute 'reset role'; return new; end $$"
    )

    with pytest.raises(NotLoadable, match="functions, triggers or rules"):
        await deploy({"migrations/0001.sql": b"insert into notes values (1)"}, 1)


@pytest.mark.parametrize(
    "sql",
    [
        "explain analyze select 1 as id into temp users",
        "create temporary view users as select 1 as id",
        "create function late() returns int language sql as 'select 1'",
    ],
)
async def test_a_migration_leaves_no_code_and_no_temporary_table(
    sql, script, migrations, db, monkeypatch
):
    """Past the checks of statements: the engine's session would find them."""
    monkeypatch.setattr(migration_files, "split", lambda _: [Statement(sql, "explain")])

    with pytest.raises(NotLoadable, match=r"not available|can't have"):
        async with db.transaction():
            await migrations.apply(script.id, {"migrations/0001.sql": b"x"}, 1, goes_back=False)

    assert await db.value("select count(*) from users") == 0
    assert not await store.has_code(db, script.role)


async def test_two_first_uses_at_once_make_one_role(script, db):
    passwords = await asyncio.gather(*(roles.ensure(db, script.id) for _ in range(5)))

    assert len(set(passwords)) == 1
    assert await script.rows("select 1 as one") == [{"one": 1}]


async def test_a_script_that_is_removed_takes_its_tables_and_role_along(script, deploy, db):
    await deploy({"migrations/0001.sql": FIRST}, 1)
    await script.run("select 1")

    async with db.transaction():
        await roles.drop(db, script.id)

    assert await db.value("select to_regnamespace(:role) is null", role=script.role)
    assert not await db.value(
        "select exists (select from pg_roles where rolname = :role)", role=script.role
    )
