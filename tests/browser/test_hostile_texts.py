"""The pages hold whatever people put in, at every width."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import expect
from tests.browser.conftest import addresses, eventually
from tests.browser.hostile import TEXTS, fill, fill_own

pytestmark = pytest.mark.browser

ADMIN = "/engine/admin"
WIDTHS = [320, 375, 768, 1024, 1280, 1440]
# 1280 pixels at 200 % zoom are 640 for the page (WCAG 1.4.4).
ZOOMED = 640
LOOK = """() => {
  const root = document.documentElement;
  const found = { wide: [], cut: [], narrow: [], markup: [] };
  if (root.scrollWidth > innerWidth) {
    const right = (one) => one.getBoundingClientRect().right;
    for (const one of document.body.querySelectorAll("*"))
      if (!one.closest(".scroll, pre, .loglist") && right(one) > innerWidth + 1)
        found.wide.push(one.outerHTML.slice(0, 160));
    found.wide.push(`${root.scrollWidth} of ${innerWidth}`);
  }
  for (const one of document.querySelectorAll("button, a[href], input, select, summary")) {
    if (!one.checkVisibility() || one.closest(".visually-hidden, .skip, pre")) continue;
    const box = one.getBoundingClientRect();
    // In a box that scrolls a control is reached by scrolling it.
    const scroller = one.closest(".scroll, .loglist");
    const scrolls = scroller && getComputedStyle(scroller).overflowX !== "visible";
    const right = scrolls
      ? scroller.getBoundingClientRect().left + scroller.scrollWidth
      : innerWidth;
    if (box.width && (box.left < -1 || box.right > right + 1))
      found.cut.push(`${box.left} to ${box.right}: ${one.outerHTML.slice(0, 160)}`);
  }
  for (const one of document.querySelectorAll("tbody td"))
    if (one.checkVisibility() && one.innerText.trim() && one.clientWidth < 40)
      found.narrow.push(`${one.clientWidth}: ${one.outerHTML.slice(0, 160)}`);
  for (const one of document.querySelectorAll("[src=x], main script"))
    found.markup.push(one.outerHTML.slice(0, 160));
  if ("pwned" in window) found.markup.push("a text was run");
  return found;
}"""
NOTHING = {"wide": [], "cut": [], "narrow": [], "markup": []}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """An engine of its own: its database holds such texts wherever others can write."""
    folder = tmp_path_factory.mktemp("hostile")
    environment = {
        **os.environ,
        "APP_REPOSITORY__DATA_DIR": str(folder / "data"),
        "APP_SERVER__PORT": "0",
        "APP_BACKUP__DIRECTORY": str(folder / "backups"),
    }
    run = [sys.executable, "-m", "aiwebengine"]
    # The second backup has a note; its run and its row are there as well.
    for command in (["demo", "--users", "5"], ["backup", "create", "--note", TEXTS["words"]]):
        subprocess.run(
            [*run, *command], env=environment, check=True, capture_output=True, timeout=120
        )
    users = fill(Path(environment["APP_REPOSITORY__DATA_DIR"]))
    output = folder / "output"
    with output.open("w") as log:
        process = subprocess.Popen(
            [*run, "serve"], env=environment, stdout=log, stderr=log, cwd=folder
        )
    try:
        base, link = addresses(output, process)
        for text in TEXTS.values():
            httpx2.get(
                f"{base}/nothing",
                params={"q": text},
                headers={"User-Agent": ascii(text)},
                timeout=10,
            )
        yield base, link, users, Path(environment["APP_REPOSITORY__DATA_DIR"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert "Traceback" not in output.read_text()


@pytest.fixture(scope="module")
def administrator(hostile, chromium, tmp_path_factory):
    state = tmp_path_factory.mktemp("state") / "cookies.json"
    context = chromium.new_context()
    page = context.new_page()
    page.goto(hostile[1])
    page.get_by_role("heading", name="Users", exact=True).wait_for()
    context.storage_state(path=state)
    links = page.locator(f'#menu a[href^="{ADMIN}/"]')
    menu = links.evaluate_all("links => links.map(link => new URL(link.href).pathname)")
    context.close()
    # Nobody has this address before the first sign-in.
    fill_own(hostile[3], "admin@localhost")
    return str(state), menu


@pytest.fixture
def window(hostile, chromium, administrator):
    """Opens pages of the hostile engine, and notes what they complain of."""
    context = chromium.new_context(storage_state=administrator[0])
    context.set_default_timeout(15_000)
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda one: problems.append(one.text) if one.type == "error" else None)
    yield page
    context.close()
    # The browser reports the missing address as an error.
    assert [one for one in problems if "404" not in one and "403" not in one] == []


def settled(page):
    """Once everything that will come is there, and each part that can be opened is open."""
    page.get_by_role("heading").first.wait_for()
    expect(page.locator("main .skeleton")).to_have_count(0, timeout=20_000)
    page.evaluate("document.querySelectorAll('details').forEach(one => (one.open = true))")


def look(page, where):
    found = page.evaluate(LOOK)
    assert found == NOTHING, where


@pytest.mark.parametrize("width", [*WIDTHS, ZOOMED])
def test_no_text_makes_a_page_wider_than_its_window(hostile, administrator, window, width):
    base, _, users, _ = hostile
    window.set_viewport_size({"width": width, "height": 800})
    paths = [
        *administrator[1],
        *[f"{ADMIN}/users/{user}" for user in users],
        f"{ADMIN}/maintenance/review",
        f"{ADMIN}?search={TEXTS['unbroken']}",
        f"{ADMIN}/{TEXTS['unbroken']}",
        "/",
        "/editor",
        "/auth/login",
        f"/nothing/{TEXTS['unbroken']}",
    ]
    assert len(administrator[1]) >= 10

    found = {}
    for path in paths:
        window.goto(base + path)
        settled(window)
        found[path[:60]] = window.evaluate(LOOK)

    assert {path: one for path, one in found.items() if one != NOTHING} == {}


@pytest.mark.parametrize("width", [320, 1280])
def test_no_text_breaks_a_question_or_a_message(hostile, window, width):
    base, _, users, _ = hostile
    window.set_viewport_size({"width": width, "height": 800})
    for user in users:
        window.goto(f"{base}{ADMIN}/users/{user}")
        settled(window)
        for name in ("Remove Editor", "Add Administrator", "Delete"):
            window.get_by_role("button", name=name, exact=True).click()
            dialog = window.get_by_role("dialog")
            dialog.wait_for()
            look(window, f"{name} of {user} at {width}")
            box = dialog.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            dialog.get_by_role("button", name="Cancel").click()
            expect(dialog).to_have_count(0)
        window.get_by_role("button", name="Remove Editor", exact=True).click()
        window.get_by_role("dialog").get_by_role("button", name="Remove editor").click()
        expect(window.locator(".toast").last).to_contain_text("no longer Editor")
        look(window, f"the message about {user} at {width}")
        window.get_by_role("button", name="Add Editor", exact=True).click()
        form = window.get_by_role("dialog")
        expect(form.get_by_role("button", name="Add editor")).to_be_visible()
        for box in form.get_by_role("checkbox").all():
            box.check()
        form.get_by_role("button", name="Add editor").click()
        expect(form).to_have_count(0)


def test_every_button_of_the_list_is_beside_its_name(hostile, window):
    window.set_viewport_size({"width": 1280, "height": 800})
    window.goto(f"{hostile[0]}{ADMIN}")
    settled(window)
    rows = window.locator("tbody tr")
    expect(rows.first).to_be_visible()

    edges = rows.evaluate_all(
        """rows => rows.map(row => [row.cells[0], row.cells[4]].map(cell => {
             const box = cell.getBoundingClientRect();
             return [Math.round(box.left), Math.round(box.right)]; }))"""
    )
    heights = rows.evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")

    assert len({str(edge) for edge in edges}) == 1
    assert all(actions[1] <= 1280 for _, actions in edges)
    # A name is one line; two rows of badges are the most that a row needs.
    assert max(heights) <= 1.6 * min(heights)


def test_columns_stay_where_they_are_while_somebody_searches(hostile, window):
    window.set_viewport_size({"width": 1280, "height": 800})
    window.goto(f"{hostile[0]}{ADMIN}")
    settled(window)
    heads = "heads => heads.map(head => Math.round(head.getBoundingClientRect().left))"
    expect(window.locator("tbody tr").first).to_be_visible()
    before = window.locator("thead th").evaluate_all(heads)

    window.get_by_placeholder("Search name or email").fill("admin")
    expect(window.locator("tbody tr")).to_have_count(1)

    eventually(window, lambda: window.locator("thead th").evaluate_all(heads), before)


def test_the_letters_of_an_avatar_are_whole(hostile, window):
    window.goto(f"{hostile[0]}{ADMIN}?q=hostile.example")
    settled(window)

    expect(window.locator("tbody .avatar").first).to_be_visible()
    letters = window.locator(".avatar").all_inner_texts()

    assert not any(re.search("[\ud800-\udfff\ufffd<]", one) for one in letters)
    assert any("\U0001f680" in one for one in letters)


@pytest.mark.parametrize("width", [1280, 1440])
def test_a_name_of_200_letters_is_one_line_in_the_list_and_whole_on_hover(hostile, window, width):
    window.set_viewport_size({"width": width, "height": 800})
    window.goto(f"{hostile[0]}{ADMIN}")
    settled(window)

    titled = window.locator(f'.who a bdi[title="{TEXTS["unbroken"]}"]')
    row = window.locator("tbody tr").filter(has=titled).first
    name = row.locator(".who a bdi")
    line = name.evaluate("one => parseFloat(getComputedStyle(one).lineHeight)")
    box = name.bounding_box()

    assert box
    assert box["height"] < 1.6 * line
    expect(name).to_have_attribute("title", TEXTS["unbroken"])
    look(window, f"the list at {width}")
    buttons = row.locator(".actions .btn").all()
    assert len(buttons) == 2
    for button in buttons:
        button.click(trial=True)
