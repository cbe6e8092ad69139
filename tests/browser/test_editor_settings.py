"""The panels Settings and Tests, and the manager's pages of scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import eventually, hold
from tests.browser.editor import (
    Person,
    administrator,
    editor,
    editor_site,
    open_editor,
    other_editor,
    replace_code,
)

__all__ = ["administrator", "editor", "editor_site", "open_editor", "other_editor"]

pytestmark = pytest.mark.browser

MAIN = """
export const double = (n: number) => 2 * n;
export const routes: Routes = { "GET /SLUG": () => new Response("hello") };
export const schedules: Schedules = { nightly: "0 2 * * *" };
export default { scheduled() { console.log("night"); } };
"""
TESTS = """import { double } from "./main.ts";
test("doubles", () => {
  console.log("looked at two");
  expect(double(2)).toBe(5);
});
test("is zero", () => {
  expect(double(0)).toBe(0);
});
"""
LIST = "/engine/admin/scripts"
ORPHAN = "insert into scripts (id, slug, title, created_by) values (gen_random_uuid(), %s, %s, 'x')"


def make(person: Person, slug: str, **files: str) -> None:
    person.make_script(slug, {"main.ts": MAIN.replace("SLUG", slug), **files})


def part(page: Page, name: str) -> Locator:
    """A part of the panel Settings, unfolded."""
    panel = page.get_by_role("tabpanel", name="Settings")
    panel.locator("summary").filter(has_text=re.compile(f"^{name}$")).click()
    group = panel.get_by_role("group", name=name, exact=True)
    expect(group).to_be_visible()
    return group


def confirm(page: Page, button: str) -> None:
    """Press the button of the dialog, which closes."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_be_hidden()


def row(page: Page, slug: str) -> Locator:
    """The row of a script in the manager."""
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=slug, exact=True))


def test_an_administrator_finds_suspends_and_resumes_scripts(
    administrator, editor, editor_site, open_editor
):
    make(editor, "listed-a")
    make(editor, "listed-b")
    editor_site.execute(ORPHAN, ["listed-lost", "Nobody's <b>"])
    watched = open_editor(administrator, LIST)
    page = watched.page

    page.get_by_role("searchbox", name="Search scripts").fill("listed")
    expect(page.get_by_text("3 scripts", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=listed$"))
    expect(row(page, "listed-a")).to_contain_text(editor.email)
    assert watched.violations() == []

    page.get_by_role("button", name="No owner").click()
    expect(page.get_by_text("1 script", exact=True)).to_be_visible()
    expect(row(page, "listed-lost")).to_contain_text("Nobody's <b>")
    page.go_back()
    expect(page.get_by_text("3 scripts", exact=True)).to_be_visible()

    row(page, "listed-a").get_by_role("button", name="Suspend").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("sends spam")
    confirm(page, "Suspend")
    expect(row(page, "listed-a")).to_contain_text("sends spam")
    page.get_by_role("button", name="Suspended", exact=True).click()
    expect(page.get_by_text("1 script", exact=True)).to_be_visible()
    row(page, "listed-a").get_by_role("button", name="Resume").click()
    expect(page.get_by_text("No scripts match")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(row(page, "listed-a")).to_contain_text("Active")


def test_an_administrator_deletes_a_script_and_restores_it(administrator, editor, open_editor):
    make(editor, "removed")
    page = open_editor(administrator, f"{LIST}/removed").page

    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_label("Type removed to continue").fill("remove")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alert")).to_have_text("Type removed to continue.")
    page.get_by_role("dialog").get_by_label("Type removed to continue").fill("removed")
    confirm(page, "Delete")
    expect(page.get_by_role("heading", name="Scripts", level=1)).to_be_visible()

    page.get_by_role("button", name="Deleted", exact=True).click()
    page.get_by_role("button", name="Restore removed").click()
    expect(page.get_by_text("No such scripts")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(row(page, "removed")).to_contain_text("Draft")


def test_owners_and_limits_on_the_page_of_a_script(
    administrator, editor, other_editor, open_editor
):
    make(editor, "owned")
    watched = open_editor(administrator, f"{LIST}/owned")
    page = watched.page
    owners = page.get_by_role("region", name="Owners")
    limits = page.get_by_role("region", name="Limits")
    expect(owners.get_by_role("button", name=f"Remove {editor.email}")).to_be_disabled()

    owners.get_by_role("button", name="Add owner").click()
    page.get_by_role("dialog").get_by_label("Email address").fill("nobody@example.com")
    page.get_by_role("dialog").get_by_role("button", name="Add owner").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("nobody@example.com")
    page.get_by_role("dialog").get_by_label("Email address").fill(other_editor.email)
    confirm(page, "Add owner")
    owners.get_by_role("button", name=f"Remove {editor.email}").click()
    confirm(page, "Remove owner")
    expect(owners.get_by_role("button", name=f"Remove {other_editor.email}")).to_be_disabled()
    expect(owners).not_to_contain_text(editor.email)

    heap = limits.get_by_label("Heap of a process")
    save = limits.get_by_role("button", name="Save limits")
    expect(save).to_be_disabled()
    heap.fill("290")
    save.click()
    expect(save).to_be_disabled()
    expect(heap).to_have_value("290")
    heap.fill("310")
    save.click()
    expect(limits.get_by_role("alert")).to_contain_text("300 is not above heap_mb, which is 310")
    limits.get_by_role("button", name="Restore defaults").click()
    expect(heap).to_have_value("128")
    assert watched.violations() == []


def test_a_limit_that_is_saved_stays_in_its_field(administrator, editor, open_editor):
    make(editor, "limited")
    page = open_editor(administrator, f"{LIST}/limited").page
    limits = page.get_by_role("region", name="Limits")
    heap = limits.get_by_label("Heap of a process")
    expect(heap).to_have_value("128")
    held = hold(page, "query ScriptLimits(")

    heap.fill("290")
    limits.get_by_role("button", name="Save limits").click()

    eventually(page, lambda: len(held) > 0, True)
    expect(page.get_by_text("Limits saved.")).to_be_visible()
    expect(heap).to_have_value("290")
    for route in held:
        route.continue_()
    expect(limits.get_by_role("button", name="Restore defaults")).to_be_enabled()
    expect(heap).to_have_value("290")


def test_an_owner_changes_the_settings_of_a_script(editor, other_editor, open_editor):
    make(editor, "set")
    watched = open_editor(editor, "/editor/set?panel=settings")
    page = watched.page

    state = part(page, "State")
    state.get_by_role("button", name="Change title").click()
    page.get_by_role("dialog").get_by_label("Title").fill("The set script")
    confirm(page, "Save title")
    expect(state).to_contain_text("The set script")

    secrets = part(page, "Secrets")
    secrets.get_by_role("button", name="Add secret").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("API_KEY")
    dialog.get_by_label("Value").fill("s3cret-value")
    dialog.get_by_label("Hosts").fill("api.example.org, *.example.net")
    confirm(page, "Add secret")
    expect(secrets).to_contain_text("*.example.net, api.example.org")
    expect(page.locator("body")).not_to_contain_text("s3cret-value")
    secrets.get_by_role("button", name="Remove API_KEY").click()
    confirm(page, "Remove secret")
    expect(secrets).to_contain_text("No secrets yet")

    roles = part(page, "Roles")
    roles.get_by_role("button", name="Grant role").click()
    dialog.get_by_label("Email address").fill(other_editor.email)
    dialog.get_by_label("Role").fill("member")
    confirm(page, "Grant role")
    roles.get_by_role("button", name=f"Revoke member from {other_editor.email}").click()
    confirm(page, "Revoke role")
    expect(roles).to_contain_text("No user has a role")

    hosts = part(page, "Outgoing hosts")
    hosts.get_by_role("button", name="Change hosts").click()
    dialog.get_by_label("only these hosts").check()
    dialog.get_by_label("Hosts", exact=False).last.fill("api.example.org")
    confirm(page, "Save hosts")
    expect(hosts.get_by_role("list", name="Outgoing hosts")).to_contain_text("api.example.org")

    schedules = part(page, "Schedules")
    schedules.get_by_role("button", name="Run now: nightly").click()
    expect(schedules).to_contain_text("Succeeded")
    schedules.get_by_role("button", name="Runs of nightly").click()
    expect(schedules.get_by_role("list", name="Runs of nightly")).to_contain_text("version 1")

    limits = part(page, "Limits")
    expect(limits.get_by_label("Heap of a process")).to_have_attribute("max", "128")
    expect(part(page, "Host")).to_contain_text("Only administrators change these.")
    expect(part(page, "Messages")).to_contain_text("No dead letters.")
    expect(part(page, "Streams")).to_contain_text("Nobody listens")
    assert watched.violations() == []


def test_a_failing_test_leads_to_its_line_and_passes_unsaved(editor, open_editor):
    make(editor, "tested", **{"main.test.ts": TESTS})
    watched = open_editor(editor, "/editor/tested?panel=tests")
    page = watched.page
    panel = page.get_by_role("tabpanel", name="Tests")
    result = panel.get_by_role("status", name="Result")

    panel.get_by_role("button", name="Run all tests").click()
    expect(result).to_contain_text("1 passed, 1 failed, 0 skipped")
    expect(result).to_contain_text("Version 1")
    expect(panel).to_contain_text("expected 4 to be 5")
    expect(panel.get_by_role("region", name="Log of the tests")).to_contain_text("looked at two")
    assert watched.violations() == []
    panel.get_by_role("button", name="main.test.ts:4").first.click()
    expect(page.get_by_role("textbox", name="main.test.ts", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("line=4"))

    replace_code(page, "main.test.ts", TESTS.replace("toBe(5)", "toBe(4)"))
    panel.get_by_role("button", name="Run doubles", exact=True).click()
    expect(result).to_contain_text("2 passed, 0 failed, 0 skipped")
    expect(result).to_contain_text("Unsaved files")

    panel.locator("summary").filter(has_text="Snippet").click()
    panel.get_by_label("JavaScript").fill("double(21)")
    panel.get_by_label("JavaScript").press("ControlOrMeta+Enter")
    expect(panel.get_by_role("status", name="Value")).to_contain_text("42")
