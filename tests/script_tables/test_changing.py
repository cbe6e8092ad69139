"""Changing, inserting and deleting one row, beside others who do the same."""

import pytest

from aiwebengine.audit.types import AuditAction, AuditFilter
from aiwebengine.core.errors import BadUserInput, Conflict, Forbidden, LimitExceeded
from aiwebengine.database.restricted import SqlError
from aiwebengine.script_database import sizes
from aiwebengine.script_tables.types import ColumnValue


def values(**given):
    return [ColumnValue(column, value) for column, value in given.items()]


async def events(engine, viewer):
    found = await engine.services.audit.page(viewer, AuditFilter(), None, 50)
    return [one.after for one in found if one.action is AuditAction.SCRIPT_DATA_CHANGED]


@pytest.fixture
async def things(define):
    await define(
        "create table things (id int generated always as identity primary key, name varchar(5)"
        " not null, code char(3), size int check (size > 0), at timestamptz default now(),"
        " twice int generated always as (size * 2) stored, tags text[], body jsonb)"
    )


async def test_a_row_is_inserted_changed_and_deleted(tables, things, edith, ada, engine):
    added = await tables.insert(
        edith,
        "notes",
        "things",
        values(name="one", size="2", tags='{a,"b c"}', body='{"a": 1}', at=None, code="x"),
    )
    assert added is not None
    changed = await tables.update(
        edith, "notes", "things", added.key, added.version, values(size="5", body=None)
    )
    await tables.delete(edith, "notes", "things", changed.key, changed.version)

    assert added.cells == ["1", "one", "x", "2", None, "4", '{a,"b c"}', '{"a": 1}']
    assert changed.cells == ["1", "one", "x", "5", None, "10", '{a,"b c"}', None]
    assert changed.version != added.version
    assert await tables.row(edith, "notes", "things", ["1"]) is None
    assert list(reversed(await events(engine, ada))) == [
        {
            "change": "inserted",
            "table": "things",
            "columns": ["name", "size", "tags", "body", "at", "code"],
        },
        {"change": "updated", "table": "things", "columns": ["size", "body"]},
        {"change": "deleted", "table": "things"},
    ]


async def test_nobody_overwrites_what_another_has_changed(tables, things, define, edith, ada):
    row = await tables.insert(edith, "notes", "things", values(name="one"))
    await define("update things set name = 'two'")

    with pytest.raises(Conflict, match="changed meanwhile"):
        await tables.update(edith, "notes", "things", row.key, row.version, values(name="mine"))
    with pytest.raises(Conflict, match="changed meanwhile") as caught:
        await tables.delete(edith, "notes", "things", row.key, row.version)
    now = await tables.row(edith, "notes", "things", row.key)
    assert caught.value.extensions["version"] == now.version
    assert now.cells[1] == "two"
    await define("delete from things")
    with pytest.raises(Conflict, match="deleted meanwhile"):
        await tables.update(edith, "notes", "things", row.key, row.version, values(name="mine"))


async def test_a_refused_change_changes_and_records_nothing(tables, things, edith, ada, engine):
    refused = [
        (values(name="toolong"), "too long for type character varying"),
        (values(name="a", size="-1"), "violates check constraint"),
        (values(size="1"), "null value in column"),
        (values(name="a", size="many"), "invalid input syntax for type integer"),
        (values(name="a", twice="1"), "PostgreSQL sets 'twice'"),
        (values(name="a", id="1"), "PostgreSQL sets 'id'"),
        (values(name="a", nothing="1"), "no column 'nothing'"),
        ([*values(name="a"), *values(name="b")], "named twice"),
        (values(name="a\0"), "zero character"),
        (values(name="x" * 1_000_001), "1,000,001 characters"),
        (values(name="a", body="{"), "invalid input syntax for type json"),
    ]

    for given, message in refused:
        with pytest.raises(BadUserInput, match=message):
            await tables.insert(edith, "notes", "things", given)

    assert (await tables.page(edith, "notes", "things", [], None, None, 10)).rows == []
    assert await events(engine, ada) == []


async def test_a_composite_key_can_be_changed_itself(tables, define, edith):
    await define(
        "create table pairs (a text, b date, c int, primary key (b, a))",
        "insert into pairs values ('x', '2026-01-01', 1), ('y', '2026-01-01', 2)",
    )
    row = await tables.row(edith, "notes", "pairs", ["2026-01-01", "x"])

    with pytest.raises(Conflict, match="duplicate key"):
        await tables.update(edith, "notes", "pairs", row.key, row.version, values(a="y"))
    changed = await tables.update(
        edith, "notes", "pairs", row.key, row.version, values(a="z'\"", b="2026-02-03")
    )

    assert (changed.key, changed.cells) == (("2026-02-03", "z'\""), ["z'\"", "2026-02-03", "1"])
    for key in ([], ["x"], ["2026-01-01", "x", "1"]):
        with pytest.raises(BadUserInput, match="allowed: 2, of b, a"):
            await tables.row(edith, "notes", "pairs", key)
    with pytest.raises(BadUserInput):
        await tables.row(edith, "notes", "pairs", ["x", "2026-01-01"])


async def test_keys_of_every_type_lead_back_to_their_row(tables, define, edith):
    for at, (kind, value) in enumerate(
        [
            ("numeric", "1.50"),
            ("float8", "0.1"),
            ("float4", "0.3"),
            ("uuid", "'0123abcd-0123-4567-89ab-0123456789ab'"),
            ("timestamptz", "'2026-01-01 10:00:00.123456+02'"),
            ("timestamp", "'infinity'"),
            ("date", "'0044-03-15 BC'"),
            ("interval", "'1 day 02:03:04'"),
            ("bytea", "'\\x00ff'"),
            ("char(4)", "'ab'"),
            ('"char"', "'x'"),
            ("name", "'n'"),
            ("inet", "'::1/64'"),
            ("int4range", "'[1,5)'"),
            ("text[]", "array['a,b', null, '\"']"),
            ("jsonb", "'{\"a\": [1, null]}'"),
            ("boolean", "true"),
            ("mood", "'so so'"),
            ("small", "7"),
            ("bit(3)", "B'101'"),
        ]
    ):
        if kind == "mood":
            await define("create type mood as enum ('bad', 'so so')")
        if kind == "small":
            await define("create domain small as int check (value < 10)")
        await define(
            f"create table keys{at} (id {kind} primary key, seen int)",
            f"insert into keys{at} values ({value}, 0)",
        )
        [row] = (await tables.page(edith, "notes", f"keys{at}", [], None, None, 10)).rows
        changed = await tables.update(
            edith, "notes", f"keys{at}", row.key, row.version, values(seen="1")
        )
        assert (kind, changed.key, changed.cells[1]) == (kind, row.key, "1")


async def test_what_has_no_key_is_only_added_to(tables, define, edith):
    await define(
        "create table lines (text text)",
        "create view shown as select * from lines",
    )

    assert await tables.insert(edith, "notes", "lines", values(text="a")) is None
    assert await tables.insert(edith, "notes", "lines", []) is None
    for name in ("lines", "shown"):
        with pytest.raises(BadUserInput, match="has no primary key"):
            await tables.update(edith, "notes", name, ["a"], "1", values(text="b"))
        with pytest.raises(BadUserInput, match="has no primary key"):
            await tables.delete(edith, "notes", name, ["a"], "1")
    with pytest.raises(BadUserInput, match="is a view"):
        await tables.insert(edith, "notes", "shown", values(text="a"))
    page = await tables.page(edith, "notes", "shown", [], None, None, 10)
    assert [row.cells for row in page.rows] == [["a"], [None]]


async def test_rows_of_partitions_are_changed_in_their_table(tables, define, edith):
    await define(
        "create table parts (id int primary key, name text) partition by range (id)",
        "create table parts_low partition of parts for values from (0) to (10)",
        "create table parts_high partition of parts for values from (10) to (20)",
    )

    row = await tables.insert(edith, "notes", "parts", values(id="1", name="a"))
    moved = await tables.update(edith, "notes", "parts", row.key, row.version, values(id="11"))
    await tables.delete(edith, "notes", "parts", moved.key, moved.version)

    assert moved.key == ("11",)
    assert (await tables.page(edith, "notes", "parts", [], None, None, 10)).rows == []


async def test_triggers_that_skip_a_change_are_reported(tables, define, edith, ada, engine):
    await define(
        "create table kept (id int primary key, name text)",
        "insert into kept values (1, 'a')",
        "create function skips() returns trigger language plpgsql as 'begin return null; end'",
        "create trigger skips before insert or update or delete on kept for each row"
        " execute function skips()",
    )
    row = await tables.row(edith, "notes", "kept", ["1"])

    with pytest.raises(Conflict, match="trigger or rule"):
        await tables.update(edith, "notes", "kept", row.key, row.version, values(name="b"))
    with pytest.raises(Conflict, match="trigger or rule"):
        await tables.delete(edith, "notes", "kept", row.key, row.version)
    with pytest.raises(Conflict, match="trigger or rule"):
        await tables.insert(edith, "notes", "kept", values(id="2"))
    assert await events(engine, ada) == []


async def test_a_deferred_constraint_is_checked_before_the_answer(
    tables, define, edith, ada, engine
):
    await define(
        "create table parents (id int primary key)",
        "create table children (id int primary key,"
        " parent int references parents deferrable initially deferred)",
    )

    with pytest.raises(SqlError, match="violates foreign key constraint"):
        await tables.insert(edith, "notes", "children", values(id="1", parent="7"))

    assert (await tables.page(edith, "notes", "children", [], None, None, 10)).rows == []
    assert await events(engine, ada) == []


async def test_a_full_schema_takes_no_rows(tables, things, edith, monkeypatch):
    row = await tables.insert(edith, "notes", "things", values(name="one"))
    monkeypatch.setattr(sizes, "MOST_SCHEMA_BYTES", 1)
    monkeypatch.setattr(sizes, "SIZE_SECS", -1)

    with pytest.raises(LimitExceeded):
        await tables.insert(edith, "notes", "things", values(name="two"))

    await tables.delete(edith, "notes", "things", row.key, row.version)


async def test_only_owners_and_administrators_change(tables, things, edith, emma, alan, ada):
    row = await tables.insert(ada, "notes", "things", values(name="one"))

    for viewer in (emma, alan):
        for change in (
            tables.insert(viewer, "notes", "things", values(name="x")),
            tables.update(viewer, "notes", "things", row.key, row.version, values(name="x")),
            tables.delete(viewer, "notes", "things", row.key, row.version),
        ):
            with pytest.raises(Forbidden):
                await change
