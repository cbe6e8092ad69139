"""A page that the browser has translated still shows later updates."""

import re

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import eventually

pytestmark = pytest.mark.browser

ADMIN = "/engine/admin"
# As browsers do it: an element of their own in the place of each text node, the translation within.
TRANSLATE = """(root) => {
  const walker = document.createTreeWalker(root ?? document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  for (let node; (node = walker.nextNode()); )
    if (!node.parentElement.closest("script, style, [translate=no]")) texts.push(node);
  for (const node of texts) {
    const [outer, inner] = [document.createElement("font"), document.createElement("font")];
    inner.append(node.data.trim() ? `«${node.data}»` : node.data);
    outer.append(inner);
    node.replaceWith(outer);
  }
  return texts.length;
}"""
# What a page holds of a translation that is not on it any more.
LEFT = """() => [...document.querySelectorAll("main font")].filter((one) => !one.closest("own-text")
  && one.parentElement.tagName !== "FONT" && one.parentElement.childNodes.length > 1)
  .map((one) => one.parentElement.outerHTML.slice(0, 200))"""


def translated(watched):
    """The page once its data are there and all of it is translated."""
    page = watched.page
    page.locator("main h1").wait_for()
    expect(page.locator("main .skeleton")).to_have_count(0)
    assert page.evaluate(TRANSLATE) > 10
    return page


def is_titled_as_headed(page):
    return page.locator("main h1").inner_text().strip() == page.title().split(" · ")[0]


def menu(page):
    """The address of every page in the menu, so that a new one is tried as well."""
    links = page.locator(f'#menu a[href^="{ADMIN}/"]')
    return links.evaluate_all("links => links.map(link => new URL(link.href).pathname)")


def test_a_button_says_what_it_does_after_a_change_on_a_translated_page(open_page, started):
    watched = open_page(f"{ADMIN}?role=EDITOR")
    page = watched.page
    email = page.locator("tbody .email").first.inner_text()
    page.goto(f"{started.base}{ADMIN}?q={email}")
    expect(page.locator("tbody tr")).to_have_count(1)
    count = page.locator(".stat.editors .value")
    expect(count).to_have_text(re.compile(r"^\d"))
    before = int(count.inner_text())
    translated(watched)
    row = page.locator("tbody tr")

    row.get_by_role("button", name=re.compile("Remove Editor")).click()
    page.get_by_role("dialog").get_by_role("button", name="Remove editor").click()

    expect(row.get_by_role("button", name=re.compile("^Add Editor"))).to_be_visible()
    expect(row.locator(".badge.editor")).to_have_count(0)
    expect(count).to_have_text(str(before - 1))

    page.evaluate(TRANSLATE)
    started.command("users", "grant", email, "Editor")

    expect(row.get_by_role("button", name=re.compile("^Remove Editor"))).to_be_visible()
    expect(row.locator(".badge.editor")).to_have_count(1)
    expect(count).to_have_text(str(before))
    eventually(page, lambda: page.evaluate(LEFT), [])


def test_an_empty_list_and_a_search_show_on_a_translated_page(open_page):
    watched = open_page(ADMIN)
    page = translated(watched)
    search = page.get_by_placeholder("Search name or email")

    search.fill("nobody-is-called-so")
    expect(page.locator(".empty")).to_contain_text("No users match")
    expect(page.locator(".pager span").first).to_have_text("0 users")
    page.evaluate(TRANSLATE)
    page.locator(".empty button").click()

    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.locator(".empty")).to_have_count(0)


def test_every_page_can_be_left_and_entered_while_it_is_translated(open_page):
    watched = open_page(ADMIN)
    page = translated(watched)
    addresses = menu(page)
    assert len(addresses) >= 10

    for address in [*addresses[1:], addresses[0]]:
        page.locator(f'#menu a[href="{address}"]').click()
        # Anything left of the previous page would be in this heading or next to it.
        expect(page.locator("main h1")).to_have_count(1)
        expect(page.locator("main .skeleton")).to_have_count(0)
        expect(page.locator("main h1")).not_to_contain_text("«")
        eventually(page, lambda: is_titled_as_headed(page), True)
        eventually(page, lambda: page.evaluate(LEFT), [])
        page.evaluate(TRANSLATE)

    assert watched.problems == []


def test_numbers_that_come_by_themselves_show_on_a_translated_page(open_page):
    watched = open_page(f"{ADMIN}/system")
    requests = watched.page.locator(".figure", has_text="Requests").locator("small")
    # The first numbers come by a subscription, after the page itself.
    expect(requests).to_contain_text("since start", timeout=20_000)
    page = watched.page
    expect(page.locator("main .skeleton")).to_have_count(0)

    # Read in the same step: a number may come right after the translation.
    before = requests.evaluate(f"(one) => {{ ({TRANSLATE})(); return one.innerText; }}")
    assert "«" in before

    page.evaluate("() => fetch('/graphql?query={viewer{id}}')")

    expect(requests).not_to_contain_text("«", timeout=20_000)
    expect(requests).to_contain_text(re.compile(r"^[0-9,]+ since start$"))


def test_names_and_codes_are_not_translated(open_page):
    page = open_page(f"{ADMIN}/users").page
    page.locator("tbody bdi").first.wait_for()

    words = page.evaluate(
        """() => [...document.querySelectorAll("bdi, code, time, pre")].filter(
             (one) => !one.closest("[translate=no]")).map((one) => one.outerHTML)"""
    )

    assert words == []


# What follows "Version 1 is live" comes later, as the answer of another query does.
COMES_LATER = """async () => {
  const { render } = await import("preact");
  const { html } = await import("htm/preact");
  const line = document.createElement("p");
  document.querySelector("main").append(line);
  const show = (by) => {
    const rest = by && html`; <bdi>${by}</bdi>${" "}${html`<b>deployed it</b>`}${" "}<i>today</i>`;
    render(html`Version 1 is live${rest}.`, line);
    return line.innerText;
  };
  return [show(""), show("Ada")];
}"""


def test_spaces_between_what_comes_later_are_drawn(open_page):
    page = open_page(ADMIN).page
    page.locator("main h1").wait_for()

    before, after = page.evaluate(COMES_LATER)

    assert before == "Version 1 is live."
    assert after == "Version 1 is live; Ada deployed it today."
