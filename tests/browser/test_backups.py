"""The backups page, as somebody at a browser finds it."""

import json
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

# A backup of the tests' database takes a second or two; the machine may be busy.
LONG_MS = 60_000
PATH = "/engine/admin/backups"


@pytest.fixture
def made(started):
    """The name of a new backup."""
    return json.loads(started.command("backup", "create", "--json"))["name"]


def row_of(page, name):
    return page.locator("tbody tr", has_text=name)


def test_a_backup_is_made_with_progress_and_can_be_verified(open_page):
    page = open_page(PATH).page

    page.get_by_role("button", name="New backup").click()
    page.get_by_label("Note").fill("from the browser")
    page.get_by_role("dialog").get_by_role("button", name="Create backup").click()

    first = page.locator("tbody tr").first
    expect(first.get_by_text("Complete")).to_be_visible(timeout=LONG_MS)
    expect(first.get_by_text("not verified yet")).to_be_visible()
    expect(first.get_by_text("from the browser")).to_be_visible()
    verify = first.get_by_role("button", name=re.compile("Verify"))
    expect(verify).to_be_enabled(timeout=LONG_MS)
    verify.click()
    expect(first.get_by_text("verified just now")).to_be_visible(timeout=LONG_MS)


def test_a_drill_shows_what_it_found(open_page, made):
    page = open_page(PATH).page

    page.get_by_role("button", name="Run drill").click()

    drill = page.get_by_role("region", name="Drill", exact=True)
    expect(drill.get_by_text("Last drill succeeded")).to_be_visible(timeout=LONG_MS)
    expect(drill.get_by_text("rows in")).to_be_visible()
    expect(row_of(page, made).get_by_text("drill passed just now")).to_be_visible(timeout=LONG_MS)


def test_restoring_asks_for_a_word_and_escape_changes_nothing(open_page, made):
    page = open_page(PATH).page

    row_of(page, made).get_by_role("button", name=re.compile("Restore")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile("Taken .*, 20.* UTC, by aiwebengine"))).to_be_visible()
    dialog.get_by_role("button", name="Restore").click()

    expect(dialog.get_by_role("alert")).to_contain_text("Type restore")
    expect(page).to_have_url(re.compile(f"restore={made}"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).not_to_have_url(re.compile(made))


def test_a_backup_is_downloaded_and_deleted(open_page, made):
    page = open_page(PATH).page

    with page.expect_download() as download:
        row_of(page, made).get_by_role("button", name=re.compile("Download")).click()
    row_of(page, made).get_by_role("button", name=re.compile("Delete")).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    assert download.value.suggested_filename == made
    expect(row_of(page, made)).to_have_count(0)
    page.goto(page.url.split("/engine")[0] + "/engine/admin/audit")
    expect(page.locator("tbody tr", has_text=made).first).to_contain_text("deleted the backup")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_fits_a_phone(open_page, made, scheme):
    watched = open_page(PATH, color_scheme=scheme, viewport={"width": 360, "height": 800})
    page = watched.page
    expect(row_of(page, made)).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert watched.violations() == []
    row_of(page, made).get_by_role("button", name=re.compile("Restore")).click()
    expect(page.get_by_role("dialog").get_by_label("Type restore")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert watched.violations() == []


def test_the_table_fits_at_1024_with_room_for_its_buttons(open_page, made):
    page = open_page(PATH, viewport={"width": 1024, "height": 800}).page
    row = row_of(page, made)
    expect(row).to_be_visible()

    table = page.locator("table.backups")
    assert table.evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1024


def test_the_page_says_when_the_next_backup_is_and_how_long_all_are_kept(open_page, made):
    page = open_page(PATH).page

    plan = page.get_by_label("Schedule")
    expect(plan.get_by_text(re.compile("^in .*, .*20[0-9][0-9]"))).to_be_visible()
    expect(plan.get_by_text("all for 30 days")).to_be_visible()
    expect(plan.get_by_text(re.compile("^[0-9.]+ [kKM]B$"))).to_be_visible()
