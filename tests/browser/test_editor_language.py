"""What the editor knows of the language: problems, completion, formatting, and search in files."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.editor import (
    administrator,
    code_of,
    editor,
    editor_site,
    open_editor,
    show_panel,
)

__all__ = ["administrator", "editor", "editor_site", "open_editor"]

pytestmark = pytest.mark.browser

# A check waits for those of other tests, and for a busy machine.
CHECKED_MS = 120_000
NUMBERS = "/** Twice a number. */\nexport const double = (value: number): number => 2 * value;\n"
MAIN = """\
import { double } from "./lib/numbers.ts";

export const routes: Routes = {
  "GET /SLUG": () => new Response(double(21)),
};
"""


def files(slug: str, main: str = MAIN) -> dict[str, str]:
    return {"main.ts": main.replace("SLUG", slug), "lib/numbers.ts": NUMBERS}


def at_the_end(page: Page, path: str) -> None:
    code_of(page, path).click()
    page.keyboard.press("ControlOrMeta+End")


def test_problems_are_found_and_fixed(editor, open_editor):
    """By somebody who types: the types of two files, a file that is missing, and the keyboard."""
    editor.make_script("mended", files("mended"))
    page = open_editor(editor, "/editor/mended?file=main.ts").page
    show_panel(page, "Problems")
    panel = page.get_by_role("tabpanel", name="Problems")
    state = panel.get_by_role("status")
    code = code_of(page, "main.ts")

    expect(state).to_have_text("1 warning. This can be deployed.", timeout=CHECKED_MS)
    warning = panel.get_by_role("button", name=re.compile("not assignable to parameter"))
    expect(warning).to_contain_text("line 4, types")
    expect(page.locator(".cm-lintRange-warning")).to_have_count(1)
    warning.click()
    expect(code).to_be_focused()
    expect(page).to_have_url(re.compile(r"line=4"))

    code.click()
    page.keyboard.press("ControlOrMeta+a")
    # Chromium itself would replace the marked words, with styles that the policy refuses.
    page.keyboard.press("Delete")
    page.keyboard.insert_text(
        MAIN.replace("SLUG", "mended").replace("double(21)", "String(double(21))")
        + 'import { gone } from "./gone.ts";\ngone();\n'
    )
    expect(state).to_have_text("1 error. This can't be deployed.", timeout=CHECKED_MS)
    page.keyboard.press("ControlOrMeta+Home")
    page.keyboard.press("F8")
    expect(page).to_have_url(re.compile(r"line=6"))

    page.keyboard.press("ControlOrMeta+a")
    # Chromium itself would replace the marked words, with styles that the policy refuses.
    page.keyboard.press("Delete")
    page.keyboard.insert_text(MAIN.replace("SLUG", "mended").replace("(21)", "(21).toFixed()"))
    expect(state).to_have_text("No problems.", timeout=CHECKED_MS)
    expect(page.locator(".cm-lintRange-error, .cm-lintRange-warning")).to_have_count(0)


def test_a_syntax_error_is_marked_before_the_server_has_checked_the_text(editor, open_editor):
    editor.make_script("syntax", files("syntax"))
    page = open_editor(editor, "/editor/syntax?file=main.ts").page
    show_panel(page, "Problems")
    panel = page.get_by_role("tabpanel", name="Problems")
    held = []
    answers = False

    def hold(route):
        if "CheckScript" in (route.request.post_data or "") and not answers:
            held.append(route)
        else:
            route.continue_()

    page.route("**/graphql", hold)

    at_the_end(page, "main.ts")
    page.keyboard.type("const broken = = 1;")

    of_syntax = panel.get_by_role("button", name="Syntax error: unexpected “=”.")
    expect(of_syntax).to_be_visible()
    expect(page.locator(".cm-lintRange-error")).to_have_count(1)
    answers = True
    for route in held:
        route.continue_()
    expect(panel.get_by_role("button", name="dry load")).to_be_visible(timeout=CHECKED_MS)
    expect(of_syntax).to_have_count(0)


def test_names_are_completed_explained_and_formatted(editor, open_editor):
    main = 'export const routes: Routes = {"GET /named": (request, env) => new Response("")};\n'
    editor.make_script("named", files("named", main))
    page = open_editor(editor, "/editor/named?file=main.ts").page
    code = code_of(page, "main.ts")
    options = page.get_by_role("listbox", name="Completions")

    at_the_end(page, "main.ts")
    page.keyboard.type("const later = (env: Env) => env.kv.")
    expect(options.get_by_role("option", name=re.compile(r"^getWithVersion"))).to_be_visible()
    page.keyboard.type("getWith")
    expect(page.locator(".cm-documentation")).to_contain_text("env.kv.getWithVersion")
    page.keyboard.press("Enter")
    expect(code).to_contain_text("env.kv.getWithVersion")

    page.keyboard.press("Enter")
    page.keyboard.type("doub")
    chosen = options.get_by_role("option", name=re.compile("^double.*numbers"))
    expect(chosen).to_be_visible()
    chosen.click()
    expect(code).to_contain_text('import { double } from "./lib/numbers.ts";')

    page.keyboard.press("Shift+Alt+f")
    expect(page.get_by_text("Formatted.", exact=True)).to_be_visible()
    expect(code).to_contain_text('{ "GET /named": (request, env) => new Response("") };')
    page.keyboard.type("(1);")
    expect(code).to_contain_text("double(1);")

    code.get_by_text("getWithVersion").hover()
    expect(page.locator(".cm-tooltip-hover")).to_contain_text("env.kv.getWithVersion")
    page.keyboard.press("Escape")
    at_the_end(page, "main.ts")
    page.keyboard.press("ControlOrMeta+Home")
    page.keyboard.press("ArrowRight")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("F12")
    expect(code_of(page, "lib/numbers.ts")).to_be_focused()


def test_all_files_are_searched_and_replaced(editor, open_editor):
    editor.make_script("searched", files("searched"))
    hostile = {**files("searched"), "notes.txt": f"{'a' * 60}!\n<img src=x onerror=alert(1)>\n"}
    editor.save_script("searched", hostile)
    page = open_editor(editor, "/editor/searched?file=main.ts").page
    expect(code_of(page, "main.ts")).to_be_visible()

    page.keyboard.press("ControlOrMeta+Shift+f")
    panel = page.get_by_role("tabpanel", name="Search")
    field = panel.get_by_label("Search for")
    expect(field).to_be_focused()
    field.fill("DOUBLE")
    expect(panel.get_by_role("status")).to_have_text("3 matches in 2 files.")
    panel.get_by_label("Match case").check()
    expect(panel.get_by_role("status")).to_have_text("No matches.")
    panel.get_by_label("Match case").uncheck()
    panel.get_by_role("region", name="lib/numbers.ts").get_by_role("button").click()
    expect(code_of(page, "lib/numbers.ts")).to_be_focused()

    field.fill("<img")
    expect(panel.get_by_role("button", name=re.compile("<img src=x"))).to_be_visible()
    field.fill("(a+)+$")
    panel.get_by_label("Regular expression").check()
    expect(panel.get_by_role("alert")).to_contain_text("takes more than 3 s.")

    field.fill("double(?=\\b)")
    panel.get_by_label("Replace", exact=True).check()
    panel.get_by_label("Replace with").fill("twice")
    expect(panel.locator("ins").first).to_have_text("twice")
    replace = panel.get_by_role("button", name="Replace all 3", exact=True)
    replace.click()
    expect(page.get_by_text("Replaced 3 matches in 2 files.", exact=True)).to_be_visible()
    expect(code_of(page, "lib/numbers.ts")).to_contain_text("export const twice")
    code_of(page, "lib/numbers.ts").click()
    page.keyboard.press("ControlOrMeta+z")
    expect(code_of(page, "lib/numbers.ts")).to_contain_text("export const double")
