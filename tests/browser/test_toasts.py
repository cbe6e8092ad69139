"""Short messages in the corner."""

import pytest

pytestmark = pytest.mark.browser

SAY = """async (texts) => {
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const { say } = await import(loaded.find((name) => name.endsWith("/lib/parts.js")));
  texts.forEach(say);
}"""


def test_the_buttons_of_messages_are_below_each_other(open_page):
    page = open_page("/engine/admin").page
    page.locator("main h1").wait_for()

    page.evaluate(SAY, ["Saved.", "Version 12 of the newsletter is deployed."])

    buttons = page.locator(".toast button")
    buttons.nth(1).wait_for()
    ends = buttons.evaluate_all("all => all.map((one) => one.getBoundingClientRect().right)")
    assert len(ends) == 2
    assert abs(ends[0] - ends[1]) < 1
