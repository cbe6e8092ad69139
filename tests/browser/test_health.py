"""The health page, as somebody at a browser finds it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PATH = "/engine/admin/health"


def check(page, name):
    return page.locator(f"[data-check='{name}']")


def test_every_check_says_how_it_is_and_since_when(open_page):
    page = open_page(PATH).page

    expect(check(page, "database")).to_contain_text("OK")
    expect(check(page, "database")).to_contain_text("Answers in")
    # Whether there is one depends on whether the pages of backups were tried before.
    expect(check(page, "backup")).to_contain_text(
        re.compile("There is no backup|The newest backup is from")
    )
    expect(check(page, "migrations").locator("time")).to_be_visible()


def test_what_fails_comes_first_with_what_to_do_and_goes_by_itself(open_page, started):
    backups = Path(started.environment["APP_REPOSITORY__DATA_DIR"]).parent / "backups"
    backups.mkdir(exist_ok=True)
    page = open_page(PATH).page
    expect(check(page, "writable.backups")).to_contain_text("OK")

    aside = backups.rename(backups.with_name("aside"))
    backups.write_text("a file where a directory should be")
    try:
        expect(check(page, "writable.backups")).to_contain_text("Failing", timeout=15_000)
        expect(page.locator("[data-check]").first).to_contain_text("Backup directory")
        expect(check(page, "writable.backups")).to_contain_text("Backups can't be created")
    finally:
        backups.unlink()
        aside.rename(backups)

    expect(check(page, "writable.backups")).to_contain_text("OK", timeout=15_000)


def test_a_test_without_a_channel_says_what_to_set(open_page):
    page = open_page(PATH).page

    page.get_by_role("button", name="Send test alert").click()

    expect(page.get_by_text("set alerts.webhook_url")).to_be_visible()


def test_an_administrator_who_was_added_is_listed(open_page):
    page = open_page(PATH).page

    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.locator("table")).to_contain_text(
        re.compile("was made an administrator by"), timeout=15_000
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1_280])
def test_the_page_is_accessible_and_fits(open_page, scheme, width):
    watched = open_page(PATH, color_scheme=scheme, viewport={"width": width, "height": 900})
    expect(check(watched.page, "database")).to_be_visible()

    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.violations() == []
