"""Pages of rows: what is shown, what is shortened, and where the next page begins."""

import pytest

from aiwebengine.core.errors import BadUserInput, Forbidden, NotFound
from aiwebengine.script_tables.types import (
    MOST_FILTERS,
    AfterKey,
    Filter,
    Operator,
    Order,
    Shortened,
    Skip,
    TableKind,
)


async def cells(tables, viewer, table, *filters, order=None, start=None, first=50):
    page = await tables.page(viewer, "notes", table, filters, order, start, first)
    return [list(row.cells) for row in page.rows]


async def test_a_script_without_a_database_has_no_tables_and_gets_no_role(
    engine, tables, notes, edith
):
    assert await tables.all(edith, "notes") == []
    with pytest.raises(NotFound):
        await tables.table(edith, "notes", "users")

    assert await engine.db.value("select count(*) from script_databases") == 0


async def test_tables_are_listed_with_their_columns(tables, define, edith):
    await define(
        "create table places (region text, id int, name varchar(5) not null default 'x',"
        " twice int generated always as (id * 2) stored, primary key (id, region))",
        "create view names as select name from places",
        "insert into places values ('north', 1, 'a')",
        "analyze places",
    )

    listed = await tables.all(edith, "notes")
    places = await tables.table(edith, "notes", "places")

    assert [(one.name, one.kind, one.rows, one.columns) for one in listed] == [
        ("names", TableKind.VIEW, listed[0].rows, 1),
        ("places", TableKind.TABLE, 1, 4),
    ]
    assert [column.name for column in places.key] == ["id", "region"]
    name, twice = places.columns[2], places.columns[3]
    assert (name.type, name.is_nullable, name.has_default) == ("character varying(5)", False, True)
    assert name.default == "'x'::character varying"
    assert twice.is_generated
    assert not (await tables.table(edith, "notes", "names")).takes_rows


async def test_pages_follow_each_other_by_key(tables, define, edith):
    await define(
        "create table pairs (a int, b text, primary key (b, a))",
        "insert into pairs select n % 3, chr(97 + n / 3) from generate_series(0, 8) n",
    )
    seen, start = [], None
    while True:
        page = await tables.page(edith, "notes", "pairs", [], None, start, 4)
        seen += [row.key for row in page.rows]
        start = page.next
        if start is None:
            break
        assert isinstance(start, AfterKey)

    assert seen == [(b, str(a)) for b in "abc" for a in range(3)]


async def test_pages_of_a_table_without_a_key_and_of_a_sorted_one_count_rows(tables, define, edith):
    await define(
        "create table lines (text text)",
        "insert into lines select n from generate_series(1, 5) n",
        "insert into lines values (null)",
    )

    page = await tables.page(edith, "notes", "lines", [], None, None, 4)
    last = await tables.page(edith, "notes", "lines", [], None, page.next, 4)
    falling = await cells(tables, edith, "lines", order=Order("text", is_descending=True))

    assert page.next == Skip(4)
    assert last.next is None
    assert [row.cells for row in (*page.rows, *last.rows)] == [
        ["1"], ["2"], ["3"], ["4"], ["5"], [None],
    ]  # fmt: skip
    assert page.rows[0].key is None
    assert page.rows[0].version is None
    assert falling == [["5"], ["4"], ["3"], ["2"], ["1"], [None]]


async def test_no_page_skips_more_rows_than_allowed(tables, define, edith):
    await define(
        "create table many (n int)", "insert into many select n from generate_series(1, 10200) n"
    )

    page = await tables.page(edith, "notes", "many", [], None, Skip(9_900), 200)

    assert (page.next, page.is_cut) == (None, True)


async def test_filters_compare_by_type(tables, define, edith):
    await define(
        "create table things (id int primary key, name text, price numeric, at timestamptz)",
        "insert into things values (1, 'Apple', 2.50, '2026-01-01 10:00Z'),"
        " (2, 'apple%', 10, '2026-01-02 10:00Z'), (3, null, 100, null)",
    )

    async def found(column, operator, value=None):
        return [row[0] for row in await cells(
            tables, edith, "things", Filter(column, operator, value)
        )]  # fmt: skip

    assert await found("price", Operator.LESS, "10.0") == ["1"]
    assert await found("price", Operator.GREATER_OR_EQUAL, "10") == ["2", "3"]
    assert await found("id", Operator.NOT_EQUAL, " 2 ") == ["1", "3"]
    assert await found("name", Operator.CONTAINS, "APPLE") == ["1", "2"]
    assert await found("name", Operator.CONTAINS, "%") == ["2"]
    assert await found("name", Operator.STARTS_WITH, "App") == ["1"]
    assert await found("name", Operator.IS_NULL) == ["3"]
    assert await found("at", Operator.EQUAL, "2026-01-02T11:00:00+01:00") == ["2"]
    assert await found("at", Operator.STARTS_WITH, "2026-01-01") == ["1"]


async def test_a_filter_that_does_not_fit_is_refused(tables, define, edith):
    await define("create table things (id int primary key, body json)")
    refused = [
        ([Filter("nothing", Operator.EQUAL, "1")], "no column 'nothing'"),
        ([Filter("id", Operator.EQUAL, None)], "has no value"),
        ([Filter("id", Operator.EQUAL, "many")], "invalid input syntax"),
        ([Filter("id", Operator.EQUAL, "1\0")], "zero character"),
        ([Filter("id", Operator.EQUAL, "\ud800")], "surrogate"),
        ([Filter("body", Operator.EQUAL, "{}")], "operator does not exist"),
        ([Filter("id", Operator.IS_NULL, None)] * (MOST_FILTERS + 1), "allowed: 10"),
    ]

    for filters, message in refused:
        with pytest.raises(BadUserInput, match=message):
            await tables.page(edith, "notes", "things", filters, None, None, 10)


async def test_large_cells_are_shortened(tables, define, edith):
    await define(
        "create table files (id int primary key, text text, data bytea, body jsonb)",
        "insert into files values"
        " (1, repeat('ä', 5000000), decode(repeat('00ff', 5000000), 'hex'),"
        "  jsonb_build_array(repeat('x', 1000)))",
        "insert into files values (2, repeat('ä', 200), decode(repeat('ff', 100), 'hex'), '[]')",
    )

    page = await tables.page(edith, "notes", "files", [], None, None, 10)
    whole = await tables.row(edith, "notes", "files", ["1"])

    large, small = page.rows
    assert [len(cell or "") for cell in large.cells] == [1, 200, 202, 200]
    assert large.shortened == [
        Shortened(1, 10_000_000),
        Shortened(2, 10_000_000),
        Shortened(3, None),
    ]
    assert str(large.cells[2]).startswith(r"\x00ff00ff")
    assert small.shortened == []
    assert small.cells[1:3] == ["ä" * 200, r"\x" + "ff" * 100]
    assert whole is not None
    assert [len(cell or "") for cell in whole.cells] == [1, 100_000, 100_002, 1004]
    assert [one.column for one in whole.shortened] == [1, 2]


async def test_a_table_with_as_many_columns_as_possible_is_read(tables, define, edith):
    columns = ", ".join(f"c{n} int" for n in range(1, 1_600))
    await define(
        f"create table wide (id int primary key, {columns})",
        "insert into wide select n from generate_series(1, 30) n",
        "alter table wide drop column c7",
    )

    page = await tables.page(edith, "notes", "wide", [], None, None, 200)
    rest = await tables.page(edith, "notes", "wide", [], None, page.next, 200)

    assert len(page.table.columns) == 1_599
    assert (len(page.rows), len(rest.rows)) == (12, 12)
    assert (page.rows[0].key, rest.rows[0].key) == (("1",), ("13",))


async def test_names_are_names_however_they_look(tables, define, edith, engine):
    names = ['a"; drop table "safe"; --', "cells", "t", "select", "ÄÖ ü", "$1", "key", "%s"]
    await define("create table safe (id int primary key)")
    for name in names:
        quoted = '"' + name.replace('"', '""') + '"'
        await define(
            f"create table {quoted} ({quoted} int primary key, xmin2 int)",
            f"insert into {quoted} values (1, 2)",
        )
        assert await cells(tables, edith, name, Filter(name, Operator.EQUAL, "1")) == [["1", "2"]]
        assert await cells(tables, edith, name, order=Order(name)) == [["1", "2"]]

    assert {one.name for one in await tables.all(edith, "notes")} == {*names, "safe"}
    for name in ("users", "public.users", "pg_class", 'safe"', "", "safe\0", "x" * 5_000):
        with pytest.raises(NotFound):
            await tables.table(edith, "notes", name)
    assert "has no table" in (await refusal(tables, edith, "Safe"))


async def refusal(tables, viewer, name):
    with pytest.raises(NotFound) as caught:
        await tables.page(viewer, "notes", name, [], None, None, 10)
    return caught.value.message


async def test_a_table_without_columns_or_rows_is_shown(tables, define, edith):
    await define("create table nothing ()", "insert into nothing default values")
    await define("create table empty (id int primary key)")

    assert await cells(tables, edith, "nothing") == [[]]
    assert await cells(tables, edith, "empty") == []
    assert await tables.row(edith, "notes", "empty", ["1"]) is None


async def test_only_owners_and_administrators_read(tables, define, edith, emma, alan, ada):
    await define("create table own (id int primary key)")

    for viewer in (emma, alan):
        for reading in (
            tables.all(viewer, "notes"),
            tables.table(viewer, "notes", "own"),
            tables.page(viewer, "notes", "own", [], None, None, 10),
            tables.row(viewer, "notes", "own", ["1"]),
        ):
            with pytest.raises(Forbidden):
                await reading
    assert [one.name for one in await tables.all(ada, "notes")] == ["own"]
