"""A session or role that ends while a page is open: said once, nothing left to read, a way back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.test_state import (
    ADMIN,
    SHOWS_WITHIN_MS,
    Instance,
    addresses,
    browser,
    go,
    instance,
    open_page,
)

__all__ = ["browser", "instance"]

pytestmark = pytest.mark.browser

STARTS = [f"{ADMIN}/users", f"{ADMIN}/tokens", f"{ADMIN}/logs", f"{ADMIN}/system"]


@pytest.fixture
def email(instance: Instance) -> str:
    """The address of a second administrator, another one for each test."""
    email = f"ada-{uuid4().hex[:8]}@example.com"
    instance.command("users", "invite", email, "--role", "administrator")
    return email


@pytest.fixture
def ada(instance: Instance, chromium: Browser, email: str) -> Iterator[BrowserContext]:
    """The browser of the second administrator."""
    context = chromium.new_context()
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(instance.link(email))
    page.close()
    yield context
    context.close()


def expect_signed_out(page: Page, heading: str = "You have been signed out") -> None:
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text(heading, timeout=SHOWS_WITHIN_MS)
    expect(dialog).to_have_count(1)
    expect(page).to_have_title("Signed out · aiwebengine")
    # Neither other people's data nor one's own address, and no second notice.
    expect(page.locator("main")).to_have_text("")
    expect(page.locator("body")).not_to_contain_text("@")
    expect(page.get_by_role("alert")).to_have_count(0)


def expect_no_retries(page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("websocket", lambda socket: requests.append(socket.url))
    # Longer than any pause between two tries.
    page.wait_for_timeout(7_500)
    assert requests == []


@pytest.mark.parametrize("start", STARTS)
def test_signing_out_in_another_tab_empties_this_one(instance, browser, start):
    page = open_page(browser, instance, start)
    other = open_page(browser, instance, f"{ADMIN}/users")

    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url(f"{instance.base}/")

    expect_signed_out(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect_signed_out(page)


def test_the_way_back_leads_to_the_same_page_in_every_tab(instance, browser):
    page = open_page(browser, instance, f"{ADMIN}/audit?q=admin")
    other = open_page(browser, instance, f"{ADMIN}/users")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url(f"{instance.base}/")
    expect_signed_out(page)

    link = page.get_by_role("link", name="Sign in again")
    here = quote(f"{ADMIN}/audit?q=admin", safe="")
    expect(link).to_have_attribute("href", f"/auth/login?redirect={here}")
    expect(link).to_be_focused()
    again = browser.new_page()
    again.goto(instance.link())
    expect(again.get_by_role("heading", name="Users", exact=True)).to_be_visible()

    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    expect(page.locator(".pill")).to_have_text("Live")
    expect(page).to_have_url(re.compile(r"/audit\?q=admin$"))


@pytest.mark.parametrize("start", STARTS)
def test_a_suspended_administrator_reads_nothing_more(instance, ada, email, start):
    page = open_page(ada, instance, start)

    instance.command("users", "suspend", email)

    expect_signed_out(page)
    expect_no_retries(page)


@pytest.mark.parametrize("start", STARTS)
def test_a_role_that_was_taken_is_said_and_can_be_tried_again(instance, ada, email, start):
    page = open_page(ada, instance, start)

    instance.command("users", "revoke", email, "administrator")
    try:
        expect_signed_out(page, "You don't have access to this page")
        expect(page.get_by_role("link", name=re.compile("[Ss]ign in"))).to_have_count(0)
    finally:
        instance.command("users", "grant", email, "administrator", "--confirm-unverified")
    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".pill")).to_have_text(re.compile("Live|As of"))
    for path in addresses(page)[:3]:
        go(page, path)
        expect(page.locator(".pill")).to_have_text(re.compile("Live|As of"))


def test_a_session_that_an_administrator_ends_is_over_at_once(instance, browser, ada, email):
    page = open_page(ada, instance, f"{ADMIN}/migrations")
    mine = open_page(browser, instance, f"{ADMIN}/users")
    mine.get_by_role("link", name=email).first.click()

    sessions = mine.locator("section", has=mine.get_by_role("heading", name="Sessions"))
    sessions.get_by_role("button", name="Sign out").click()

    expect_signed_out(page)


def test_home_is_empty_as_well(instance, browser):
    page = browser.new_page()
    page.goto(instance.base)
    expect(page.get_by_text("Current")).to_be_visible()
    other = open_page(browser, instance, f"{ADMIN}/users")

    other.get_by_role("button", name="Sign out").click()
    # A browser that is closed on the way there may hang.
    other.wait_for_url(f"{instance.base}/")

    expect(page.get_by_role("dialog")).to_contain_text("You have been signed out")
    expect(page.get_by_text("Current")).to_have_count(0)
