"""Whose the embedded database is: a role that is no superuser, also where it was one before."""

import psycopg
import pytest

from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.database.embedded import embedded_postgres
from aiwebengine.database.ownership import ROLE, SUPERUSER
from aiwebengine.migrations.service import Migrations

OWNERS = """
  select distinct pg_get_userbyid(relowner) from pg_class
  where relnamespace = 'public'::regnamespace
  union
  select pg_get_userbyid(proowner) from pg_proc where pronamespace = 'public'::regnamespace
  union
  select pg_get_userbyid(datdba) from pg_database where datname = current_database()
"""


def as_superuser(url):
    return url.replace(f"//{ROLE}@", f"//{SUPERUSER}@")


def test_the_engine_can_run_no_program_and_read_no_file_of_the_server(tmp_path):
    with embedded_postgres(tmp_path) as url, psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            "copy (select 1) to program 'true'",
            "copy (select 1) to '/tmp/x'",
            "select pg_read_file('/etc/passwd')",
            "alter system set fsync = off",
            "create role other superuser",
            f"alter role {ROLE} superuser",
            f"set role {SUPERUSER}",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_database_of_the_superuser_is_handed_over_at_the_next_start(tmp_path):
    """As a version made it that connected as the superuser."""
    with embedded_postgres(tmp_path) as url:
        with psycopg.connect(as_superuser(url), autocommit=True) as connection:
            connection.execute(f"alter database aiwebengine owner to {SUPERUSER}")
            connection.execute("create database aiwebengine_before_20260101000000000000")
        Migrations(as_superuser(url), MIGRATIONS).up()
        with psycopg.connect(as_superuser(url)) as connection:
            connection.execute("create view seen as select email from users")
            assert connection.execute(OWNERS).fetchall() == [(SUPERUSER,)]

    for _ in range(2):
        with embedded_postgres(tmp_path) as url, psycopg.connect(url) as connection:
            connection.execute("insert into users (email) values ('x@example.com')")
            connection.execute("alter table users add column extra text")
            connection.rollback()
            assert connection.execute(OWNERS).fetchall() == [(ROLE,)]
            kept = connection.execute(
                "select pg_get_userbyid(datdba) from pg_database where datname like '%before%'"
            ).fetchone()
            assert kept == (ROLE,)
