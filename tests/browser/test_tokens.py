"""API tokens and what needs a recent sign-in, as somebody at a browser finds them."""

import datetime
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_dialog_says_at_once_that_the_sign_in_is_too_old(open_page):
    page = open_page("/engine/admin/tokens").page
    expect(page.get_by_role("heading", name="API tokens")).to_be_visible()
    page.clock.set_fixed_time(datetime.datetime.now() + datetime.timedelta(hours=11))

    page.get_by_role("button", name="New token").click()

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("recent sign-in")
    link = dialog.get_by_role("link", name="Sign in again")
    expect(link).to_have_attribute(
        "href", "/auth/login?redirect=%2Fengine%2Fadmin%2Ftokens&again=1"
    )


def test_a_recent_sign_in_makes_a_token_that_expires_and_names_its_maker(open_page, started):
    page = open_page("/engine/admin/tokens").page

    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name").fill("from the page")
    page.get_by_role("button", name="Create token").click()

    row = page.locator("tbody tr", has_text="from the page")
    expect(row).to_contain_text("by admin@localhost")
    # Not "in 3 months": a right needs a date.
    expect(row).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"))
    page.goto(f"{started.base}/")
    expect(page.get_by_role("heading", name="Your API tokens")).to_be_visible()
    page.get_by_role("button", name="Revoke from the page").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("button", name="Revoke from the page")).to_have_count(0)
