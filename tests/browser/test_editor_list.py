"""The list of scripts in the editor: from nothing to a running script, and finding one of many."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Locator, expect
from tests.browser.conftest import eventually
from tests.browser.editor import (
    EditorSite,
    OpenEditor,
    Person,
    administrator,
    editor,
    editor_site,
    open_editor,
    other_editor,
)

__all__ = ["administrator", "editor", "editor_site", "open_editor", "other_editor"]

pytestmark = pytest.mark.browser

OWN = 'export const routes = { "GET /orders/all": () => new Response("no orders") };\n'
BROKEN = 'export const routes = { "GET /broken": '


def requests_of(person: Person, slug: str) -> int:
    asked = "query ($slug: String!) { script(slug: $slug) { activity { requests } } }"
    return int(person.ask(asked, slug=slug)["script"]["activity"]["requests"])


def test_an_empty_engine_has_a_running_script_after_two_clicks(
    editor_site: EditorSite, editor: Person, open_editor: OpenEditor
) -> None:
    page = open_editor(editor).page

    page.get_by_role("region", name="First script").get_by_role("button", name="Hello").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_have_value("hello")
    dialog.get_by_role("button", name="Create").click()

    # The message goes away after a while.
    expect(page.get_by_role("status").get_by_role("link", name="/hello")).to_be_visible()
    expect(page.get_by_role("region", name="Files")).to_contain_text("greeting.ts")
    assert httpx2.get(f"{editor_site.base}/hello", timeout=60).text == "Hello, world!"


def test_a_folder_becomes_a_script_and_what_is_wrong_with_it_is_said(
    editor: Person, open_editor: OpenEditor, tmp_path: Path
) -> None:
    folder = tmp_path / "My Orders"
    (folder / "node_modules").mkdir(parents=True)
    (folder / "lib").mkdir()
    (folder / "main.ts").write_text(BROKEN)
    (folder / "lib" / "logo.png").write_bytes(b"\x89PNG\xff")
    (folder / "node_modules" / "left.js").write_text("out")
    editor.make_script("my-orders", {"main.ts": OWN.replace("orders", "taken")})
    watched = open_editor(editor)
    page = watched.page

    page.get_by_role("button", name="New script").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("My own files").click()
    dialog.get_by_label("Folder", exact=True).set_input_files(folder)
    expect(dialog.get_by_role("status")).to_contain_text("2 files, ")
    expect(dialog.get_by_role("status")).to_contain_text("1 left out. main.ts is loaded.")
    expect(dialog.get_by_label("Name")).to_have_value("my-orders-2")

    dialog.get_by_label("Name").fill("my-orders")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("There is a script my-orders already.")
    dialog.get_by_label("Name").fill("orders")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("It does not load. main.ts:1:")
    # The browser reports the two refusals.
    watched.problems[:] = [one for one in watched.problems if "status of 4" not in one]

    (folder / "main.ts").write_text(OWN)
    dialog.get_by_label("Folder", exact=True).set_input_files(folder)
    dialog.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile("/editor/orders"))
    expect(page.get_by_role("region", name="Files")).to_contain_text("logo.png")


def test_a_folder_can_be_dropped_on_the_dialog(
    editor: Person, open_editor: OpenEditor, tmp_path: Path
) -> None:
    folder = tmp_path / "Drop Shop"
    (folder / "lib").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("main")
    (folder / "lib" / "logo.png").write_bytes(b"\x89PNG\xff")
    (folder / "main.ts").write_text(OWN.replace("orders", "dropped"))
    page = open_editor(editor).page
    page.get_by_role("button", name="New script").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("My own files")).to_be_visible()

    drop_on(dialog.get_by_role("heading", name="New script"), folder)

    expect(dialog.get_by_role("status")).to_contain_text("2 files, ")
    expect(dialog.get_by_role("status")).to_contain_text("main.ts is loaded.")
    expect(dialog.get_by_label("Name")).to_have_value("drop-shop")
    dialog.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile("/editor/drop-shop"))
    expect(page.get_by_role("region", name="Files")).to_contain_text("logo.png")


def drop_on(target: Locator, path: Path) -> None:
    """Drop a file or folder of this computer on an element, as a file manager does."""
    box = target.bounding_box()
    assert box is not None
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    session = target.page.context.new_cdp_session(target.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})


def test_one_of_many_scripts_is_found(
    editor_site: EditorSite, editor: Person, other_editor: Person, open_editor: OpenEditor
) -> None:
    other_editor.make_script("others-shop", {"main.ts": OWN.replace("/orders/all", "/shop/:id")})
    for number in range(4):
        httpx2.get(f"{editor_site.base}/shop/{number}", timeout=60)
    editor_site.execute(
        "insert into scripts (slug, title, created_by)"
        " select 'many-' || number, repeat('W', 200), 'tests' from generate_series(100, 170) number"
    )
    page = open_editor(editor).page
    table = page.get_by_role("table", name="Scripts")

    page.get_by_role("searchbox", name="Search scripts").fill("/SHOP/")
    row = table.get_by_role("row").filter(has_text="others-shop")
    expect(table.get_by_role("row")).to_have_count(2)
    for said in ("emma@example.com", "GET /shop/:id", "version 1", "Active"):
        expect(row).to_contain_text(said)
    expect(page).to_have_url(re.compile("q=%2FSHOP%2F"))
    # Numbers are a few seconds late, and the page gets no event for them.
    eventually(page, lambda: requests_of(editor, "others-shop"), 4)
    editor_site.execute(
        "insert into timing_samples (kind, at, name, count, errors, seconds, buckets)"
        " select 'script', hour, 'others-shop', 2000, 0, 1,"
        " '{0,0,0,0,0,0,0,0,0,2000,0,0,0,0,0}'"
        " from script_activity join scripts on id = script_id where slug = 'others-shop'"
        # In the first minutes of an hour the four requests may be there.
        " on conflict (kind, at, name) do update set buckets = excluded.buckets"
    )
    page.reload()
    expect(row.get_by_role("cell", name="4", exact=True)).to_be_visible()
    expect(row.locator("[data-label=p95]")).to_have_text("975 ms")

    page.get_by_role("button", name="Mine", exact=True).click()
    expect(page.get_by_text("No scripts match “/SHOP/”")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("button", name="Drafts").click()
    expect(table.get_by_role("link", name="many-100")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(table.get_by_role("link", name="many-170")).to_be_visible()
    page.get_by_role("button", name="Previous").click()
    expect(table.get_by_role("link", name="many-100")).to_be_visible()

    # Somebody else's change appears by itself.
    page.get_by_role("button", name="All", exact=True).click()
    other_editor.create_script("aaa-new")
    expect(table.get_by_role("link", name="aaa-new")).to_be_visible()


@pytest.mark.parametrize(("width", "color_scheme"), [(1440, "light"), (360, "dark")])
def test_the_list_and_its_dialog_are_accessible_at_any_width(
    editor: Person, open_editor: OpenEditor, width: int, color_scheme: str
) -> None:
    size = {"width": width, "height": 900}
    watched = open_editor(editor, viewport=size, color_scheme=color_scheme)
    page = watched.page
    expect(page.get_by_role("table", name="Scripts").get_by_role("link").first).to_be_visible()
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert watched.violations() == []
    assert not page.evaluate(overflow)

    page.get_by_role("button", name="New script").click()
    expect(page.get_by_role("dialog").get_by_text("JSON API")).to_be_visible()
    assert watched.violations() == []
    assert not page.evaluate(overflow)
