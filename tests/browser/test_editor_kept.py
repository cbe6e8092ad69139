"""Nothing that somebody changes in the editor is lost: drafts, leaving, sessions, deployments."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, Route, expect
from tests.browser.conftest import Watched, eventually
from tests.browser.editor import (
    Person,
    administrator,
    code_of,
    editor,
    editor_site,
    open_editor,
    replace_code,
)

__all__ = ["administrator", "editor", "editor_site", "open_editor"]

pytestmark = pytest.mark.browser

MAIN = 'export const routes: Routes = {\n  "GET /SLUG": () => new Response("hello"),\n};\n'
DRAFT = "query ($slug: String!) { script(slug: $slug) { draft { files { path text } } } }"
LONG_MS = 120_000
"""For what loads a version on trial."""
FAILED = "Failed to load resource"
"""Chromium notes each request that a test lets fail."""


def made(editor: Person, slug: str, versions: int = 1) -> str:
    """A script with some versions, the first of which is deployed; the address of its file."""
    editor.make_script(slug, {"main.ts": MAIN.replace("SLUG", slug)})
    for number in range(2, versions + 1):
        editor.save_script(slug, {"main.ts": MAIN.replace("SLUG", f"{slug}/{number}")})
    return f"/editor/{slug}?file=main.ts"


def refuse(page: Page, *operations: str) -> None:
    """Answer these operations as a proxy without an engine does."""

    def answer(route: Route) -> None:
        body = route.request.post_data or ""
        if any(operation in json.loads(body)["query"] for operation in operations):
            route.fulfill(status=502, content_type="text/plain", body="bad gateway")
        else:
            route.continue_()

    page.route("**/graphql", answer)


def draft_of(editor: Person, slug: str) -> str | None:
    draft = editor.ask(DRAFT, slug=slug)["script"]["draft"]
    # Files are read after the draft, which may be discarded in between.
    return draft["files"][0]["text"] if draft and draft["files"] else None


def expect_draft(page: Page, editor: Person, slug: str, text: str) -> None:
    """Wait until the server has a draft with this text."""
    eventually(page, lambda: text in (draft_of(editor, slug) or ""), True)


def question(page: Page):
    return page.get_by_role("dialog", name="Leave without your changes?")


def forget_failures(watched: Watched) -> None:
    """Requests that the test has let fail are no problems of the page."""
    watched.page.unroute_all()
    watched.problems[:] = [one for one in watched.problems if not one.startswith(FAILED)]


@pytest.mark.parametrize("way", ["link", "back"])
def test_going_elsewhere_in_the_editor_loses_no_change(editor, open_editor, way):
    slug = f"large-{way}"
    made(editor, slug)
    page = open_editor(editor).page
    page.get_by_role("link", name=slug).first.click()
    expect(page).to_have_url(re.compile("file=main.ts"))
    expect(code_of(page, "main.ts")).to_contain_text("hello")
    # More than a page may send while it is being closed.
    text = "// kept\n" + "// 0123456789\n" * 10_000

    replace_code(page, "main.ts", text)
    if way == "link":
        page.get_by_role("link", name="Scripts", exact=True).click()
    else:
        page.go_back()
    expect(page.get_by_role("heading", name="Scripts", exact=True)).to_be_visible()

    expect_draft(page, editor, slug, "// kept")
    page.get_by_role("link", name=slug).first.click()
    expect(code_of(page, "main.ts")).to_contain_text("// kept")


@pytest.mark.parametrize("way", ["link", "back"])
def test_leaving_is_asked_about_when_the_draft_is_not_kept(editor, open_editor, way):
    slug = f"asked-{way}"
    made(editor, slug)
    watched = open_editor(editor)
    page = watched.page
    page.get_by_role("link", name=slug).first.click()
    expect(page).to_have_url(re.compile("file=main.ts"))
    replace_code(page, "main.ts", "// mine alone")
    refuse(page, "saveScriptDraft")

    def leave() -> None:
        if way == "link":
            page.get_by_role("link", name="Scripts", exact=True).click()
        else:
            page.go_back()

    leave()
    expect(question(page)).to_contain_text("1 file")
    expect(page).to_have_url(re.compile(slug))
    assert watched.violations() == []
    question(page).get_by_role("button", name="Cancel").click()
    expect(code_of(page, "main.ts")).to_contain_text("// mine alone")

    leave()
    question(page).get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Scripts", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("/editor$"))
    forget_failures(watched)


def test_a_draft_that_could_not_be_discarded_is_kept_on(editor, open_editor):
    path = made(editor, "discard")
    watched = open_editor(editor, path)
    page = watched.page
    replace_code(page, "main.ts", "// first")
    expect_draft(page, editor, "discard", "// first")
    page.goto(editor.site.base + path)
    refuse(page, "discardScriptDraft")

    page.get_by_role("button", name="Discard").click()
    dialog = page.get_by_role("dialog", name="Discard your draft?")
    dialog.get_by_role("button", name="Discard").click()
    expect(dialog.get_by_role("alert")).to_contain_text("does not answer")
    dialog.get_by_role("button", name="Cancel").click()
    replace_code(page, "main.ts", "// second")
    expect_draft(page, editor, "discard", "// second")

    forget_failures(watched)
    page.get_by_role("button", name="Discard").click()
    dialog.get_by_role("button", name="Discard").click()
    expect(code_of(page, "main.ts")).to_contain_text("hello")
    assert draft_of(editor, "discard") is None


def test_the_other_window_s_draft_is_opened_or_the_page_says_why_not(editor, open_editor):
    path = made(editor, "windows")
    watched = open_editor(editor, path)
    mine = watched.page
    expect(code_of(mine, "main.ts")).to_contain_text("hello")
    hers = open_editor(editor, path).page
    replace_code(hers, "main.ts", "// in the other window")
    expect_draft(hers, editor, "windows", "// in the other window")
    replace_code(mine, "main.ts", "// in this window")
    notice = mine.get_by_role("alert").filter(has_text="another window")
    expect(notice).to_be_visible()

    refuse(mine, "EditorOpen(", "EditorDiscardDraft")
    for name in ("Open the other one", "Keep the one here"):
        mine.get_by_role("button", name=name).click()
        expect(notice).to_contain_text("does not answer")
        expect(code_of(mine, "main.ts")).to_contain_text("// in this window")
    assert "// in the other window" in (draft_of(editor, "windows") or "")

    forget_failures(watched)
    mine.get_by_role("button", name="Keep the one here").click()
    expect_draft(mine, editor, "windows", "// in this window")
    expect(notice).to_have_count(0)


def test_after_signing_in_again_everything_is_unchanged(editor_site, open_editor):
    emma = editor_site.person("Emma", "EDITOR")
    watched = open_editor(emma, made(emma, "session"))
    page = watched.page
    replace_code(page, "main.ts", "// written before")
    ended = "delete from sessions where user_id = (select id from users where email = %s)"
    editor_site.execute(ended, [emma.email])

    page.keyboard.insert_text(" and after")
    dialog = page.get_by_role("dialog", name="You have been signed out")
    expect(dialog).to_be_visible()
    expect(page.locator("main")).to_be_hidden()
    expect(page.get_by_role("link", name="Sign in again")).to_have_attribute("target", "_blank")
    assert watched.violations() == []

    again = Person(replace(emma.site, session=emma.site.sign_in(emma.email)), emma.email)
    page.context.add_cookies([again.cookie])
    other = page.context.new_page()
    other.goto(emma.site.base + "/editor")
    expect(dialog).to_have_count(0)
    expect(code_of(page, "main.ts")).to_contain_text("// written before and after")
    expect_draft(page, again, "session", "and after")
    code_of(page, "main.ts").click()
    page.keyboard.press("ControlOrMeta+z")
    expect(code_of(page, "main.ts")).not_to_contain_text("and after")
    forget_failures(watched)


def test_a_deployment_by_somebody_else_is_not_replaced_unasked(editor, administrator, open_editor):
    page = open_editor(editor, made(editor, "replaced", versions=3) + "&panel=history").page
    versions = page.get_by_role("list", name="Versions")
    versions.get_by_role("listitem", name="Version 2").get_by_role(
        "button", name="Deploy it"
    ).click()
    dialog = page.get_by_role("dialog", name="Deploy version 2")
    confirm = dialog.get_by_role("button", name="Deploy", exact=True)
    expect(dialog).to_contain_text("Visitors get version 2 instead of version 1")
    expect(confirm).to_be_enabled(timeout=LONG_MS)

    administrator.deploy_script("replaced", 3)
    confirm.click()
    alert = dialog.get_by_role("alert")
    expect(alert).to_contain_text(f"{administrator.email} deployed version 3", timeout=LONG_MS)
    expect(dialog).to_contain_text("Visitors get version 2 instead of version 3")

    confirm.click()
    expect(dialog).to_have_count(0, timeout=LONG_MS)
    active = editor.ask('{ script(slug: "replaced") { activeVersion } }')
    assert active["script"]["activeVersion"] == 2
