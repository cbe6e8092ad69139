"""What the pages of users say about their state and about ends, as a reader finds it."""

import datetime
import re
import secrets

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ADMIN = "/engine/admin"
DATE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d$")
# In the zone and in UTC, and how far it is.
ON_HOVER = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\+5:30 \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\), in \d+ \w+"
)
ZONE = "Asia/Kolkata"


def invited(started, name):
    """The address of a user who was just invited."""
    email = f"{name}-{secrets.token_hex(4)}@state.example"
    started.command("users", "invite", email)
    return email


def row_of(page, email):
    return page.locator("tbody tr", has_text=email)


def page_of(page, email):
    row_of(page, email).locator(".who a").click()
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    return page


@pytest.fixture
def suspended(started):
    """The address of a suspended user."""
    email = invited(started, "gone")
    started.command("users", "suspend", email, "--reason", "left the company")
    yield email
    started.command("users", "reinstate", email)


def test_a_suspended_user_s_account_says_why_since_when_and_by_whom(open_page, suspended):
    page = page_of(open_page(f"{ADMIN}?q={suspended}", timezone_id=ZONE).page, suspended)

    status = page.locator(".detail dl dd").first

    expect(status.locator(".badge")).to_have_text("Suspended")
    expect(status).to_contain_text("left the company")
    expect(status).to_contain_text(" by ")
    since = status.locator("time")
    expect(since).to_have_text(DATE)
    expect(since).to_have_attribute("title", re.compile(r"UTC\+5:30 \(.* UTC\)$"))


def test_invited_and_suspended_users_do_not_look_the_same(open_page, started, suspended):
    other = invited(started, "awaited")
    page = open_page(f"{ADMIN}?q=state.example").page
    colour = "one => getComputedStyle(one).backgroundColor"

    badges = [row_of(page, one).locator(".name .badge") for one in (suspended, other)]

    expect(badges[0]).to_have_text("Suspended")
    expect(badges[1]).to_have_text("Invited")
    assert badges[0].evaluate(colour) != badges[1].evaluate(colour)


@pytest.mark.parametrize("role", ["Admin", "Editor"])
def test_granting_a_role_to_a_suspended_user_says_that_they_cannot_use_it(
    open_page, suspended, role
):
    page = open_page(f"{ADMIN}?q={suspended}").page

    row_of(page, suspended).get_by_role("button", name=re.compile(f"Add {role}")).click()

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("note").first).to_contain_text("suspended")
    dialog.get_by_role("button", name="Cancel").click()
    expect(row_of(page, suspended).locator(f".badge.{role.lower()}")).to_have_count(0)


def test_an_end_in_the_past_is_refused_in_the_reader_s_time_zone(open_page, started):
    email = invited(started, "early")
    page = open_page(f"{ADMIN}?q={email}", timezone_id=ZONE).page
    row_of(page, email).get_by_role("button", name=re.compile("Add Admin")).click()
    dialog = page.get_by_role("dialog")

    dialog.get_by_label("Expires").fill("2020-02-03T04:05")
    dialog.get_by_role("button", name="Add administrator").click()

    expect(dialog.get_by_role("alert")).to_have_text(
        "2020-02-03 04:05 UTC+5:30 is in the past. Choose a later time, or leave the field empty."
    )
    expect(row_of(page, email).locator(".badge.administrator")).to_have_count(0)


def test_an_end_is_a_date_with_its_zone_on_hover(open_page, started):
    email = invited(started, "limited")
    page = open_page(f"{ADMIN}?q={email}", timezone_id=ZONE).page
    page_of(page, email)
    # Five weeks, which as a distance would be "next month".
    end = datetime.datetime.now() + datetime.timedelta(days=35)
    page.get_by_role("button", name="Add Editor", exact=True).click()
    page.get_by_label("Expires").fill(end.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("dialog").get_by_role("button", name="Add editor").click()

    grant = page.locator(".lines li", has_text="expires").first

    ends = grant.locator("time").last
    expect(ends).to_have_text(end.strftime("%Y-%m-%d %H:%M"))
    expect(ends).to_have_attribute("title", ON_HOVER)


def test_a_token_s_end_is_a_date_with_its_zone_on_hover(open_page):
    page = open_page(f"{ADMIN}/tokens", timezone_id=ZONE).page
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name").fill("ends on a date")
    page.get_by_role("button", name="Create token").click()

    ends = page.locator("tbody tr", has_text="ends on a date").locator("td").nth(3).locator("time")

    expect(ends).to_have_text(DATE)
    expect(ends).to_have_attribute("title", ON_HOVER)
