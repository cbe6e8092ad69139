"""The panels Run and Log: a page of a script that can't act, and the lines of its request."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.editor import OpenEditor, Person, editor, editor_site, open_editor, show_panel

__all__ = ["editor", "editor_site", "open_editor"]

pytestmark = pytest.mark.browser

MAIN = """
const PAGE = `<!doctype html><html><head><style>h1 { color: rgb(200, 0, 0) }</style>
<script>parent.acted = 1; top.document.title = "acted"</scr` + `ipt></head>
<body onload="parent.acted = 1"><h1>Hello NAME</h1><p style="font-weight: 700">styled</p>
<a href="/graphql" target="_top">away</a><img src="/greet/x.png" onerror="parent.acted = 1">
<form action="/graphql"><button>Go</button></form></body></html>`;

export const routes: Routes = {
  "GET /greet/:name": (request, env, ctx) => {
    console.warn("greeting", ctx.params.name);
    const page = PAGE.replace("NAME", ctx.params.name);
    return new Response(page, { headers: { "content-type": "text/html" } });
  },
  "GET /greet-me": (request, env, ctx) => Response.json({ mine: ctx.user?.email ?? "nobody" }),
};
"""


def test_a_page_is_shown_without_acting_and_its_lines_lead_to_the_code(
    editor: Person, open_editor: OpenEditor
) -> None:
    editor.make_script("greet", {"main.ts": MAIN})
    watched = open_editor(editor, "/editor/greet")
    page: Page = watched.page
    show_panel(page, "Run")
    run = page.get_by_role("tabpanel", name="Run", exact=True)

    run.get_by_label("Route").select_option(label="GET /greet/:name")
    run.get_by_label("name", exact=True).fill("Ada")
    run.get_by_role("button", name="Run", exact=True).click()
    shown = run.frame_locator("iframe")
    heading = shown.get_by_role("heading", name="Hello Ada")
    expect(heading).to_be_visible()
    expect(heading).to_have_css("color", "rgb(200, 0, 0)")
    expect(shown.get_by_text("styled")).to_have_css("font-weight", "700")
    expect(shown.get_by_text("away")).not_to_have_attribute("href", re.compile(""))
    expect(page).to_have_title(re.compile("Editor"))
    assert page.evaluate("globalThis.acted") is None
    assert watched.violations() == []

    run.get_by_role("button", name=re.compile(r"^Log \(")).click()
    run.get_by_role("button", name="Show in Log").click()
    log = page.get_by_role("tabpanel", name="Log", exact=True)
    expect(log.get_by_text("greeting Ada")).to_be_visible()
    log.get_by_role("button", name=re.compile("main.ts:10")).first.click()
    expect(page).to_have_url(re.compile("file=main.ts&line=10"))


def test_a_run_is_anonymous_unless_one_runs_it_as_oneself(
    editor: Person, open_editor: OpenEditor
) -> None:
    editor.make_script("greet-me", {"main.ts": MAIN.replace("/greet", "/other")})
    watched = open_editor(editor, "/editor/greet-me")
    page: Page = watched.page
    show_panel(page, "Run")
    run = page.get_by_role("tabpanel", name="Run", exact=True)
    answer = run.get_by_role("region", name="Answer")

    run.get_by_label("Route").select_option(label="GET /other-me")
    run.get_by_role("button", name="Run", exact=True).click()
    expect(answer).to_contain_text("nobody")
    run.get_by_label("Visitor").select_option("me")
    run.get_by_role("button", name="Run", exact=True).click()
    expect(answer).to_contain_text(editor.email)
