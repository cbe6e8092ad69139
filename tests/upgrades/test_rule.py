"""Every migration can be lived with by the version before, or says why not."""

import pytest
from tests.upgrades.rule import faults

from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.upgrades.compatibility import breaks

SET = "set local lock_timeout = '5s'; "
FILES = sorted(path for path in MIGRATIONS.glob("*.sql") if ".rollback." not in path.name)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_version_before_can_live_with_it_or_it_says_why_not(path):
    found = faults(path.read_text())
    # What there is before the first version has no version before it.
    why = breaks(path.stem, MIGRATIONS)

    assert bool(found) == bool(why), f"{found} / {why}"
    assert why is None or len(why) > 30


@pytest.mark.parametrize(
    ("sql", "part"),
    [
        ("drop table users", "DropStmt"),
        ("drop function refuse_audit_change()", "DropStmt"),
        ("drop index users_name", "DropStmt"),
        ("alter table users drop column name", "DropColumn name"),
        ("alter table users rename column name to title", "RenameStmt"),
        ("alter table users rename to people", "RenameStmt"),
        ("alter table users alter column name type varchar(20)", "AlterColumnType name"),
        ("alter table users alter column picture_url set not null", "SetNotNull picture_url"),
        ("alter table users alter column name drop default", "users.name: its default"),
        ("alter table users add column shoe integer not null", "users.shoe: not null"),
        ("alter table users add column shoe integer unique", "users.shoe: unique"),
        ("alter table users add constraint c check (version > 0)", "checked at once"),
        ("alter table users add unique (name)", "checked at once"),
        ("alter table users drop constraint users_pkey", "DropConstraint users_pkey"),
        ("create index users_version on users (version)", "that locks it"),
        ("create unique index concurrently i on users (name)", "unique index on users"),
        ("create or replace function f() returns int language sql as 'select 1'", "another body"),
        ("alter table users set unlogged", "SetUnLogged"),
        ("truncate users", "TruncateStmt"),
        ("delete from users", "DeleteStmt"),
        ("create table a (b int); drop table c", "DropStmt"),
    ],
)
def test_what_the_version_before_can_t_live_with_is_found(sql, part):
    (found,) = faults(SET + sql)

    assert part in found


@pytest.mark.parametrize(
    "sql",
    [
        "create table a (b int not null); create unique index c on a (b)",
        "create table a (b int); alter table a add primary key (b)",
        "alter table users add column shoe integer",
        "alter table users add column shoe integer not null default 42",
        "alter table users add constraint c check (version > 0) not valid",
        "alter table users drop constraint users_name_check",
        "alter table users alter column name set default 'nobody'",
        "alter table users set logged",
        "comment on table users is 'people'",
        "create function f() returns int language sql as 'select 1'",
    ],
)
def test_what_only_expands_is_fine(sql):
    assert faults(SET + sql) == []


def test_a_migration_must_not_wait_for_ever():
    assert len(faults("create table a (b int)")) == 1
    assert faults("-- transactional: false\ncreate index concurrently i on users (name)") == []


def test_a_migration_that_breaks_the_rule_says_why_over_several_lines(tmp_path):
    path = tmp_path / "0099.drop-users.sql"
    path.write_text("-- Nobody is here.\n-- breaks: engines of 0.3 ask for it;\n--   stop them.\n")

    assert breaks("0099.drop-users", tmp_path) == "engines of 0.3 ask for it; stop them."
