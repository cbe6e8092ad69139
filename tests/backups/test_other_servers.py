"""What exists on the old server only stops no restore, and a drill does what a restore does."""

import psycopg
import pytest
from tests.conftest import configured
from tests.servers import Server

from aiwebengine.app.engine import Engine
from aiwebengine.backups.cluster_store import name_of
from aiwebengine.backups.rights import MissingRights
from aiwebengine.backups.types import BackupRunState
from aiwebengine.core.identity import Role
from aiwebengine.database.embedded import embedded_postgres
from aiwebengine.database.ownership import ROLE

EMAILS = "select email from users order by email"
# By the name that the report has for each.
ONLY_THERE = {
    "GRANT SELECT ON TABLE public.users TO only_there": "grant select on users to only_there",
    "GRANT SELECT(email) ON TABLE public.users TO only_there": (
        "grant select (email) on users to only_there"
    ),
    "GRANT SELECT ON TABLES TO only_there": (
        "alter default privileges for role aiwebengine grant select on tables to only_there"
    ),
    "ownership by role only_there": "alter table rate_windows owner to only_there",
    "schema elsewhere": "create schema elsewhere authorization only_there",
    "collation only_here": 'create collation only_here from "C"',
    "view emails": "create view emails as select email collate only_here from users",
    "foreign data wrapper far_away": "create foreign data wrapper far_away",
    "server remote": "create server remote foreign data wrapper far_away",
    "user mapping USER MAPPING only_there SERVER remote": (
        "create user mapping for only_there server remote"
    ),
    "foreign table farther": "create foreign table farther (a int) server remote",
    "policy users theirs": "create policy theirs on users to only_there using (true)",
    "function watched()": (
        "create function watched() returns event_trigger language plpgsql as $$begin end$$"
    ),
    "event trigger watcher": (
        "create event trigger watcher on ddl_command_end execute function watched()"
    ),
    "publication everything": "create publication everything for table users",
    "index by_name": "create index by_name on users (name)",
}


@pytest.fixture
def stranger(server):
    server.run("create role only_there")
    yield
    server.run("drop role only_there")


@pytest.fixture
def populated(server, url, stranger):
    """The database with everything that only this server has."""
    with psycopg.connect(server.as_superuser(name_of(url)), autocommit=True) as connection:
        connection.execute(f"grant only_there to {ROLE}")
        for statement in ONLY_THERE.values():
            connection.execute(statement)
        yield
        connection.execute("drop event trigger watcher")
        connection.execute("drop owned by only_there cascade")
        connection.execute("drop foreign data wrapper far_away cascade")


@pytest.mark.parametrize("kind", ["drill", "in place", "into"])
async def test_what_only_the_old_server_has_stops_neither_restore_nor_drill_and_is_reported(
    backups, root, ada, folder, populated, tmp_path, kind
):
    made = await backups.create(root)
    config = configured(tmp_path / "fresh")
    told = []

    with embedded_postgres(config.repository.data_dir) as address:
        fresh = Server(address)
        other = Engine(config, address)
        config.backup.directory.mkdir(parents=True, exist_ok=True)
        (config.backup.directory / made.name).write_bytes((folder / made.name).read_bytes())
        await other.prepare()
        try:
            there = other.services.backups
            if kind == "drill":
                run = await there.drill(root, told.append, made.name, trust_unsigned=True)
                assert run.state is BackupRunState.SUCCEEDED
                report = str(run.details)
            else:
                if kind == "into":
                    fresh.run("create database target")
                    where = fresh.database("target")
                    done = await there.restore_into(
                        root, made.name, where, told.append, trust_unsigned=True
                    )
                else:
                    where = address
                    done = await there.restore(root, made.name, told.append, trust_unsigned=True)
                report = str(done.not_restored)
                with psycopg.connect(where) as connection:
                    assert connection.execute(EMAILS).fetchall() == [("ada@example.com",)]
        finally:
            await other.db.disconnect()

    assert [name for name in ONLY_THERE if name not in report] == []
    assert any("GRANT SELECT ON TABLE public.users TO only_there" in line for line in told)


async def test_a_table_that_the_engine_may_not_read_does_not_stop_a_backup(
    backups, root, ada, server, url
):
    told = []
    with psycopg.connect(server.as_superuser(name_of(url)), autocommit=True) as connection:
        connection.execute('create table "Theirs; it\'s" (a int)')
        connection.execute(f'revoke all on "Theirs; it\'s" from {ROLE}')
        connection.execute("create schema theirs")
        connection.execute("create table theirs.more (id bigserial)")

    made = await backups.create(root, told.append)

    assert any("Theirs" in line for line in told)
    assert any("theirs.more" in line for line in told)
    assert (await backups.drill(root, name=made.name)).state is BackupRunState.SUCCEEDED


@pytest.fixture
async def poor(server, url):
    """An engine whose role may use its database and nothing more, as on many managed servers."""
    server.run("create role poor login")
    with psycopg.connect(server.as_superuser(name_of(url)), autocommit=True) as connection:
        connection.execute("grant all on all tables in schema public to poor")
        connection.execute("grant all on all sequences in schema public to poor")
    yield url.replace(f"//{ROLE}@", "//poor@")
    with psycopg.connect(server.as_superuser(name_of(url)), autocommit=True) as connection:
        connection.execute("drop owned by poor")
    server.run("drop role poor")


@pytest.mark.parametrize("verb", ["drill", "restore"])
async def test_missing_rights_are_named_before_anything_is_done(
    engine, backups, root, ada, poor, tmp_path, folder, verb
):
    made = await backups.create(root)
    other = Engine(configured(tmp_path), poor)
    await other.db.connect()
    try:
        with pytest.raises(MissingRights) as refused:
            await getattr(other.services.backups, verb)(root, name=made.name)
    finally:
        await other.db.disconnect()

    assert "alter role" in refused.value.message
    assert "createdb" in refused.value.message
    assert "owner to" in refused.value.message
    assert [entry.name for entry in folder.glob("*.tar")] == [made.name]


async def test_of_the_engine_s_own_tables_nothing_is_reported_as_not_restored(backups, root, ada):
    made = await backups.create(root)

    done = await backups.restore(root, made.name, with_safety_backup=False, drop_old=True)

    assert done.not_restored == []
    assert done.left_out == []


async def test_a_restored_database_is_open_to_whom_the_old_one_was(
    backups, root, ada, server, url, rows
):
    server.run("create role monitor login")
    name = name_of(url)
    server.run(f"revoke connect on database {name} from public")
    server.run(f"grant connect on database {name} to monitor")
    try:
        made = await backups.create(root)

        await backups.restore(root, made.name, with_safety_backup=False, drop_old=True)

        assert rows(
            "select has_database_privilege('monitor', current_database(), 'connect'),"
            " has_database_privilege('pg_monitor', current_database(), 'connect')"
        ) == [(True, False)]
    finally:
        server.run(f"revoke all on database {name} from monitor")
        server.run("drop role monitor")


async def test_a_drill_fails_where_a_restore_from_the_screen_would_leave_no_administrator(
    backups, engine, add_person, root
):
    await add_person("edith", Role.EDITOR)
    made = await backups.create(root)
    ada = await add_person("ada", Role.ADMINISTRATOR)

    run = await backups.drill(ada, name=made.name)

    assert run.state is BackupRunState.FAILED
    assert "active administrator" in run.problem
