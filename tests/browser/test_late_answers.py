"""Pages of the manager whose answers come late, or in another order."""

import re
import secrets

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import SOON, answered, eventually, hold

pytestmark = pytest.mark.browser


def invite(page, email):
    """Fill the dialog and send it; the answer is still to come."""
    page.get_by_role("button", name="Invite").click()
    page.get_by_label("Email").fill(email)
    page.get_by_role("dialog").get_by_role("button", name="Invite").click()


def test_a_change_that_is_done_late_leaves_the_filter_that_was_chosen_meanwhile(open_page):
    page = open_page("/engine/admin").page
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    held = hold(page, "mutation InviteUser")
    email = f"late-{secrets.token_hex(4)}@example.com"
    invite(page, email)
    done = answered(page, held)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Admins")).click()
    others = rows.filter(has_not=page.locator(".badge.administrator"))
    expect(others).to_have_count(0)

    with page.expect_response(
        lambda response: "query Users(" in (response.request.post_data or "")
    ):
        held[0].fulfill(response=done)

    expect(page.get_by_text(f"{email} was invited.")).to_be_visible()
    expect(page.locator("table")).to_have_attribute("aria-busy", "false")
    expect(others).to_have_count(0)


def test_answers_that_are_slower_than_the_reloads_are_shown(open_page):
    page = open_page("/engine/admin/system").page
    held = hold(page, "query HealthChecks")
    page.get_by_role("link", name="Health").click()
    eventually(page, lambda: len(held) > 0, True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    eventually(page, lambda: len(held) > 1, True)

    held[0].continue_()

    expect(page.locator(".checks li[data-check]").first).to_be_visible()


@pytest.mark.parametrize("ends", ["done", "refused"])
def test_a_dialog_is_not_closed_by_the_end_of_what_another_one_began(open_page, ends):
    page = open_page("/engine/admin").page
    held = hold(page, "mutation InviteUser")
    email = f"first-{secrets.token_hex(4)}@example.com"
    invite(page, email)
    done = answered(page, held)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Invite").click()
    page.get_by_label("Email").fill("second@example.com")

    if ends == "done":
        held[0].fulfill(response=done)
        expect(page.get_by_text(f"{email} was invited.")).to_be_visible()
    else:
        refusal = {"message": "Not today.", "extensions": {"code": "LIMIT"}}
        held[0].fulfill(json={"errors": [refusal]})
        expect(page.locator(".toast")).to_contain_text("Not today.")

    expect(page.get_by_label("Email")).to_have_value("second@example.com")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_count(0)


def test_filters_that_are_cleared_stay_cleared_while_somebody_types(open_page):
    page = open_page("/engine/admin?q=nobody-is-called-so").page
    expect(page.get_by_text("No users match")).to_be_visible()

    page.evaluate(
        """async () => {
            const field = document.querySelector("input[type=search]");
            field.value += "-x";
            field.dispatchEvent(new Event("input", { bubbles: true }));
            [...document.querySelectorAll("button")]
                .find((one) => one.textContent === "Clear filters").click();
            await """
        + SOON
        + "}"
    )

    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page).not_to_have_url(re.compile("q="))
    expect(page.get_by_placeholder("Search name or email")).to_have_value("")


def test_a_pause_after_a_space_does_not_take_the_space_away(open_page):
    page = open_page("/engine/admin/logs").page
    field = page.get_by_placeholder("Search text")
    field.fill("two ")
    expect(page).to_have_url(re.compile("q=two"))

    field.press("End")
    page.keyboard.type("words")

    expect(field).to_have_value("two words")


def test_a_field_of_a_filter_stays_while_it_is_emptied(open_page):
    page = open_page("/engine/admin/logs?request=abc").page
    field = page.get_by_placeholder("Request ID")
    expect(field).to_have_value("abc")

    field.fill("")

    expect(page).not_to_have_url(re.compile("request="))
    expect(field).to_be_visible()
    expect(field).to_be_focused()


def test_the_focus_of_a_new_page_does_not_leave_the_field_that_was_chosen_at_once(open_page):
    page = open_page("/engine/admin/tokens").page
    page.get_by_role("heading", name="API tokens", level=1).wait_for()

    page.evaluate(
        """async () => {
            document.querySelector("a[href$='/admin/audit']").click();
            while (!document.querySelector("input[type=search]")) await null;
            document.querySelector("input[type=search]").focus();
            await """
        + SOON
        + "}"
    )

    expect(page.get_by_placeholder("Email, reason or request ID")).to_be_focused()
