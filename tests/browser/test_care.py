"""The database page and the migrations page, as somebody at a browser finds them."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

DATABASE, MIGRATIONS = "/engine/admin/database", "/engine/admin/migrations"


def section(page, name):
    return page.get_by_role("region", name=name, exact=True)


def test_the_page_shows_the_state_of_the_database(open_page):
    page = open_page(DATABASE).page

    expect(section(page, "Summary")).to_contain_text(re.compile(r"\d MB"))
    rows = section(page, "Tables").locator("tbody tr", has_text=re.compile(r"^\s*user_roles"))
    expect(rows).to_be_visible()
    expect(section(page, "Indexes")).to_contain_text("users_pkey")
    expect(section(page, "Connections")).to_contain_text("aiwebengine")
    expect(section(page, "Locks")).to_contain_text("No session is waiting for a lock")
    expect(section(page, "Slow statements").locator(".notice")).to_contain_text(
        "pg_stat_statements"
    )


def test_tables_are_sorted_by_their_heads_and_the_address_keeps_it(open_page):
    page = open_page(DATABASE).page
    tables = section(page, "Tables")

    tables.get_by_role("button", name="Table", exact=True).click()
    expect(tables.locator("tbody tr").first).to_contain_text("yoyo_lock")
    tables.get_by_role("button", name="Table", exact=True).click()
    expect(tables.locator("tbody tr").first).to_contain_text("_yoyo_log")
    page.reload()

    expect(tables.locator("tbody tr").first).to_contain_text("_yoyo_log")
    expect(page).to_have_url(re.compile("tables=name"))


def test_a_vacuum_is_confirmed_started_and_reported_when_done(open_page, started):
    page = open_page(DATABASE).page
    page.get_by_role("button", name="Vacuum settings").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.get_by_role("button", name="Vacuum settings").click()
    page.get_by_role("dialog").get_by_role("button", name="Vacuum").click()

    expect(section(page, "Vacuum")).to_contain_text("1 of 1 table", timeout=30_000)
    page.get_by_role("button", name="Vacuum all tables").click()
    page.get_by_role("dialog").get_by_role("button", name="Vacuum").click()
    expect(section(page, "Vacuum")).to_contain_text(
        re.compile(r"Succeeded\s+(\d\d) of \1 tables"), timeout=60_000
    )
    page.goto(started.base + "/engine/admin/audit?action=VACUUM_RUN")
    expect(page.locator("tbody tr").first).to_contain_text("all tables")


def test_the_migrations_are_listed_newest_first_with_what_to_do(open_page):
    page = open_page(MIGRATIONS).page

    expect(page.get_by_role("status").filter(has_text="All migrations are applied")).to_be_visible()
    expect(page.locator("tbody tr").last).to_contain_text("0001.create-users")
    expect(page.locator("tbody tr").filter(has_text=re.compile(r"\bPending\b"))).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", [DATABASE, MIGRATIONS])
def test_the_pages_are_accessible_at_every_width(open_page, path, width, scheme):
    watched = open_page(path, color_scheme=scheme, viewport={"width": width, "height": 800})
    watched.page.locator("tbody tr b, tbody tr code").first.wait_for()

    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.violations() == []
