"""The users page, as somebody at a browser finds it."""

import re

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import eventually

pytestmark = pytest.mark.browser

PLAIN = re.compile("Add Editor")


def row_of(page, text):
    return page.locator("tbody tr", has_text=text)


def plain_user(page):
    """The address of somebody without any role."""
    row = page.locator("tbody tr").filter(has=page.get_by_role("button", name=PLAIN)).nth(1)
    return row.locator(".email").inner_text()


def test_a_role_granted_in_one_window_shows_in_another(open_page):
    one, other = open_page("/engine/admin").page, open_page("/engine/admin").page
    expect(other.locator(".pill")).to_contain_text("Live")
    email = plain_user(one)
    expect(row_of(other, email)).to_be_visible()

    row_of(one, email).get_by_role("button", name=re.compile("Add Editor")).click()

    expect(
        row_of(one, email).get_by_role("button", name=re.compile("Remove Editor"))
    ).to_be_visible()
    expect(row_of(other, email).locator(".badge.editor")).to_be_visible()


def test_making_an_administrator_asks_first_and_escape_changes_nothing(open_page):
    page = open_page("/engine/admin").page
    email = plain_user(page)

    row_of(page, email).get_by_role("button", name=re.compile("Add Admin")).click()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row_of(page, email).locator(".badge.administrator")).to_have_count(0)

    row_of(page, email).get_by_role("button", name=re.compile("Add Admin")).click()
    page.get_by_label("Reason").fill("on call")
    page.get_by_role("button", name="Add administrator").click()

    expect(row_of(page, email).locator(".badge.administrator")).to_be_visible()
    page.goto(page.url.split("/engine")[0] + "/engine/admin/audit")
    expect(page.locator("tbody tr", has_text="on call").first).to_contain_text(email)


def test_searching_and_filtering_live_in_the_address(open_page, started):
    page = open_page("/engine/admin").page
    email = plain_user(page)

    page.keyboard.press("/")
    page.keyboard.type(email)

    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("q="))
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_placeholder("Search name or email").fill("nobody-is-called-so")
    expect(page.get_by_text("No users match")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_pages_go_forward_and_back(open_page):
    page = open_page("/engine/admin?size=25").page
    expect(page.locator("tbody tr")).to_have_count(25)
    first = page.locator(".email").first.inner_text()

    page.get_by_role("button", name="Next").click()
    expect(page.locator(".email").first).not_to_have_text(first)
    page.get_by_role("button", name="Previous").click()

    expect(page.locator(".email").first).to_have_text(first)


def hold_lists(page):
    """Hold the requests for the list of users; returns them."""
    held = []
    page.route(
        "**/graphql",
        lambda route: (
            held.append(route)
            if "query Users(" in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    return held


def test_next_waits_for_the_list_that_is_asked_for(open_page):
    page = open_page("/engine/admin?size=25").page
    expect(page.locator("tbody tr")).to_have_count(25)
    following = page.get_by_role("button", name="Next")
    expect(following).to_be_enabled()
    held = hold_lists(page)

    page.get_by_label("Rows").select_option("50")

    expect(following).to_be_disabled()
    eventually(page, lambda: len(held), 1)
    held[0].continue_()
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(following).to_be_enabled()


def test_next_leads_nowhere_when_the_list_that_is_asked_for_failed(open_page):
    page = open_page("/engine/admin?size=25").page
    expect(page.locator("tbody tr")).to_have_count(25)
    held = hold_lists(page)
    page.get_by_label("Rows").select_option("50")
    eventually(page, lambda: len(held), 1)

    held[0].fulfill(json={"errors": [{"message": "No.", "extensions": {"code": "LIMIT"}}]})

    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect(page.get_by_role("button", name="Next")).to_be_disabled()


def test_two_quick_clicks_on_previous_lead_one_page_back(open_page):
    page = open_page("/engine/admin?size=25").page
    firsts = []
    for _ in range(2):
        expect(page.locator("tbody tr")).to_have_count(25)
        firsts.append(page.locator(".email").first.inner_text())
        page.get_by_role("button", name="Next").click()
        expect(page.locator(".email").first).not_to_have_text(firsts[-1])
    third = page.url

    page.get_by_role("button", name="Previous").evaluate("it => [it.click(), it.click()]")

    expect(page.locator(".email").first).to_have_text(firsts[1])
    page.go_forward()
    expect(page).to_have_url(third)


def test_the_command_line_shows_on_the_open_page(open_page, started):
    page = open_page("/engine/admin").page
    expect(page.locator(".pill")).to_contain_text("Live")
    email = plain_user(page)

    started.command("users", "grant", email, "Editor")

    expect(row_of(page, email).locator(".badge.editor")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    ["/", "/auth/login", "/editor", "/engine/admin", "/engine/admin/audit", "/engine/admin/tokens"],
)
def test_pages_are_accessible(open_page, path, scheme):
    watched = open_page(path, color_scheme=scheme)
    expect(watched.page.get_by_role("heading", level=1)).to_be_visible()
    expect(watched.page.locator(".skeleton")).to_have_count(0)

    assert watched.violations() == []


def test_a_user_s_page_is_accessible_on_a_phone(open_page):
    watched = open_page("/engine/admin", viewport={"width": 360, "height": 740})
    # Herself: an address for a name, the longest of the buttons, a session.
    watched.page.locator("tr", has=watched.page.get_by_text("You", exact=True)).locator(
        ".who a"
    ).click()
    watched.page.get_by_role("heading", name="History").wait_for()

    width = watched.page.evaluate("document.documentElement.scrollWidth")

    assert width <= 360
    cards = watched.page.locator(".detail > .card").evaluate_all(
        """cards => cards.map(card =>
            [card.getBoundingClientRect().right, card.scrollWidth > card.clientWidth])"""
    )
    assert len(cards) >= 5
    assert all(right <= 360 - 12 and not is_cut for right, is_cut in cards)
    expect(watched.page.locator("main")).to_contain_text(re.compile(r"127\.0\.0\.1\s*Current"))
    assert watched.violations() == []


def test_the_playground_runs_a_query_offline(open_page):
    page = open_page("/graphql").page
    # Before its editor is there, the button does nothing.
    expect(page.locator(".graphiql-editor").first).to_contain_text("viewer")
    page.get_by_role("button", name=re.compile("Execute")).click()

    expect(page.locator(".result-window")).to_contain_text("ADMINISTRATOR")


def test_on_a_phone_the_menu_unfolds_and_folds_again(open_page):
    page = open_page("/engine/admin", viewport={"width": 360, "height": 720}).page
    menu = page.get_by_role("button", name="Menu")
    expect(page.get_by_role("link", name="Audit trail")).to_be_hidden()

    menu.click()
    expect(menu).to_have_attribute("aria-expanded", "true")
    page.get_by_role("link", name="Audit trail").click()

    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    expect(menu).to_have_attribute("aria-expanded", "false")


def test_the_names_of_the_three_numbers_fit_their_cards_at_320_px(open_page):
    page = open_page("/engine/admin").page
    page.set_viewport_size({"width": 320, "height": 800})
    expect(page.locator(".stat h2")).to_have_count(3)

    for name in page.locator(".stat h2").all():
        lines = name.evaluate(
            """(name) => {
                const text = document.createRange();
                text.selectNodeContents(name);
                const [inner, card] = [text, name.closest(".stat")].map((one) =>
                    one.getBoundingClientRect());
                return { isWithin: inner.right <= card.right - 4, height: inner.height };
            }"""
        )
        assert lines["isWithin"], name.inner_text()
        assert lines["height"] < 24, "one line"
