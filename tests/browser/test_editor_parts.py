"""Parts of the editor that are loaded once they are needed, also when loading fails at first."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import eventually
from tests.browser.editor import (
    administrator,
    code_of,
    editor,
    editor_site,
    open_editor,
    open_file,
    show_panel,
)

__all__ = ["administrator", "editor", "editor_site", "open_editor"]

pytestmark = pytest.mark.browser

PANELS = "**/editor-panel-components-*.js"
LANGUAGES = "**/editor-more-languages-*.js"
NOT_LOADED = ("Failed to load resource", "Failed to fetch dynamically imported module")
FILES = {
    "main.ts": "export default { fetch: () => new Response('hello') };\n",
    "style.css": "a { color: red; }\n",
}
# CodeMirror gives colors by classes of its own; plain text has none.
COLORED = ".cm-line span[class]"


@pytest.fixture
def opened(editor, open_editor, request):
    """The workspace of a new script; that a part was not loaded is no error of the page."""
    slug = request.node.name.replace("_", "-")[:60].rstrip("-")
    editor.make_script(slug, FILES)
    watched = open_editor(editor, f"/editor/{slug}?file=main.ts")
    expect(code_of(watched.page, "main.ts")).to_be_visible()
    yield watched.page
    watched.problems[:] = [one for one in watched.problems if not one.startswith(NOT_LOADED)]


def hold(page: Page, pattern: str) -> list:
    held: list = []
    page.route(pattern, lambda route: held.append(route))
    return held


def test_a_panel_says_that_it_loads_until_it_is_there(opened):
    held = hold(opened, PANELS)

    show_panel(opened, "Problems")

    panel = opened.get_by_role("tabpanel", name="Problems")
    expect(panel.get_by_role("status")).to_have_text("Loading the panel …")
    eventually(opened, lambda: len(held), 1)
    held[0].continue_()
    expect(panel.get_by_role("button", name="Check now")).to_be_visible()
    expect(panel.get_by_text("Loading the panel")).to_have_count(0)


def test_a_panel_that_could_not_be_loaded_is_loaded_by_another_try(opened):
    opened.route(PANELS, lambda route: route.abort())
    show_panel(opened, "Search")
    panel = opened.get_by_role("tabpanel", name="Search")
    failure = panel.get_by_role("alert")
    expect(failure).to_contain_text("A part of the editor could not be loaded.")
    code_of(opened, "main.ts").press_sequentially("// still typing ")

    opened.unroute(PANELS)
    failure.get_by_role("button", name="Try again").click()

    expect(panel.get_by_role("searchbox")).to_be_visible()
    expect(panel.get_by_role("alert")).to_have_count(0)
    expect(code_of(opened, "main.ts")).to_contain_text("// still typing")


def test_a_file_is_plain_text_until_its_language_is_there(opened):
    held = hold(opened, LANGUAGES)

    open_file(opened, "style.css")

    code = code_of(opened, "style.css")
    expect(code).to_contain_text("a { color: red; }")
    expect(code.locator(COLORED)).to_have_count(0)
    eventually(opened, lambda: len(held), 1)
    held[0].continue_()
    expect(code.locator(COLORED).first).to_be_visible()


def test_a_language_that_could_not_be_loaded_is_loaded_by_another_try(opened):
    opened.route(LANGUAGES, lambda route: route.abort())
    open_file(opened, "style.css")
    code = code_of(opened, "style.css")
    failure = opened.get_by_role("alert").filter(has_text="The colors of this file")
    expect(failure).to_be_visible()
    code.press_sequentially("/* typed */")

    opened.unroute(LANGUAGES)
    failure.get_by_role("button", name="Try again").click()

    expect(code.locator(COLORED).first).to_be_visible()
    expect(failure).to_have_count(0)
    expect(code).to_contain_text("/* typed */")


def test_a_file_that_was_left_before_its_language_came_gets_it_later(opened):
    held = hold(opened, LANGUAGES)
    open_file(opened, "style.css")
    eventually(opened, lambda: len(held), 1)
    open_file(opened, "main.ts")

    held[0].continue_()
    open_file(opened, "style.css")

    expect(code_of(opened, "style.css").locator(COLORED).first).to_be_visible()
