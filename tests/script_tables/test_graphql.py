"""Tables of a script by GraphQL."""

import pytest

PAGE = """
  query ($filter: [ScriptRowFilter!], $after: String, $order: ScriptRowOrder) {
    scriptRows(
      slug: "notes", table: "things", filter: $filter, order: $order, first: 2, after: $after
    ) {
      table { columns { name type isKey isNullable isGenerated hasDefault default } key
        isEditable isInsertable kind }
      rows { key version cells shortened { column bytes } }
      hasNextPage endCursor
    }
  }
"""
INSERT = """
  mutation ($values: [ScriptColumnValue!]!) {
    insertScriptRow(input: {slug: "notes", table: "things", values: $values}) {
      row { key version cells }
    }
  }
"""
UPDATE = """
  mutation ($key: [String!]!, $version: String!, $values: [ScriptColumnValue!]!) {
    updateScriptRow(
      input: {slug: "notes", table: "things", key: $key, version: $version, values: $values}
    ) { row { key version cells } }
  }
"""
DELETE = """
  mutation ($key: [String!]!, $version: String!) {
    deleteScriptRow(input: {slug: "notes", table: "things", key: $key, version: $version}) { key }
  }
"""


@pytest.fixture
async def things(define):
    await define(
        "create table things (id int primary key, name text)",
        "insert into things select n, 'name ' || n from generate_series(1, 5) n",
    )


async def test_rows_are_paged_filtered_and_sorted(things, edith, data, code):
    first = (await data(edith, PAGE))["scriptRows"]
    second = (await data(edith, PAGE, after=first["endCursor"]))["scriptRows"]
    found = await data(
        edith, PAGE, filter=[{"column": "name", "operator": "CONTAINS", "value": "4"}]
    )
    falling = await data(edith, PAGE, order={"column": "id", "descending": True})

    assert [row["cells"][0] for row in first["rows"] + second["rows"]] == ["1", "2", "3", "4"]
    assert first["hasNextPage"]
    assert first["table"]["key"] == ["id"]
    assert [row["key"] for row in found["scriptRows"]["rows"]] == [["4"]]
    assert (found["scriptRows"]["hasNextPage"], found["scriptRows"]["endCursor"]) == (False, None)
    assert [row["key"] for row in falling["scriptRows"]["rows"]] == [["5"], ["4"]]
    # A cursor belongs to its list.
    assert (
        await code(
            edith, PAGE, after=first["endCursor"], order={"column": "id", "descending": True}
        )
    )[0] == "BAD_USER_INPUT"


async def test_a_row_is_written_with_its_version(things, edith, data, code):
    values = [{"column": "id", "value": "9"}, {"column": "name", "value": None}]
    row = (await data(edith, INSERT, values=values))["insertScriptRow"]["row"]
    given = {"key": row["key"], "version": row["version"]}
    name = [{"column": "name", "value": "new"}]
    changed = (await data(edith, UPDATE, **given, values=name))["updateScriptRow"]["row"]

    assert row["cells"] == ["9", None]
    assert changed["cells"] == ["9", "new"]
    assert await code(edith, UPDATE, **given, values=name) == (
        "CONFLICT",
        {"version": changed["version"]},
    )
    assert (await code(edith, INSERT, values=values))[0] == "CONFLICT"
    deleted = await data(edith, DELETE, key=row["key"], version=changed["version"])
    assert deleted == {"deleteScriptRow": {"key": ["9"]}}


async def test_tables_and_a_whole_row_are_read(things, define, edith, emma, data, code):
    await define("update things set name = repeat('x', 300) where id = 1")
    listed = await data(
        edith,
        '{ scriptTables(slug: "notes") { name kind approximateRows bytes columnCount }'
        ' scriptTable(slug: "notes", name: "things") { name columns { name } }'
        ' one: scriptRow(slug: "notes", table: "things", key: ["1"]) { cells }'
        ' none: scriptRow(slug: "notes", table: "things", key: ["77"]) { cells } }',
    )

    assert listed["scriptTables"][0]["name"] == "things"
    assert listed["scriptTables"][0]["columnCount"] == 2
    assert [one["name"] for one in listed["scriptTable"]["columns"]] == ["id", "name"]
    assert listed["one"]["cells"] == ["1", "x" * 300]
    assert listed["none"] is None
    assert (await code(emma, PAGE))[0] == "FORBIDDEN"
