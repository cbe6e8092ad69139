"""The workspace of the editor: its files, tabs, addresses and keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.editor import (
    administrator,
    code_of,
    editor,
    editor_site,
    open_editor,
    other_editor,
    show_panel,
)

__all__ = ["administrator", "editor", "editor_site", "open_editor", "other_editor"]

pytestmark = pytest.mark.browser

MAIN = 'export const routes: Routes = {\n  "GET /SLUG": () => new Response("hello"),\n};\n'
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c63f8cfc0f01f00050001ff56c72f0d0000000049454e44ae426082"
)
"""A PNG of one pixel."""
FILES = "query ($slug: String!) { script(slug: $slug) { files { path text base64 } } }"


def files_of(editor, slug: str) -> dict[str, str]:
    files = editor.ask(FILES, slug=slug)["script"]["files"]
    return {file["path"]: file["text"] or file["base64"] for file in files}


def row(page: Page, name: str):
    return page.get_by_role("treeitem", name=name)


def tab(page: Page, name: str):
    return page.get_by_role("tablist", name="Open files").get_by_role("tab", name=name)


def save(page: Page, version: int) -> None:
    page.keyboard.press("ControlOrMeta+s")
    expect(page.get_by_role("banner").get_by_text(f"Version {version}", exact=True)).to_be_visible()


def test_files_are_created_moved_uploaded_and_deleted(editor, open_editor):
    editor.make_script("files", {"main.ts": MAIN.replace("SLUG", "files"), "old.md": "# Old\n"})
    page = open_editor(editor, "/editor/files").page
    expect(code_of(page, "main.ts")).to_contain_text("GET /files")

    # Created, after a path that is taken.
    page.get_by_role("button", name="New file").click()
    path = page.get_by_label("Path of the new file")
    path.fill("main.ts/text.ts")
    path.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("main.ts is a file, so it can't be a folder.")
    path.fill("lib/text.ts")
    path.press("Enter")
    code_of(page, "lib/text.ts").click()
    page.keyboard.insert_text("export const text = 1;\n")
    expect(tab(page, "text.ts")).to_contain_text("not saved")

    # Renamed and moved by the keyboard alone.
    row(page, "text.ts").focus()
    page.keyboard.press("F2")
    page.get_by_label("New path of the file").fill("src/words.ts")
    page.keyboard.press("Enter")
    expect(code_of(page, "src/words.ts")).to_contain_text("export const text")
    expect(row(page, "lib")).to_have_count(0)
    row(page, "src").focus()
    page.keyboard.press("ArrowLeft")
    expect(row(page, "words.ts")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(row(page, "words.ts")).to_be_visible()

    # Deleted, after a question.
    row(page, "old.md").focus()
    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog", name="Delete old.md?")
    dialog.get_by_role("button", name="Delete").click()
    expect(row(page, "old.md")).to_have_count(0)

    # Uploaded: a picture is shown.
    row(page, "main.ts").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload").click()
    chooser.value.set_files(
        [
            {"name": "logo.png", "mimeType": "image/png", "buffer": PICTURE},
            {"name": "a.txt", "mimeType": "text/plain", "buffer": "größe\r\n".encode()},
        ]
    )
    row(page, "logo.png").click()
    picture = page.get_by_role("img", name="The picture logo.png")
    expect(picture).to_have_js_property("naturalWidth", 1)

    save(page, 2)
    expect(page.get_by_text("not saved")).to_have_count(0)
    kept = files_of(editor, "files")
    assert sorted(kept) == ["a.txt", "logo.png", "main.ts", "src/words.ts"]
    assert kept["a.txt"] == "größe\r\n"
    assert kept["src/words.ts"] == "export const text = 1;\n"


def test_what_is_open_is_in_the_address_and_keys_reach_everything(editor, open_editor):
    lines = "".join(f"line {number}\n" for number in range(1, 301))
    files = {"main.ts": MAIN.replace("SLUG", "keys"), "a/text.md": "# One\n", "b/text.md": lines}
    editor.make_script("keys", files)
    watched = open_editor(editor, "/editor/keys?file=b/text.md&line=250&panel=history")
    page = watched.page

    # The address opens a file at a line, and a panel.
    expect(code_of(page, "b/text.md").get_by_text("line 250", exact=True)).to_be_visible()
    expect(page.get_by_role("tabpanel", name="History")).to_be_visible()
    # Two files of one name say which they are.
    page.get_by_role("treeitem", name="text.md").first.click()
    expect(tab(page, "a/ text.md")).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile("file=a%2Ftext.md"))
    page.go_back()
    expect(code_of(page, "b/text.md")).to_be_visible()
    page.go_forward()
    expect(code_of(page, "a/text.md")).to_be_visible()

    # A file keeps its cursor and its undo while another one is open.
    code_of(page, "a/text.md").click()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.insert_text("two")
    page.keyboard.press("Alt+1")
    expect(row(page, "text.md").first).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(code_of(page, "main.ts")).to_be_visible()
    tab(page, "a/ text.md").click()
    page.keyboard.press("Alt+2")
    expect(code_of(page, "a/text.md")).to_be_focused()
    page.keyboard.insert_text(" three")
    expect(code_of(page, "a/text.md")).to_contain_text("two three")
    for _ in range(2):
        page.keyboard.press("ControlOrMeta+z")
    expect(code_of(page, "a/text.md")).not_to_contain_text("t")
    expect(page.get_by_role("banner").get_by_text("Version 1", exact=True)).to_be_visible()

    # Tabs are walked and closed by keys, and a sheet lists them.
    page.keyboard.press("Alt+w")
    expect(tab(page, "a/ text.md")).to_have_count(0)
    page.keyboard.press("F1")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys.get_by_text("Save a version")).to_be_visible()
    assert watched.violations() == []
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("Alt+3")
    expect(page.get_by_role("tab", name="History")).to_be_focused()


def test_somebody_else_s_script_can_be_read_but_not_changed(editor, other_editor, open_editor):
    editor.make_script("hers", {"main.ts": MAIN.replace("SLUG", "hers")})
    watched = open_editor(other_editor, "/editor/hers")
    page = watched.page

    expect(page.get_by_text("To change it, ask an owner (Edith)")).to_be_visible()
    code = code_of(page, "main.ts")
    expect(code).to_have_attribute("aria-readonly", "true")
    code.click()
    page.keyboard.type("x")
    expect(page.get_by_role("banner").get_by_text("Version 1", exact=True)).to_be_visible()
    for name in ("Save", "Deploy", "New file", "Upload"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("tablist", name="Panels").get_by_role("tab")).to_have_text(
        ["Search", "Problems", "History"]
    )
    assert watched.violations() == []


def test_a_phone_shows_one_thing_at_a_time(editor, open_editor):
    editor.make_script("phone", {"main.ts": MAIN.replace("SLUG", "phone"), "b.md": "# Bee\n"})
    watched = open_editor(editor, "/editor/phone", viewport={"width": 360, "height": 740})
    page = watched.page

    expect(code_of(page, "main.ts")).to_be_visible()
    expect(page.get_by_role("region", name="Files")).to_be_hidden()
    page.get_by_role("button", name="Files", exact=True).click()
    row(page, "b.md").click()
    expect(code_of(page, "b.md")).to_contain_text("Bee")
    expect(page.get_by_role("region", name="Files")).to_be_hidden()
    show_panel(page, "Search")
    page.get_by_role("button", name="Close Search").click()
    expect(page.get_by_role("tabpanel", name="Search")).to_be_hidden()
    code_of(page, "b.md").click()
    page.keyboard.insert_text("small repair ")
    save(page, 2)
    assert "small repair" in files_of(editor, "phone")["b.md"]
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert watched.violations() == []
