"""The panel Data: values, tables and files of a script, and what somebody else does meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.editor import Person, editor, editor_site, open_editor

__all__ = ["editor", "editor_site", "open_editor"]

pytestmark = pytest.mark.browser

MAIN = 'export const routes: Routes = { "GET /SLUG": () => new Response("hello") };\n'
MIGRATION = """
create table "no""tes <b>" (
  id int primary key,
  text text,
  large text default repeat('x', 300),
  twice int generated always as (id * 2) stored
);
insert into "no""tes <b>" (id, text) select n, 'note ' || n from generate_series(1, 60) n;
update "no""tes <b>" set text = E'<i>\\u202Eevil\\tx' where id = 2;
create table plain (n int);
insert into plain values (7);
"""
NAME = 'no"tes <b>'

VALUE = """
  query ($key: String!) { scriptValue(slug: "values", key: $key) { json version } }
"""
SET = """
  mutation ($key: String!, $json: String!, $version: BigInt!) {
    setScriptValue(input: {slug: "values", key: $key, json: $json, version: $version}) {
      value { version }
    }
  }
"""
ROW = """
  query ($table: String!, $key: [String!]!) {
    scriptRow(slug: "tables", table: $table, key: $key) { version cells }
  }
"""
UPDATE = """
  mutation ($table: String!, $key: [String!]!, $version: String!, $text: String) {
    updateScriptRow(input: {
      slug: "tables", table: $table, key: $key, version: $version,
      values: [{column: "text", value: $text}]
    }) { row { version } }
  }
"""


def panel(page: Page, part: str) -> Locator:
    """The panel Data with one of its parts open."""
    data = page.get_by_role("tabpanel", name="Data")
    button = data.get_by_role("group", name="Kind of data").get_by_role("button", name=part)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    return data


def test_values_are_set_changed_and_deleted(editor: Person, open_editor) -> None:
    editor.make_script("values", {"main.ts": MAIN.replace("SLUG", "values")})
    watched = open_editor(editor, "/editor/values?panel=data")
    page = watched.page
    data = panel(page, "Values")
    dialog = page.get_by_role("dialog")
    values = data.get_by_role("list", name="Values")
    expect(data.get_by_text("There are no values.")).to_be_visible()

    data.get_by_role("button", name="New value").click()
    dialog.get_by_label("Key").fill("greeting")
    dialog.get_by_label("Value as JSON").fill("hello")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("It is no JSON")
    dialog.get_by_label("Value as JSON").fill('{"a": 12345678901234567890,\n\t"b": "\u00e4"}')
    dialog.get_by_role("button", name="Save").click()
    expect(values.get_by_text("greeting", exact=True)).to_be_visible()
    expect(dialog).to_be_hidden()
    kept = editor.ask(VALUE, key="greeting")["scriptValue"]
    assert kept["json"] == '{"a": 12345678901234567890,\n\t"b": "\u00e4"}'

    # Somebody else writes it while the dialog is open: nothing is overwritten, nothing typed lost.
    data.get_by_role("button", name="Edit greeting").click()
    expect(dialog.get_by_label("Value as JSON")).to_have_value(kept["json"])
    editor.ask(SET, key="greeting", json='"theirs"', version=kept["version"])
    dialog.get_by_label("Value as JSON").fill('"mine"')
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Read it, then try again")
    expect(dialog.get_by_label("Value as JSON")).to_have_value('"mine"')
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    data.get_by_role("button", name="Refresh").click()
    expect(values.get_by_text('"theirs"')).to_be_visible()

    data.get_by_role("searchbox", name="Keys that start with").fill("none")
    expect(data.get_by_text("No key starts with this.")).to_be_visible()
    data.get_by_role("searchbox", name="Keys that start with").fill("gree")
    data.get_by_role("button", name="Delete greeting").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(data.get_by_role("button", name="Edit greeting")).to_have_count(0)
    assert watched.violations() == []


def test_rows_are_found_and_changed(editor: Person, open_editor) -> None:
    files = {"main.ts": MAIN.replace("SLUG", "tables"), "migrations/0001-notes.sql": MIGRATION}
    editor.make_script("tables", files)
    watched = open_editor(editor, "/editor/tables?panel=data")
    page = watched.page
    data = panel(page, "Tables")
    dialog = page.get_by_role("dialog")
    data.get_by_role("button", name=f"Open {NAME}").click()
    table = data.get_by_role("table", name=f"Rows of {NAME}")
    rows = table.get_by_role("row")
    # With the head.
    expect(rows).to_have_count(51)
    expect(table.get_by_text("<i>\\u202eevil\\tx")).to_be_visible()
    expect(table.get_by_text("300 B").first).to_be_visible()

    data.get_by_role("button", name="Next rows").click()
    expect(rows).to_have_count(11)
    data.get_by_role("button", name="Previous rows").click()
    table.get_by_role("button", name="id", exact=True).click()
    table.get_by_role("button", name="id", exact=True).click()
    expect(rows.nth(1)).to_contain_text("note 60")
    data.get_by_role("combobox", name="Column").select_option("text")
    data.get_by_role("combobox", name="Comparison").select_option("contains")
    data.get_by_role("textbox", name="Value").fill("NOTE 4")
    data.get_by_role("button", name="Filter", exact=True).click()
    # 4, and 40 to 49.
    expect(rows).to_have_count(12)

    table.get_by_role("button", name="Edit row 4", exact=True).click()
    text = dialog.get_by_label("text", exact=True)
    expect(text).to_have_value("note 4")
    # The whole value is there, although the list shows its beginning.
    expect(dialog.get_by_label("large", exact=True)).to_have_value("x" * 300)
    row = editor.ask(ROW, table=NAME, key=["4"])["scriptRow"]
    editor.ask(UPDATE, table=NAME, key=["4"], version=row["version"], text="note 4 of another")
    text.fill("note 4 of mine")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("changed meanwhile")
    expect(text).to_have_value("note 4 of mine")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    table.get_by_role("button", name="Edit row 4", exact=True).click()
    expect(text).to_have_value("note 4 of another")
    text.fill("note 4 of mine")
    dialog.get_by_role("combobox", name="Kind of large").select_option("NULL")
    dialog.get_by_role("button", name="Save").click()
    expect(table.get_by_text("note 4 of mine")).to_be_visible()
    expect(table.get_by_text("NULL", exact=True)).to_be_visible()

    data.get_by_role("button", name="New row").click()
    dialog.get_by_label("id", exact=True).fill("many")
    dialog.get_by_label("text", exact=True).fill("note 4, new")
    dialog.get_by_role("button", name="Insert").click()
    expect(dialog.get_by_role("alert")).to_contain_text("syntax for type integer")
    dialog.get_by_label("id", exact=True).fill("400")
    dialog.get_by_role("button", name="Insert").click()
    expect(table.get_by_text("note 4, new")).to_be_visible()
    table.get_by_role("button", name="Delete row 400").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(table.get_by_text("note 4, new")).to_have_count(0)
    assert watched.violations() == []

    data.get_by_role("button", name="All tables").click()
    data.get_by_role("button", name="Open plain").click()
    expect(data.get_by_text("has no primary key")).to_be_visible()
    expect(data.get_by_role("table").get_by_text("7", exact=True)).to_be_visible()


def test_files_are_stored_replaced_and_deleted_on_a_phone(
    editor: Person, open_editor, tmp_path: Path
) -> None:
    editor.make_script("files", {"main.ts": MAIN.replace("SLUG", "files")})
    size = {"width": 360, "height": 740}
    watched = open_editor(editor, "/editor/files?panel=data", viewport=size)
    page = watched.page
    data = panel(page, "Files")
    dialog = page.get_by_role("dialog")
    files = data.get_by_role("list", name="Files")
    expect(data.get_by_text("Nothing is stored.")).to_be_visible()
    picture = tmp_path / "a #1.txt"
    picture.write_text("first")

    choose = data.get_by_label("Files to upload")
    choose.set_input_files(picture)
    expect(files.get_by_text("5 B, text/plain")).to_be_visible()
    picture.write_text("the second")
    choose.set_input_files(picture)
    dialog.get_by_role("button", name="Replace").click()
    expect(files.get_by_text("10 B, text/plain")).to_be_visible()
    with page.expect_download() as downloading:
        files.get_by_role("link", name="Download a #1.txt").click()
    assert downloading.value.path().read_text() == "the second"
    data.get_by_label("Files of version 1 too").check()
    expect(files.get_by_text("main.ts", exact=True)).to_be_visible()
    files.get_by_role("button", name="Delete a #1.txt").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(files.get_by_text("a #1.txt")).to_have_count(0)
    assert watched.violations() == []
