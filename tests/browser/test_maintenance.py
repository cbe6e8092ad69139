"""The pages of maintenance and of access reviews, as somebody at a browser finds them."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

BOARD = "/engine/admin/maintenance"
REVIEW = f"{BOARD}/review"


@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, {"width": 360, "height": 740}])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_pages_are_usable_by_everybody_and_fit(open_page, size, scheme):
    for path, heading in [(BOARD, "Maintenance"), (REVIEW, "Access review")]:
        watched = open_page(path, viewport=size, color_scheme=scheme)
        page = watched.page
        page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)

        assert watched.violations() == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_an_item_is_marked_done_with_a_note(open_page):
    page = open_page(BOARD).page
    row = page.get_by_role("listitem").filter(has_text="Review the documentation")

    row.get_by_role("button", name=re.compile("Mark done")).click()
    page.get_by_label("Note").fill("read all of it")
    page.get_by_role("button", name="Mark done", exact=True).click()

    expect(row).to_contain_text("“read all of it”")
    expect(row.locator(".badge")).to_have_text("OK")


def test_a_task_is_run_and_its_run_is_shown_with_its_lines(open_page):
    page = open_page(BOARD).page

    page.get_by_role("button", name="Run now analyze").click()

    page.get_by_role("combobox").select_option("Analyze the database")
    expect(page).to_have_url(re.compile("task=analyze"))
    row = page.get_by_role("table", name="Runs").locator("tbody tr").first
    expect(row).to_contain_text("Succeeded", timeout=15_000)
    row.get_by_text("Details").click()
    expect(row.locator("pre")).to_have_text("analyze")


def test_a_review_keeps_and_revokes_and_shows_what_a_rule_forbids(open_page, started):
    page = open_page(REVIEW).page
    page.get_by_role("button", name="Start review").click()
    rows = page.get_by_role("table", name="Roles").locator("tbody tr")
    # Other rows may mention that it granted them.
    mine = rows.filter(has=page.locator(".email", has_text="admin@localhost"))
    administrators = rows.filter(has=page.locator(".badge.administrator"))
    editor = rows.filter(has=page.locator(".badge.editor")).last
    expect(mine).to_be_visible()
    email = editor.locator(".email").inner_text()
    revoked = administrators.locator(".email").all_inner_texts()

    for row in administrators.all():
        row.get_by_role("button", name=re.compile("^Revoke")).click()
    editor.get_by_role("button", name=re.compile("^Keep")).click()
    editor.get_by_role("textbox").fill("writes well")
    # What is not submitted yet outlives a look at another page.
    page.get_by_role("link", name="Maintenance").first.click()
    page.get_by_role("link", name="Open for Review access").click()
    page.get_by_role("button", name=f"Submit {len(revoked) + 1}").click()
    page.get_by_role("button", name=f"Revoke {len(revoked)} and submit").click()

    expect(mine.get_by_role("note")).to_contain_text("last active administrator")
    expect(administrators).to_have_count(1)
    mine.get_by_role("button", name=re.compile("^Keep")).click()
    page.get_by_role("button", name="Submit 1").click()
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(mine).to_have_count(0)
    expect(page.get_by_text("decided: 2 kept")).to_contain_text(f"{len(revoked) - 1} revoked")
    exported = started.command("maintenance", "review", "export")
    assert re.search(rf'"{re.escape(email)}",.*"KEEP","writes well","KEPT"', exported)
    # The other tests need the original administrators.
    for one in revoked:
        started.command("users", "grant", one, "Administrator")
