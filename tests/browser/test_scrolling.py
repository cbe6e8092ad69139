"""Where a page is scrolled to, and what stays in view while it scrolls."""

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import eventually

pytestmark = pytest.mark.browser

ADMIN = "/engine/admin"
WINDOW = {"width": 1280, "height": 700}
TOP_OF_LIST = (
    "document.querySelector('main .card .scroll').closest('.card').getBoundingClientRect().top"
)
# Where the first head of the table is, and whether it can be seen.
HEAD = """() => {
  const box = document.querySelector("thead th").getBoundingClientRect();
  const seen = document.elementFromPoint(box.left + 30, box.top + box.height / 2);
  return { top: box.top, isSeen: Boolean(seen?.closest("thead")) };
}"""


def scrolled(page):
    return page.evaluate("scrollY")


def wait_until(page, condition):
    """Playwright's own wait evaluates a text in the page, which the policy of the pages refuses."""
    page.evaluate(
        f"""() => new Promise((done, fail) => {{
              const end = performance.now() + 8000;
              const look = () => {{
                if ({condition}) done();
                else if (performance.now() > end) fail(new Error(`at ${{scrollY}}`));
                else setTimeout(look, 20);
              }};
              look();
            }})"""
    )


def scroll_to(page, y):
    wait_until(page, f"document.documentElement.scrollHeight > {y + WINDOW['height']}")
    page.mouse.move(700, 400)
    page.mouse.wheel(0, y)
    wait_until(page, at(y))


def at(y):
    return f"Math.abs(scrollY - {y}) < 2"


def test_a_new_page_begins_at_its_top_and_back_leads_to_where_one_was(open_page):
    page = open_page(ADMIN, viewport=WINDOW).page
    expect(page.locator("tbody .email")).to_have_count(50)
    scroll_to(page, 1_500)
    link = page.locator(".who a").nth(30)
    name = link.inner_text()
    link.scroll_into_view_if_needed()
    left = scrolled(page)
    assert left > 1_000

    link.click()
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    wait_until(page, at(0))

    page.go_back()
    expect(page.get_by_role("heading", name="Users", exact=True)).to_have_count(1)
    wait_until(page, at(left))
    expect(page.get_by_role("link", name=name, exact=True).first).to_be_visible()


def test_loading_a_page_again_keeps_where_it_was(open_page):
    page = open_page(ADMIN, viewport=WINDOW).page
    expect(page.locator("tbody .email")).to_have_count(50)
    scroll_to(page, 900)

    page.reload()

    wait_until(page, at(900))


def test_the_next_page_of_a_list_begins_at_the_list_s_top(open_page):
    page = open_page(ADMIN, viewport=WINDOW).page
    expect(page.locator("tbody .email")).to_have_count(50)
    first = page.locator(".email").first.inner_text()
    page.get_by_role("button", name="Next").scroll_into_view_if_needed()
    wait_until(page, f"{TOP_OF_LIST} < -1000")

    page.get_by_role("button", name="Next").click()
    expect(page.locator(".email").first).not_to_have_text(first)
    wait_until(page, f"{TOP_OF_LIST} >= -1 && {TOP_OF_LIST} < {WINDOW['height'] / 2}")

    page.get_by_role("button", name="Previous").scroll_into_view_if_needed()
    page.get_by_role("button", name="Previous").click()
    expect(page.locator(".email").first).to_have_text(first)
    wait_until(page, f"{TOP_OF_LIST} >= -1")


@pytest.mark.parametrize("width", [800, 1100, 1440])
@pytest.mark.parametrize("path", [ADMIN, f"{ADMIN}/audit", f"{ADMIN}/database"])
def test_the_head_of_a_list_stays_in_view(open_page, started, path, width):
    page = open_page(path, viewport={"width": width, "height": 700}).page
    expect(page.locator("main .skeleton")).to_have_count(0)
    box = page.locator("main .scroll").first
    # Into the middle of the table: the page's own scrolling, and that of the box where it has one.
    box.evaluate(
        """box => {
             const table = box.querySelector("table");
             scrollTo(0, scrollY + box.getBoundingClientRect().top);
             const left = table.getBoundingClientRect().height / 2;
             box.scrollTo(0, left);
             if (box.scrollTop === 0) scrollBy(0, Math.min(left, 200));
           }"""
    )

    def is_in_view():
        head = page.evaluate(HEAD)
        return head["isSeen"] and -1 <= head["top"] < 700

    eventually(page, is_in_view, True)


def test_where_a_table_scrolls_sideways_what_a_row_is_about_stays(open_page):
    page = open_page(f"{ADMIN}/database", viewport={"width": 800, "height": 700}).page
    expect(page.locator("main .skeleton")).to_have_count(0)
    box = page.get_by_role("group", name="Tables")
    name = box.locator("tbody td").first
    before = name.bounding_box()
    assert before

    box.evaluate("box => box.scrollTo({ left: 200 })")

    eventually(page, lambda: box.evaluate("box => box.scrollLeft") > 100, True)
    after = name.bounding_box()
    assert after
    assert abs(after["x"] - before["x"]) < 2


def test_on_a_phone_heads_that_sort_can_be_seen_and_nothing_hidden_takes_the_focus(open_page):
    page = open_page(f"{ADMIN}/database", viewport={"width": 375, "height": 800}).page
    expect(page.locator("main .skeleton")).to_have_count(0)

    hidden = page.evaluate(
        """() => [...document.querySelectorAll("main button, main a[href], main [tabindex='0']")]
             .filter((one) => one.checkVisibility())
             .filter((one) => {
               for (let at = one; at; at = at.parentElement) {
                 const box = at.getBoundingClientRect();
                 if (box.width <= 1 || box.height <= 1) return true;
               }
               return false;
             }).map((one) => one.outerHTML.slice(0, 200))"""
    )
    assert hidden == []

    heads = page.locator("thead").first
    heads.get_by_role("button", name="Table").click()
    first = page.locator("tbody tr b").first
    names = page.locator("tbody").first.locator("tr b")
    expect(heads.locator("th[aria-sort=descending]")).to_have_count(1)
    eventually(page, lambda: is_descending(names.all_inner_texts()), True)
    expect(first).to_be_in_viewport()


def is_descending(names):
    return names == sorted(names, reverse=True)
