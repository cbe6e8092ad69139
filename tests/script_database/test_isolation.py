"""What SQL of a script reaches, also where the engine would not check its statements."""

from contextlib import suppress

import pytest

from aiwebengine.core.errors import BadUserInput, EngineError
from aiwebengine.database.restricted import SqlError

FORBIDDEN = "42501"


async def test_a_script_has_a_schema_of_its_own(script, db):
    await script.run("create table notes (id int generated always as identity, text text)")
    await script.run("insert into notes (text) values ($1)", "hello")

    assert await script.rows("select * from notes") == [{"id": 1, "text": "hello"}]
    assert await db.value(f"select text from {script.role}.notes") == "hello"


ATTACKS = [
    "select * from public.users",
    "select * from public.script_databases",
    "select * from public.script_blobs",
    "select * from pg_catalog.pg_authid",
    "select * from pg_catalog.pg_largeobject",
    "insert into public.users default values",
    "create table public.mine (id int)",
    "create table other.mine (id int)",
    "create schema mine",
    "create table mine (like public.users)",
    "create table mine (id uuid references public.users)",
    "create table mine () inherits (public.users)",
    "create materialized view mine as select * from public.users",
    "truncate public.users",
    "drop table public.users",
    "alter table public.users add column x int",
    "comment on table public.users is 'mine'",
    "set role {engine}",
    "set session authorization {engine}",
    "set session authorization postgres",
    "set role postgres",
    "select set_config('role', '{engine}', false)",
    "select set_config('session_authorization', '{engine}', false)",
    "do $$ begin execute 'set role {engine}'; end $$",
    "copy (select 1) to '/tmp/stolen'",
    "copy (select 1) to program 'id'",
    "copy public.users from stdin",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "select lo_import('/etc/passwd')",
    "select pg_reload_conf()",
    "alter system set log_statement = 'all'",
    "alter role {engine} password 'mine'",
    "alter role current_user superuser",
    "alter role current_user connection limit -1",
    "create role mine",
    "create database mine",
    "grant {engine} to current_user",
    "grant {other} to current_user",
    "select * from {other}.secrets",
    "insert into {other}.secrets values ('mine')",
    "drop schema {other} cascade",
    "create table {other}.mine (id int)",
    "set role {other}",
    "alter schema current_schema owner to {other}",
    "create function public.lower(text) returns text language sql as 'select 1'",
    "create extension dblink",
    "create extension postgres_fdw",
    "create language plpython3u",
    "create event trigger t on ddl_command_start execute function f()",
    "create publication mine for all tables",
    "set session_replication_role = replica",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = '{engine}'",
    "select pg_cancel_backend(pid) from pg_stat_activity where usename = '{engine}'",
    "select pg_promote()",
]


async def test_the_role_has_no_rights_elsewhere(script, other, db):
    """Run past the engine's own checks, which refuse most of these before."""
    await script.run("create table own (id int)")
    engine = await db.value("select current_user::text")
    succeeded = []

    for attack in ATTACKS:
        sql = attack.replace("{engine}", engine).replace("{other}", other.role)
        try:
            await script.unchecked(sql)
        except EngineError:
            continue
        succeeded.append(attack)

    assert succeeded == []
    assert await db.value("select count(*) from users") == 0
    assert (
        await db.value(f"select string_agg(text, ',') from {other.role}.secrets") == "of the other"
    )


async def test_a_view_shows_what_its_owner_may_read_and_no_more(script):
    await script.unchecked("create view stolen as select * from public.users")

    with pytest.raises(SqlError) as caught:
        await script.unchecked("select * from stolen")

    assert caught.value.state == FORBIDDEN


@pytest.mark.parametrize(
    "sql",
    [
        "reset role",
        "reset session authorization",
        "set role none",
        "set local role none",
        "reset all",
        "discard all",
        "select set_config('role', 'none', false)",
        "do $$ begin execute 'reset role'; execute 'reset session authorization'; end $$",
        "create function back() returns text language plpgsql security definer"
        " as $$ begin return current_user; end $$",
    ],
)
async def test_there_is_no_role_to_go_back_to(sql, script, other):
    with suppress(SqlError):
        await script.unchecked(sql)

    result = await script.unchecked("select current_user::text, session_user::text")
    assert tuple(result.rows[0]) == (script.role, script.role)
    with pytest.raises(SqlError) as caught:
        await script.unchecked(f"select * from {other.role}.secrets")
    assert caught.value.state == FORBIDDEN


async def test_the_role_is_in_no_group_and_has_no_powers(script, db):
    await script.run("select 1")

    row = await db.one(
        """
        select rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
          exists (select from pg_auth_members where member = r.oid) as is_member,
          has_schema_privilege(oid, 'public', 'create') as makes_public
        from pg_roles r where rolname = :role
        """,
        role=script.role,
    )
    assert not any(row)
    readable = await db.all(
        """
        select c.relname from pg_class c
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')
          and has_table_privilege(:role, c.oid, 'select, insert, update, delete, truncate')
          and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
        """,
        role=script.role,
    )
    assert readable == []


async def test_two_statements_in_one_text_are_refused_by_the_server_too(script):
    with pytest.raises(SqlError, match="multiple commands"):
        await script.unchecked("select 1; select 2")
    with pytest.raises(BadUserInput, match="several statements"):
        await script.run("select 1; select 2")


async def test_a_role_with_powers_gets_no_connection(script, db, server):
    await script.run("select 1")
    server.run(f"alter role {script.role} createdb")
    script.connections.forget(str(script.id))

    with pytest.raises(EngineError, match="has rights beyond its schema"):
        await script.run("select 1")

    server.run(f"alter role {script.role} nocreatedb")
    await script.run("select 1")
