"""Tables of scripts in backups, and after a restore."""

import psycopg
import pytest
from tests.script_database.conftest import ScriptUnderTest, saved_script

from aiwebengine.backups.types import BackupRunState
from aiwebengine.core.identity import operator
from aiwebengine.script_database.connections import ScriptConnections

TABLES = [
    "create type mood as enum ('sad', 'ok')",
    "create table notes (id int generated always as identity primary key, text text, mood mood)",
    "create unique index on notes (text)",
    "create view moods as select mood, count(*) from notes group by mood",
    "insert into notes (text, mood) values (E'line\\n;\\\\.', 'ok'), (null, 'sad')",
]
ROWS = [{"id": 1, "text": "line\n;\\.", "mood": "ok"}, {"id": 2, "text": None, "mood": "sad"}]


@pytest.fixture
async def filled(engine, url):
    connections = ScriptConnections(engine.db, url)
    script = ScriptUnderTest(await saved_script(engine.db, "notes"), connections)
    for statement in TABLES:
        await script.run(statement)
    yield script
    await connections.close()


async def test_tables_of_scripts_are_restored(engine, filled):
    root = operator("root")
    made = await engine.services.backups.create(root)
    drilled = await engine.services.backups.drill(root)
    await filled.run("delete from notes")

    done = await engine.services.backups.restore(root, made.name)

    assert drilled.state is BackupRunState.SUCCEEDED, drilled.problem
    assert done.not_restored == []
    filled.connections.forget(str(filled.id))
    assert await filled.rows("select * from notes order by id") == ROWS
    assert await filled.rows("insert into notes (text) values ('next') returning id") == [{"id": 3}]
    assert len(await filled.rows("select * from moods")) == 3


async def test_another_server_gets_roles_and_rights_of_its_own(engine, filled, server):
    """As after pg_restore by hand: roles are missing, and the engine owns all tables."""
    role = filled.role
    await engine.db.disconnect()
    await filled.connections.close()
    with psycopg.connect(engine.services.script_databases.connections._url, autocommit=True) as own:
        for kind, name in (("table", "notes"), ("view", "moods"), ("type", "mood")):
            own.execute(f"alter {kind} {role}.{name} owner to current_user")
        own.execute(f"alter schema {role} owner to current_user")
        own.execute(f"drop owned by {role}")
        own.execute(f"drop role {role}")
    await engine.db.connect()
    connections = ScriptConnections(engine.db, engine.services.script_databases.connections._url)
    script = ScriptUnderTest(filled.id, connections)

    try:
        assert await script.rows("select * from notes order by id") == ROWS
        await script.run("alter table notes add column n int")
        await script.run("drop type mood cascade")
    finally:
        await connections.close()


async def test_a_role_with_another_password_is_repaired(engine, filled, server):
    server.run(f"alter role {filled.role} nologin")
    filled.connections.forget(str(filled.id))

    assert await filled.rows("select * from notes order by id") == ROWS
