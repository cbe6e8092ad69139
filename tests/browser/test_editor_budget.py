"""The whole editor: small to load, usable by everybody, and quick in large scripts."""

from __future__ import annotations

import pytest
from bench.editor import cpu_of_typing, large
from playwright.sync_api import Page, expect
from tests.browser.editor import (
    Watched,
    administrator,
    code_of,
    editor,
    editor_site,
    open_editor,
    other_editor,
    show_panel,
)

__all__ = ["administrator", "editor", "editor_site", "open_editor", "other_editor"]

pytestmark = pytest.mark.browser

FIRST_LOAD_BYTES = 350_000
"""Of the page of a script, as they come over the network."""
FIRST_LOAD_REQUESTS = 10
PANELS = ("Search", "Problems", "Run", "Log", "History", "Tests", "Data", "Settings")
SLOWDOWN = 3.0
"""A key in a large file of a large script may take so many times as much work as in a small one."""
KEYS = 60
TURNS = 2

MAIN = """\
export const routes: Routes = {
  "GET /SLUG": () => new Response("hello"),
};
"""


def opened(watched: Watched, path: str) -> Page:
    expect(code_of(watched.page, path)).to_be_visible()
    return watched.page


def test_the_first_load_is_small(editor, open_editor):
    editor.make_script("small", {"main.ts": MAIN.replace("SLUG", "small")})
    watched = open_editor(editor, "/auth/login")
    page = watched.page
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    urls: dict[str, str] = {}
    sizes: dict[str, int] = {}
    network.on(
        "Network.responseReceived",
        lambda event: urls.update({event["requestId"]: event["response"]["url"]}),
    )
    network.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )

    page.goto(f"{editor.site.base}/editor/small")
    opened(watched, "main.ts")

    loaded = {urls[one]: size for one, size in sizes.items() if one in urls}
    assert sum(loaded.values()) <= FIRST_LOAD_BYTES, loaded
    assert len(loaded) <= FIRST_LOAD_REQUESTS, loaded


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1_440])
def test_list_workspace_and_every_panel_are_usable_by_everybody(
    editor, editor_site, open_editor, scheme, width
):
    slug = f"usable-{scheme}-{width}"
    editor.make_script(slug, {"main.ts": MAIN.replace("SLUG", slug)})
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    watched = open_editor(editor, "/editor", **options)
    page = watched.page
    expect(page.get_by_role("link", name=slug, exact=True)).to_be_visible()
    found = {"list": faults(watched, width)}
    page.goto(f"{editor.site.base}/editor/{slug}?file=main.ts")
    opened(watched, "main.ts")
    found["workspace"] = faults(watched, width)

    for name in PANELS:
        show_panel(page, name)
        expect(page.get_by_role("tabpanel", name=name)).to_be_visible()
        expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0)
        found[name] = faults(watched, width)

    assert {where: what for where, what in found.items() if what} == {}


def faults(watched: Watched, width: int) -> list[str]:
    wide = watched.page.evaluate("document.documentElement.scrollWidth")
    return [*watched.violations(), *([f"{wide} pixels wide"] if wide > width else [])]


def test_typing_in_a_large_script_is_as_quick_as_in_a_small_one(editor, open_editor):
    """200 files, the open one of 20,000 lines. `make bench` has the milliseconds."""
    editor.make_script("quick", {"main.ts": MAIN.replace("SLUG", "quick")})
    editor.create_script("large")
    editor.save_script("large", large())
    pages = {
        path: opened(open_editor(editor, f"/editor/{slug}?file={path}"), path)
        for slug, path in (("quick", "main.ts"), ("large", "lines.ts"))
    }

    taken = [
        {path: cpu_of_typing(page, path, KEYS) for path, page in pages.items()}
        for _ in range(TURNS)
    ]

    best = {path: min(turn[path] for turn in taken) for path in pages}
    assert best["lines.ts"] <= SLOWDOWN * best["main.ts"], taken
