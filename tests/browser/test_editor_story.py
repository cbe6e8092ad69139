"""The editor from a new script to one that people use, and two people at one file."""

from __future__ import annotations

import re

import httpx2
import pytest
from playwright.sync_api import Page, expect
from tests.browser.editor import (
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

LONG_MS = 120_000
"""For what starts a process: checks of types, trial loads and runs of schedules."""
MIGRATION = "migrations/0001-notes.sql"
TABLE = "create table notes (id int generated always as identity primary key, text text not null);"
MAIN = """\
export const schedules: Schedules = { nightly: "0 2 * * *" };

export const routes: Routes = {
  "GET /notes": async (request, { db }) =>
    Response.json(await db.query("select text from notes order by id")),
  "POST /notes": async (request, { db }) => {
    await db.execute("insert into notes (text) values ($1)", [await request.text()]);
    return new Response("kept", { status: 201 });
  },
};

export default {
  scheduled(event) {
    const name: string = event.name;
    console.log("good night from", name);
  },
} satisfies Application;
"""
OF_WRONG_TYPE = MAIN.replace("= event.name", "= event.attempt")
NOT_LOADING = MAIN.replace('"GET /notes"', '"GET notes"')
CHANGED = MAIN.replace('"kept"', '"kept too"')
GREETING = """\
const greeting = "Hello";

export const routes: Routes = { "GET /shared": () => new Response(greeting) };
"""


def panel(page: Page, name: str):
    show_panel(page, name)
    return page.get_by_role("tabpanel", name=name, exact=True)


def deploy(page: Page):
    """Save and ask to deploy; the dialog, once the version was loaded on trial."""
    page.get_by_role("button", name="Deploy", exact=True).first.click()
    dialog = page.get_by_role("dialog", name=re.compile("^Deploy version"))
    expect(dialog.get_by_text("Loading it on trial")).to_have_count(0, timeout=LONG_MS)
    return dialog


def confirm(page: Page, dialog, verb: str) -> None:
    dialog.get_by_role("button", name=verb, exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=LONG_MS)


def test_from_a_new_script_to_one_that_people_use(editor, open_editor):
    page = open_editor(editor, "/editor").page

    page.get_by_role("button", name="New script").click()
    dialog = page.get_by_role("dialog", name="New script")
    dialog.get_by_label(re.compile("Name")).fill("notes")
    dialog.get_by_label(re.compile("Deploy now")).uncheck()
    dialog.get_by_role("button", name="Create").click()
    open_file(page, "main.ts")
    replace_code(page, "main.ts", OF_WRONG_TYPE)
    page.get_by_role("button", name="New file").click()
    page.get_by_label("Path of the new file").fill(MIGRATION)
    page.get_by_role("button", name="Create", exact=True).click()
    replace_code(page, MIGRATION, TABLE)

    problem = panel(page, "Problems").get_by_role("button", name=re.compile("not assignable"))
    expect(problem).to_be_visible(timeout=LONG_MS)
    problem.click()
    expect(code_of(page, "main.ts")).to_be_visible()
    expect(page).to_have_url(re.compile("file=main.ts&line=14"))
    replace_code(page, "main.ts", MAIN)
    expect(panel(page, "Problems").get_by_text("No problems.")).to_be_visible(timeout=LONG_MS)

    dialog = deploy(page)
    expect(dialog.get_by_role("region", name="Routes")).to_contain_text("+ POST /notes")
    expect(dialog.get_by_role("region", name="Schedules")).to_contain_text("+ nightly")
    expect(dialog.get_by_role("region", name="Migrations")).to_contain_text("0001-notes")
    confirm(page, dialog, "Deploy")

    run = panel(page, "Run")
    run.get_by_label("Route").select_option("POST /notes")
    run.get_by_label("Body").fill("buy milk")
    run.get_by_role("button", name="Run", exact=True).click()
    answer = run.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("201")
    expect(answer).to_contain_text("kept")
    data = panel(page, "Data")
    data.get_by_role("button", name="Tables").click()
    data.get_by_role("button", name="Open notes").click()
    expect(data).to_contain_text("buy milk")

    settings = panel(page, "Settings")
    settings.get_by_role("heading", name="Schedules").click()
    settings.get_by_role("button", name="Run now: nightly").click()
    log = panel(page, "Log")
    expect(log.get_by_text("good night from nightly")).to_be_visible(timeout=LONG_MS)

    replace_code(page, "main.ts", NOT_LOADING)
    dialog = deploy(page)
    expect(dialog.get_by_role("alert")).to_contain_text("does not load")
    expect(dialog.get_by_role("button", name="Deploy", exact=True)).to_be_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    assert httpx2.get(f"{editor.site.base}/notes").json() == [{"text": "buy milk"}]

    replace_code(page, "main.ts", CHANGED)
    confirm(page, deploy(page), "Deploy")
    assert httpx2.post(f"{editor.site.base}/notes", content="tea").text == "kept too"
    versions = panel(page, "History").get_by_role("list", name="Versions")
    versions.get_by_role("listitem", name="Version 2").get_by_role(
        "button", name="Roll back to it"
    ).click()
    dialog = page.get_by_role("dialog", name="Roll back to version 2")
    expect(dialog.get_by_role("button", name="Roll back", exact=True)).to_be_enabled(
        timeout=LONG_MS
    )
    confirm(page, dialog, "Roll back")
    assert httpx2.post(f"{editor.site.base}/notes", content="bread").text == "kept"


ADD_OWNER = """
  mutation ($slug: String!, $email: String!) {
    addScriptOwner(input: {slug: $slug, email: $email}) { owners { email } }
  }
"""


def test_two_people_change_the_same_line_and_nothing_is_lost(editor, other_editor, open_editor):
    editor.make_script("shared", {"main.ts": GREETING})
    editor.ask(ADD_OWNER, slug="shared", email=other_editor.email)
    path = "/editor/shared?file=main.ts"
    mine, hers = (open_editor(one, path).page for one in (editor, other_editor))
    replace_code(mine, "main.ts", GREETING.replace("Hello", "Good morning"))

    replace_code(hers, "main.ts", GREETING.replace("Hello", "Good evening"))
    hers.get_by_role("button", name="Save", exact=True).click()
    expect(mine.get_by_text(f"{other_editor.email} saved version 2")).to_be_visible()
    mine.get_by_role("button", name="Save", exact=True).click()

    merge = mine.get_by_role("dialog", name="Merge two changes")
    expect(merge.get_by_role("button", name="Save merged")).to_be_disabled()
    mine.keyboard.press("Escape")
    expect(mine.get_by_role("dialog")).to_have_count(0)
    expect(code_of(mine, "main.ts")).to_contain_text("Good morning")

    mine.get_by_role("button", name="Save", exact=True).click()
    conflict = merge.get_by_role("group", name="Conflict 1")
    conflict.get_by_role("button", name="Take both").click()
    merge.get_by_role("button", name="Save merged").click()

    expect(hers.get_by_text(f"{editor.email} saved version 3")).to_be_visible()
    hers.get_by_role("button", name="Open it").click()
    for page in (mine, hers):
        expect(code_of(page, "main.ts")).to_contain_text("Good morning")
        expect(code_of(page, "main.ts")).to_contain_text("Good evening")
