"""The editor with people who are quicker than its answers, and than what it does after drawing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import SOON, answered, eventually, hold
from tests.browser.editor import (
    Person,
    code_of,
    editor,
    editor_site,
    open_editor,
    open_file,
    replace_code,
    show_panel,
)

__all__ = ["editor", "editor_site", "open_editor"]

pytestmark = pytest.mark.browser

MAIN = 'export const routes: Routes = { "GET /SLUG": () => new Response("hello") };\n'
VALUE = """
  mutation ($slug: String!, $key: String!) {
    setScriptValue(input: {slug: $slug, key: $key, json: "1", version: 0}) { value { key } }
  }
"""
DRAWN = "await (async () => { for (let n = 0; n < 50; n++) await null; })();"
"""Until a page has drawn itself after a click, and before what it does after that."""


def made(editor: Person, slug: str, *more: str) -> str:
    """A script with a file, and others; the address of the file."""
    texts = {path: f"// {path}\n" for path in more}
    editor.make_script(slug, {"main.ts": MAIN.replace("SLUG", slug), **texts})
    return f"/editor/{slug}?file=main.ts"


def steps(page: Page, *lines: str) -> None:
    """Do these, quicker than anybody can, and wait for what the page does soon after."""
    body = "\n".join(lines)
    page.evaluate(f"async () => {{ {body}\n await {SOON}; }}")


def test_what_is_typed_at_once_for_a_new_file_stays(editor, open_editor):
    page = open_editor(editor, made(editor, "quick-name")).page
    expect(code_of(page, "main.ts")).to_be_visible()

    steps(
        page,
        "document.querySelector('[aria-label=\"New file\"]').click();",
        DRAWN,
        "const field = document.querySelector('.path-form input');",
        "if (document.activeElement !== field) throw new Error('the field has no focus');",
        "field.value = 'typed.ts';",
    )

    expect(page.get_by_label("Path of the new file")).to_have_value("typed.ts")


def test_what_is_typed_at_once_in_the_search_is_not_typed_into_the_code(editor, open_editor):
    page = open_editor(editor, made(editor, "quick-search")).page
    show_panel(page, "Problems")
    expect(page.get_by_role("button", name="Check now")).to_be_visible()
    code_of(page, "main.ts").click()

    steps(
        page,
        "const keys = { key: 'F', ctrlKey: true, shiftKey: true, bubbles: true };",
        "document.body.dispatchEvent(new KeyboardEvent('keydown', keys));",
        DRAWN,
        "const field = document.querySelector('.search-form input');",
        "if (document.activeElement !== field) throw new Error('the search has no focus');",
    )


def test_of_two_files_that_are_opened_at_once_the_last_is_shown(editor, open_editor):
    page = open_editor(editor, made(editor, "quick-open", "a.ts", "b.ts")).page
    expect(code_of(page, "main.ts")).to_be_visible()

    steps(
        page,
        "const click = (path) => document.querySelector(`[data-path='${path}']`).click();",
        "click('a.ts');",
        DRAWN,
        "click('b.ts');",
    )

    expect(code_of(page, "b.ts")).to_be_visible()
    expect(page).to_have_url(re.compile("file=b.ts"))
    page.go_back()
    expect(code_of(page, "a.ts")).to_be_visible()
    page.go_back()
    expect(code_of(page, "main.ts")).to_be_visible()


def test_the_address_of_a_file_is_one_step_of_the_history(editor, open_editor):
    page = open_editor(editor).page
    expect(page.get_by_role("heading", name="Scripts", exact=True)).to_be_visible()
    before = page.evaluate("history.length")

    address = made(editor, "one-step", "a.ts").replace("main.ts", "a.ts")
    page.goto(editor.site.base + address)
    expect(code_of(page, "a.ts")).to_be_visible()
    page.evaluate(SOON)

    assert page.evaluate("history.length") == before + 1


def test_back_leads_out_although_the_line_is_noted_meanwhile(editor, open_editor):
    slug = "noted-line"
    made(editor, slug)
    page = open_editor(editor).page
    page.get_by_role("link", name=slug).first.click()
    expect(page).to_have_url(re.compile("file=main.ts"))
    replace_code(page, "main.ts", "// one\n// two\n// three\n")
    expect(page).to_have_url(re.compile("line=4"))
    held = hold(page, "mutation EditorSaveDraft")
    page.keyboard.type("// four")
    page.go_back()
    eventually(page, lambda: len(held) > 0, True)

    page.keyboard.press("ArrowUp")
    expect(page).to_have_url(re.compile("line=3"))
    held[0].continue_()

    expect(page.get_by_role("heading", name="Scripts", exact=True)).to_be_visible()


def test_nobody_has_to_answer_whether_to_leave_once_the_draft_is_kept(editor, open_editor):
    page = open_editor(editor, made(editor, "kept-late")).page
    expect(code_of(page, "main.ts")).to_contain_text("hello")
    held = hold(page, "mutation EditorSaveDraft")
    replace_code(page, "main.ts", "// mine")
    page.get_by_role("link", name="Scripts", exact=True).click()
    question = page.get_by_role("dialog", name="Leave without your changes?")
    expect(question).to_be_visible()

    held[0].continue_()

    expect(page.get_by_role("heading", name="Scripts", exact=True)).to_be_visible()
    expect(question).to_have_count(0)


def test_a_value_that_is_read_late_does_not_replace_another_dialog(editor, open_editor):
    made(editor, "late-value")
    editor.ask(VALUE, slug="late-value", key="first")
    page = open_editor(editor, "/editor/late-value?panel=data").page
    held = hold(page, "query ScriptValueOne")
    page.get_by_role("button", name="Edit first").click()
    read = answered(page, held)
    page.get_by_role("button", name="New value").click()
    dialog = page.get_by_role("dialog", name="New value")
    dialog.get_by_label("Key").fill("second")
    dialog.get_by_label("Value as JSON").fill("2")

    held[0].fulfill(response=read)
    page.evaluate(SOON)

    expect(dialog.get_by_label("Value as JSON")).to_have_value("2")
    expect(page.get_by_role("dialog", name="Value of first")).to_have_count(0)


def test_each_file_that_would_be_replaced_is_asked_about(editor, open_editor):
    made(editor, "two-uploads")
    page = open_editor(editor, "/editor/two-uploads?panel=data").page
    page.get_by_role("group", name="Kind of data").get_by_role("button", name="Files").click()
    choose = page.get_by_label("Files to upload")
    both = [{"name": name, "mimeType": "text/plain", "buffer": b"1"} for name in ("a.txt", "b.txt")]
    choose.set_input_files(both)
    expect(page.get_by_role("button", name="Delete b.txt")).to_be_visible()

    choose.set_input_files([{**one, "buffer": b"2"} for one in both])

    for name in ("a.txt", "b.txt"):
        dialog = page.get_by_role("dialog", name=re.compile(f"Replace {name}"))
        dialog.get_by_role("button", name="Replace").click()
        expect(page.get_by_text(f"{name} is stored.").last).to_be_visible()
        expect(dialog).to_have_count(0)


def test_a_script_that_is_created_at_once_has_the_files_of_its_template(editor, open_editor):
    page = open_editor(editor).page
    held = hold(page, "query ScriptTemplates {")
    page.get_by_role("button", name="New script").click()
    eventually(page, lambda: len(held) > 0, True)
    dialog = page.get_by_role("dialog", name="New script")
    dialog.get_by_label(re.compile("Name")).fill("at-once")
    dialog.get_by_label(re.compile("Deploy now")).uncheck()

    dialog.get_by_role("button", name="Create").click()

    open_file(page, "main.ts")


def test_a_history_that_can_t_be_read_again_keeps_what_is_typed(editor, open_editor):
    page = open_editor(editor, f"{made(editor, 'typed-message')}&panel=history").page
    replace_code(page, "main.ts", "// mine")
    message = page.get_by_label("What does the next version change?")
    message.fill("a message")
    held = hold(page, "query EditorHistory(")
    editor.save_script("typed-message", {"main.ts": "// theirs"})
    eventually(page, lambda: len(held) > 0, True)

    for route in held:
        route.fulfill(json={"errors": [{"message": "No.", "extensions": {"code": "LIMIT"}}]})

    expect(page.get_by_role("button", name="Try again").first).to_be_visible()
    expect(message).to_have_value("a message")


def test_two_quick_clicks_on_older_versions_lead_one_page_on(editor, open_editor):
    made(editor, "many-versions")
    for number in range(2, 44):
        editor.save_script("many-versions", {"main.ts": f"// {number}"})
    page = open_editor(editor, "/editor/many-versions?panel=history").page
    versions = page.get_by_role("list", name="Versions")
    expect(versions.get_by_role("listitem", name="Version 43", exact=True)).to_be_visible()

    steps(
        page,
        "const older = [...document.querySelectorAll('.turn button')].at(-1);",
        "older.click();",
        DRAWN,
        "older.click();",
    )
    expect(versions.get_by_role("listitem", name="Version 23", exact=True)).to_be_visible()
    page.get_by_role("button", name="Newer").click()

    expect(versions.get_by_role("listitem", name="Version 43", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Newer")).to_be_disabled()


def test_who_closes_the_dialog_still_learns_that_the_version_is_deployed(editor, open_editor):
    made(editor, "closed-early")
    editor.save_script("closed-early", {"main.ts": MAIN.replace("SLUG", "closed-early/2")})
    page = open_editor(editor, "/editor/closed-early?file=main.ts").page
    expect(code_of(page, "main.ts")).to_contain_text("closed-early/2")
    held = hold(page, "mutation EditorDeploy(")
    page.get_by_role("button", name="Deploy", exact=True).click()
    dialog = page.get_by_role("dialog", name="Deploy version 2")
    dialog.get_by_role("button", name="Deploy").click(timeout=120_000)
    done = answered(page, held)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    held[0].fulfill(response=done)

    expect(page.get_by_text("Version 2 is deployed.")).to_be_visible()


def test_files_that_are_brought_back_late_replace_nothing_that_was_typed(editor, open_editor):
    page = open_editor(editor, f"{made(editor, 'brought-late')}&panel=history").page
    expect(code_of(page, "main.ts")).to_contain_text("hello")
    held = hold(page, "query EditorVersion(")
    page.get_by_role("button", name="Bring its files back").click()
    read = answered(page, held)
    replace_code(page, "main.ts", "// typed meanwhile")

    held[0].fulfill(response=read)

    expect(page.get_by_text("Nothing was replaced.")).to_be_visible()
    expect(code_of(page, "main.ts")).to_contain_text("// typed meanwhile")
