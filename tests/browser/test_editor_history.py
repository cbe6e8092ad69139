"""Drafts, conflicts, history and deployments in the editor."""

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.editor import (
    administrator,
    code_of,
    editor,
    editor_site,
    open_editor,
    other_editor,
    show_panel,
)
from tests.conftest import wait_for

__all__ = ["administrator", "editor", "editor_site", "open_editor", "other_editor"]

pytestmark = pytest.mark.browser

MAIN = 'export const routes = { "GET /old": () => new Response("old") };\n'
MORE = """export const routes = {
  "GET /one": () => new Response("one"),
  "GET /two": () => new Response("2"),
};
"""
BROKEN = "export const routes = {\n  oops oops\n};\n"
# Changes of lines that follow each other are one conflict: so each has a line in between.
STEPS = "// first\n\n// second\n\n// third\n\n// fourth\n\n// fifth\n"


def notice(page: Page, text: str) -> Locator:
    return page.locator(".notice").filter(has_text=text)


PASTE = """(box, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const options = { clipboardData, bubbles: true, cancelable: true };
  box.dispatchEvent(new ClipboardEvent("paste", options));
}"""


def write(page: Page, path: str, text: str) -> None:
    """Open a file, and paste *text* in place of all its code."""
    page.get_by_role("region", name="Files").get_by_text(path, exact=True).click()
    code = code_of(page, path)
    code.click()
    page.keyboard.press("ControlOrMeta+a")
    code.evaluate(PASTE, text)


def add_owner(editor, slug, email):
    editor.ask(
        "mutation ($slug: String!, $email: String!) {"
        " addScriptOwner(input: {slug: $slug, email: $email}) { owners { email } } }",
        slug=slug,
        email=email,
    )


def draft_of(person, slug):
    found = person.ask(
        "query ($slug: String!) { script(slug: $slug) { draft { files { path text } } } }",
        slug=slug,
    )["script"]["draft"]
    return None if found is None else {file["path"]: file["text"] for file in found["files"]}


def test_what_is_typed_is_kept_as_a_draft_until_it_is_saved_or_discarded(editor, open_editor):
    editor.create_script("notes")
    editor.save_script("notes", {"main.ts": MAIN, "other.ts": STEPS})
    page = open_editor(editor, "/editor/notes").page
    # The database may have the draft before the page knows that it has.
    page.on("dialog", lambda dialog: dialog.accept())
    write(page, "other.ts", "// mine\n")
    wait_for(lambda: draft_of(editor, "notes") == {"other.ts": "// mine\n"})

    page.reload()

    expect(notice(page, "Restored your draft from")).to_be_visible()
    page.get_by_role("region", name="Files").get_by_text("other.ts", exact=True).click()
    expect(code_of(page, "other.ts")).to_have_text("// mine")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    wait_for(lambda: draft_of(editor, "notes") is None)

    write(page, "other.ts", "// again\n")
    wait_for(lambda: draft_of(editor, "notes") == {"other.ts": "// again\n"})
    page.reload()
    notice(page, "Restored your draft from").get_by_role("button", name="Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(notice(page, "Restored your draft from")).to_have_count(0)
    expect(code_of(page, "other.ts")).to_have_text("// mine")
    wait_for(lambda: draft_of(editor, "notes") is None)


def test_two_people_edit_the_same_file_and_nothing_of_either_is_lost(
    editor, other_editor, open_editor
):
    editor.create_script("shared")
    editor.save_script("shared", {"main.ts": MAIN, "steps.ts": STEPS, "gone.ts": "// old\n"})
    add_owner(editor, "shared", other_editor.email)
    watched = open_editor(editor, "/editor/shared")
    page = watched.page
    mine = STEPS.replace("first", "FIRST").replace("third", "mine").replace("fifth", "my end")
    write(page, "steps.ts", mine)
    theirs = STEPS.replace("second", "SECOND").replace("third", "theirs").replace("fifth", "an end")
    other_editor.save_script("shared", {"main.ts": MORE, "steps.ts": theirs})

    # What somebody else does is said at once.
    news = notice(page, "saved version 2.")
    expect(news).to_contain_text(other_editor.email)
    news.get_by_role("button", name="Show difference").click()
    difference = page.get_by_role("dialog", name="Version 1 to 2")
    expect(difference.get_by_role("region", name="Changes of steps.ts")).to_contain_text("SECOND")
    difference.get_by_role("button", name="Close").click()

    page.get_by_role("button", name="Save", exact=True).click()
    merge = page.get_by_role("dialog", name="Merge two changes")
    expect(merge.get_by_text("2 conflicts are left to decide.")).to_be_visible()
    # Escape decides nothing, and keeps what was typed.
    page.keyboard.press("Escape")
    expect(merge).to_have_count(0)
    expect(code_of(page, "steps.ts")).to_contain_text("// mine")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(merge.get_by_role("button", name="Save merged")).to_be_disabled()
    first, second = (merge.get_by_role("group", name=f"Conflict {number}") for number in (1, 2))
    first.get_by_role("button", name="Take theirs").click()
    second.get_by_role("button", name="Take both").click()
    expect(merge.get_by_text("All is decided.")).to_be_visible()
    assert watched.violations() == []
    merge.get_by_role("button", name="Save merged").click()

    expect(page.get_by_text("Saved as version 3.")).to_be_visible()
    expect(merge).to_have_count(0)
    read = '{ script(slug: "shared") { newest { number files { path text } } } }'
    newest = editor.ask(read)["script"]["newest"]
    assert {file["path"]: file["text"] for file in newest["files"]} == {
        "main.ts": MORE,
        "steps.ts": theirs.replace("first", "FIRST").replace("// an", "// my end\n// an"),
    }


def test_a_deployment_says_what_it_changes_and_is_rolled_back(editor, open_editor):
    editor.make_script("shop", {"main.ts": MAIN})
    watched = open_editor(editor, "/editor/shop")
    page = watched.page
    write(page, "main.ts", MORE)

    page.get_by_role("button", name="Deploy", exact=True).click()
    dialog = page.get_by_role("dialog", name="Deploy version 2")
    routes = dialog.get_by_role("region", name="Routes")
    expect(routes).to_contain_text("+ GET /one")
    expect(routes).to_contain_text("\u2212 GET /old")
    dialog.get_by_text("1 file differs").click()
    expect(dialog.get_by_role("region", name="Changes of main.ts")).to_contain_text("GET /two")
    assert watched.violations() == []
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_text("Version 2 is deployed.")).to_be_visible()

    # A version that does not load changes nothing, and says where.
    write(page, "main.ts", BROKEN)
    page.get_by_role("button", name="Deploy", exact=True).click()
    refused = page.get_by_role("dialog", name="Deploy version 3")
    expect(refused.get_by_role("alert")).to_contain_text("Nothing has changed.")
    expect(refused.get_by_role("button", name="Deploy", exact=True)).to_be_disabled()
    refused.get_by_role("button", name="main.ts:2").click()
    expect(refused).to_have_count(0)

    show_panel(page, "History")
    history = page.get_by_role("tabpanel", name="History")
    expect(history).to_contain_text("Version 2 is active")
    expect(page.get_by_role("heading", name="History", exact=True)).to_have_count(1)
    newest = history.get_by_role("listitem", name="Version 3", exact=True)
    newest.get_by_role("button", name="Changes").click()
    expect(newest.get_by_role("region", name="Changes of main.ts")).to_contain_text("oops oops")
    first = history.get_by_role("listitem", name="Version 1", exact=True)
    first.get_by_role("button", name="Files", exact=True).click()
    first.get_by_text("main.ts", exact=True).click()
    expect(first.get_by_label("main.ts of version 1")).to_contain_text("GET /old")
    assert watched.violations() == []
    first.get_by_role("button", name="Roll back to it").click()
    rollback = page.get_by_role("dialog", name="Roll back to version 1")
    expect(rollback.get_by_role("region", name="Routes")).to_contain_text("\u2212 GET /one")
    rollback.get_by_role("button", name="Roll back", exact=True).click()
    expect(history).to_contain_text("Version 1 is active")
    deployments = history.get_by_role("list", name="Deployments")
    expect(deployments).to_contain_text("rolled back to version 1 instead of 2")

    # Its files come back as a change, which is saved as any other, with a message.
    first.get_by_role("button", name="Bring its files back").click()
    expect(code_of(page, "main.ts")).to_contain_text("GET /old")
    history.get_by_label("What does the next version change?").fill("back to version 1")
    history.get_by_role("button", name="Save with this message").click()
    fourth = history.get_by_role("listitem", name="Version 4", exact=True)
    expect(fourth).to_contain_text("back to version 1")
