"""Which statements scripts may run, and how SQL is cut into tokens."""

import pytest

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_database.lexing import Kind, tokens
from aiwebengine.script_database.statements import split, statement

ALLOWED = [
    "select 1",
    "  /* a /* nested */ comment */ -- and another\n SELECT 1;",
    "(select 1) union (select 2)",
    "with a as (select 1) select * from a",
    "values (1), (2)",
    "table notes",
    "insert into notes (text) values ($1) returning id",
    "update notes set text = 'commit; set role postgres' where id = $1",
    "delete from notes",
    "merge into notes using new on notes.id = new.id when matched then do nothing",
    "truncate notes",
    "create table notes (id int generated always as identity primary key, text text)",
    "create table if not exists notes (id int)",
    "create unlogged table notes (id int)",
    "create or replace view newest as select 1",
    "create unique index on notes (text)",
    "create materialized view counts as select 1",
    "create type mood as enum ('sad', 'ok')",
    "alter table notes add column mood mood",
    "drop table notes",
    "comment on table notes is 'set role'",
    "explain (analyze, costs off) select 1",
    "explain analyze verbose delete from notes",
    "explain (select 1)",
    "select $$commit; set role x$$, $a$ reset role $a$, E'it\\'s; commit', 'it''s; commit'",
    'select "set" from notes -- ; commit',
    "select pg_typeof(1)",
]

REFUSED = [
    "",
    " -- nothing",
    ";",
    "select 1; select 2",
    "select 1; commit",
    "commit",
    "COMMIT AND CHAIN",
    "rollback",
    "begin",
    "start transaction",
    "savepoint a",
    "release a",
    "prepare transaction 'x'",
    "prepare a as select 1",
    "execute a",
    "deallocate all",
    "declare c cursor with hold for select 1",
    "fetch all from c",
    "close all",
    "set role postgres",
    "set local role postgres",
    "reset role",
    "reset all",
    "set session authorization postgres",
    "set search_path = public",
    "set statement_timeout = 0",
    "show data_directory",
    "discard all",
    "select set_config('role', 'postgres', false)",
    "select \"set_config\"('role', 'postgres', false)",
    "select pg_catalog.set_config('role', 'x', false)",
    "select U&\"\\0073et_config\"('role', 'x', false)",
    "select current_setting('is_superuser')",
    "copy notes to '/tmp/x'",
    "copy notes from program 'id'",
    "copy notes from stdin",
    "do $$ begin execute 'reset role'; end $$",
    "call p()",
    "create function f() returns int language sql as 'select 1'",
    "create or replace function f() returns int security definer language sql as 'select 1'",
    "create procedure p() language sql as 'select 1'",
    "create trigger t before insert on notes execute function f()",
    "create constraint trigger t after insert on notes deferrable execute function f()",
    "create rule r as on insert to notes do also notify audit_events",
    "create extension dblink",
    "create schema other",
    "create role other",
    "create temp table t (id int)",
    "create temporary table t (id int)",
    "create local temp table t (id int)",
    "create or replace temp view v as select 1",
    "create table pg_temp.t (id int)",
    "create foreign table t (id int) server s",
    "create event trigger t on ddl_command_start execute function f()",
    "create aggregate a (int) (sfunc = set_config, stype = int)",
    "create operator === (function = f, leftarg = int)",
    "create cast (int as text) with function f(int)",
    "create publication p for all tables",
    "alter role script_1 password 'x'",
    "alter default privileges grant select on tables to public",
    "alter system set fsync = off",
    "alter database aiwebengine set role = 'x'",
    "alter function f() owner to postgres",
    "alter table notes force row level security",
    "drop schema public cascade",
    "drop owned by current_user",
    "drop role x",
    "grant all on notes to public",
    "revoke all on notes from public",
    "reassign owned by x to y",
    "security label on table notes is 'x'",
    "listen audit_events",
    "unlisten *",
    "notify audit_events, '1'",
    "select pg_notify('audit_events', '1')",
    "select /* x */ pg_notify /* y */ ('audit_events', '1')",
    "with x as (select pg_notify('a', '1')) select 1",
    "insert into notes (text) values (pg_notify('a', '1')::text)",
    "create table t (id int default pg_notify('a', 'b'))",
    "select pg_sleep(100)",
    "select PG_SLEEP(100)",
    "select pg_terminate_backend(1)",
    "select pg_read_file('/etc/passwd')",
    "select pg_advisory_lock(1)",
    "select * from pg_catalog.pg_authid",
    "select * from pg_stat_activity",
    "select 'users'::regclass",
    "select 10::regrole",
    "select lo_import('/etc/passwd')",
    "select lo_from_bytea(0, 'x')",
    "select query_to_xml('select pg_notify(''a'', ''b'')', true, true, '')",
    "select * from ts_stat('select pg_notify(''a'', ''b'')')",
    "select * from dblink('host=/tmp', 'select 1') as t (a int)",
    "lock table notes",
    "vacuum",
    "analyze",
    "cluster",
    "reindex table notes",
    "refresh materialized view counts",
    "checkpoint",
    "load 'x'",
    "import foreign schema a from server s into b",
    "explain execute a",
    "explain (analyze) execute a",
    "explain",
    "create",
    "'select 1'",
    "1",
    # Strings that PostgreSQL ends elsewhere than a careless reader.
    "select 'a', pg_sleep(1), 'b'",
    "select E'a'\n'\\'' || pg_sleep(1) || '",
    "select E'a' -- c\n'\\'' || pg_sleep(1) || '",
    "select 'a\\', pg_sleep(1), '\\'",
    "select $a$ $b$ $a$, pg_sleep(1)",
    "select 1/*/* */*/, pg_sleep(1)",
    "select '/*', pg_sleep(1), '*/'",
    'select "/*", pg_sleep(1)',
    "select 1 --\r, pg_sleep(1)",
    "select 1 */* x */ pg_sleep(1)",
    "select b'1'', pg_sleep(1), ''",
    "select 'no end",
    'select "no end',
    "select /* no end",
    "select $a$ no end",
]


@pytest.mark.parametrize("sql", ALLOWED)
def test_what_scripts_need_is_allowed(sql):
    assert statement(sql).sql


@pytest.mark.parametrize("sql", REFUSED)
def test_what_reaches_beyond_a_script_is_refused(sql):
    with pytest.raises(BadUserInput):
        statement(sql)


def test_a_file_is_split_into_statements_with_their_lines():
    found = list(
        split("-- first\ncreate table a (t text default ';');\n\n;insert into a\nvalues (1)")
    )

    assert [(one.line, one.verb) for one in found] == [(2, "create"), (4, "insert")]
    assert found[0].sql == "create table a (t text default ';')"


def test_names_are_folded_as_postgresql_does():
    kinds = [(token.kind, token.value) for token in tokens('SELECT "A""b", Ä, e$1, $1')]

    assert kinds == [
        (Kind.WORD, "select"),
        (Kind.NAME, 'A"b'),
        (Kind.SYMBOL, ","),
        (Kind.WORD, "Ä"),
        (Kind.SYMBOL, ","),
        (Kind.WORD, "e$1"),
        (Kind.SYMBOL, ","),
        (Kind.SYMBOL, "$1"),
    ]
