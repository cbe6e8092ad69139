"""Every byte of a file that nobody changes stays: line breaks, and files too large for the page."""

import hashlib

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.editor import (
    PATIENCE_SECS,
    administrator,
    code_of,
    editor,
    editor_site,
    open_editor,
    open_file,
    other_editor,
    replace_code,
    show_panel,
)

__all__ = ["administrator", "editor", "editor_site", "open_editor", "other_editor"]

pytestmark = pytest.mark.browser

MAIN = 'export const routes = { "GET /old": () => new Response("old") };\n'
NUMBERS = "/** Twice. */\nexport function double(value: number) {\n  return 2 * value;\n}\n"
UGLY = """import { other } from "./lib/other.ts";

export   const routes = {
  // one
  "GET /a":   () => new Response("one"),
  // two
  "GET /b": () => new Response(`${other}`),
};
"""
TIDY = UGLY.replace("   ", " ")
IMPORT = 'import { double } from "./lib/numbers.ts";\n'
MIXED = "one\r\ntwo\nthree\r\nfour\rfive\r\n"
STEPS = "// first\n\n// second\n\n// third\n\n// fourth\n"
FILES = "query ($slug: String!) { script(slug: $slug) { files { path text digest } } }"
OWNER = """mutation ($slug: String!, $email: String!) {
  addScriptOwner(input: {slug: $slug, email: $email}) { owners { email } }
}"""


def windows(text: str) -> str:
    return text.replace("\n", "\r\n")


def texts_of(person, slug: str) -> dict[str, str]:
    files = person.ask(FILES, slug=slug)["script"]["files"]
    return {file["path"]: file["text"] for file in files}


def status(page: Page, words: str) -> Locator:
    return page.get_by_role("banner").get_by_text(words, exact=True)


def save(page: Page, version: int) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(status(page, f"Version {version}")).to_be_visible()


def at_the_end(page: Page, path: str) -> None:
    code_of(page, path).click()
    page.keyboard.press("ControlOrMeta+End")


def test_a_file_keeps_its_line_breaks_whatever_is_done_with_it(editor, open_editor):
    files = {
        "lib/numbers.ts": windows(NUMBERS),
        "lib/other.ts": windows('export const other = "one";\n'),
        "main.ts": windows(UGLY),
        "mixed.txt": MIXED,
        "old.txt": "one\rtwo\r",
    }
    editor.create_script("breaks")
    editor.save_script("breaks", files)
    page = open_editor(editor, "/editor/breaks").page

    # Opened, nothing changes.
    for path in files:
        open_file(page, path)
    expect(status(page, "Version 1")).to_be_visible()

    # A letter changes a letter.
    for path in ("mixed.txt", "old.txt"):
        open_file(page, path)
        at_the_end(page, path)
        page.keyboard.type("x")
    expect(status(page, "Version 1, changed")).to_be_visible()

    # A name is imported, and the text formatted.
    open_file(page, "main.ts")
    at_the_end(page, "main.ts")
    page.keyboard.type("doub")
    chosen = page.locator(".cm-tooltip-autocomplete").get_by_role("option", name="double")
    chosen.first.click()
    expect(code_of(page, "main.ts")).to_contain_text(IMPORT.strip())
    page.keyboard.type("(1);")
    page.keyboard.press("Shift+Alt+f")
    expect(page.get_by_text("Formatted.", exact=True)).to_be_visible()

    # All files are changed at once, and the open one is undone.
    show_panel(page, "Search")
    panel = page.get_by_role("tabpanel", name="Search")
    panel.get_by_label("Match case").check()
    panel.get_by_label("Replace", exact=True).check()
    panel.get_by_label("Search for").fill("one")
    panel.get_by_label("Replace with").fill("eleven")
    panel.get_by_role("button", name="Replace all 5", exact=True).click()
    expect(code_of(page, "main.ts")).to_contain_text('Response("eleven")')
    save(page, 2)
    first, _, rest = TIDY.partition("\n")
    tidy = f"{first}\n{IMPORT}{rest}double(1);\n"
    assert texts_of(editor, "breaks") == {
        "lib/numbers.ts": windows(NUMBERS),
        "lib/other.ts": windows('export const other = "eleven";\n'),
        "main.ts": windows(tidy.replace("one", "eleven")),
        "mixed.txt": MIXED.replace("one", "eleven") + "x",
        "old.txt": "eleven\rtwo\rx",
    }

    code_of(page, "main.ts").click()
    page.keyboard.press("ControlOrMeta+z")
    expect(code_of(page, "main.ts")).to_contain_text('Response("one")')
    save(page, 3)
    assert texts_of(editor, "breaks")["main.ts"] == windows(tidy)

    # Another version is loaded into the open files.
    show_panel(page, "History")
    oldest = page.get_by_role("listitem", name="Version 1", exact=True)
    oldest.get_by_role("button", name="Bring its files back").click()
    expect(code_of(page, "main.ts")).not_to_contain_text("double")
    save(page, 4)
    assert texts_of(editor, "breaks") == files


def test_a_clash_is_decided_where_the_two_have_different_line_breaks(
    editor, other_editor, open_editor
):
    editor.create_script("clash")
    editor.save_script("clash", {"main.ts": MAIN, "steps.ts": windows(STEPS), "mixed.txt": MIXED})
    editor.ask(OWNER, slug="clash", email=other_editor.email)
    page = open_editor(editor, "/editor/clash").page
    open_file(page, "mixed.txt")
    code_of(page, "mixed.txt").click()
    for key in ("ControlOrMeta+Home", "ArrowDown", "End"):
        page.keyboard.press(key)
    page.keyboard.type(" mine")
    open_file(page, "steps.ts")
    replace_code(page, "steps.ts", STEPS.replace("first", "FIRST").replace("third", "mine"))
    theirs = STEPS.replace("third", "theirs").replace("fourth", "FOURTH")
    other_editor.save_script(
        "clash",
        {"main.ts": MAIN, "steps.ts": theirs, "mixed.txt": MIXED.replace("two", "two theirs")},
    )

    page.get_by_role("button", name="Save", exact=True).click()
    merge = page.get_by_role("dialog", name="Merge two changes")
    expect(merge.get_by_text("2 conflicts are left to decide.")).to_be_visible()
    merge.get_by_role("region", name="mixed.txt").get_by_role("button", name="Take both").click()
    merge.get_by_role("region", name="steps.ts").get_by_role("button", name="Take theirs").click()
    merge.get_by_role("button", name="Save merged").click()

    expect(page.get_by_text("Saved as version 3.")).to_be_visible()
    assert texts_of(editor, "clash") == {
        "main.ts": MAIN,
        "mixed.txt": MIXED.replace("two\n", "two mine\ntwo theirs\n"),
        "steps.ts": theirs.replace("first", "FIRST"),
    }


def test_a_file_that_is_too_large_for_the_page_is_moved_merged_and_brought_back(
    editor, other_editor, open_editor
):
    rows = b"rows\n" * 220_000
    digest = hashlib.sha256(rows).hexdigest()
    editor.create_script("large")
    # GraphQL does not take as much.
    put = httpx2.put(
        f"{editor.site.base}/api/engine/scripts/large",
        json={"files": {"main.ts": MAIN, "rows.txt": rows.decode()}, "deploy": False},
        cookies=editor.site.cookies,
        timeout=PATIENCE_SECS,
    )
    assert put.is_success, put.text
    editor.ask(OWNER, slug="large", email=other_editor.email)
    page = open_editor(editor, "/editor/large").page
    expect(status(page, "Version 1")).to_be_visible()

    show_panel(page, "Search")
    panel = page.get_by_role("tabpanel", name="Search")
    panel.get_by_label("Search for").fill("rows")
    expect(panel.get_by_text("1 file was not searched: rows.txt.")).to_be_visible()

    page.get_by_role("treeitem", name="rows.txt").focus()
    page.keyboard.press("F2")
    page.get_by_label("New path of the file").fill("data/rows.txt")
    page.keyboard.press("Enter")
    expect(page.get_by_role("treeitem", name="data")).to_be_visible()
    merged = MAIN.replace("old", "new")
    kept = {"path": "rows.txt", "digest": digest}
    other_editor.ask(
        "mutation ($files: [ScriptFileInput!]!) {"
        ' saveScript(input: {slug: "large", files: $files}) { version { number } } }',
        files=[{"path": "main.ts", "text": merged}, kept],
    )
    page.get_by_role("button", name="Save", exact=True).click()
    merge = page.get_by_role("dialog", name="Merge two changes")
    merge.get_by_role("button", name="Save merged").click()
    expect(page.get_by_text("Saved as version 3.")).to_be_visible()
    found = editor.ask(FILES, slug="large")["script"]["files"]
    assert {file["path"]: file["digest"] for file in found} == {
        "data/rows.txt": digest,
        "main.ts": hashlib.sha256(merged.encode()).hexdigest(),
    }

    show_panel(page, "History")
    old = page.get_by_role("listitem", name="Version 1", exact=True)
    old.get_by_role("button", name="Bring its files back").click()
    expect(page.get_by_text("The files are those of version 1 now.")).to_be_visible()
    save(page, 4)
    found = editor.ask(FILES, slug="large")["script"]["files"]
    assert {file["path"]: file["digest"] for file in found} == {
        "main.ts": hashlib.sha256(MAIN.encode()).hexdigest(),
        "rows.txt": digest,
    }
