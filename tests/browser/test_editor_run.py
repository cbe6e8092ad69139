"""The panels Run and Log: requests to a script, their answers, and what it logs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import eventually
from tests.browser.editor import (
    OpenEditor,
    Person,
    administrator,
    code_of,
    editor,
    editor_site,
    open_editor,
    show_panel,
)

__all__ = ["administrator", "editor", "editor_site", "open_editor"]

pytestmark = pytest.mark.browser

MAIN = """
export const routes: Routes = {
  "GET /running/:name": (request, env, ctx) => {
    console.warn("greeting", ctx.params.name);
    console.log("called\\n  by greet (lib/greet.ts:2:3)");
    return Response.json({ name: ctx.params.name, user: ctx.user?.email ?? null });
  },
  "POST /running-echo": async (request) => {
    const { text } = await request.json();
    if (text === "") throw new Error("nothing to echo");
    return new Response(text, { headers: { "x-type": request.headers.get("content-type")! } });
  },
};
"""
GREET = "// One\nexport const greet = 1;\n// Three\n"
PAGE = """
<!doctype html><html lang="en"><head><title>x</title>
<meta http-equiv="refresh" content="0;url=/graphql">
<link rel="stylesheet" href="/hostile-page/sheet.css"><base href="https://elsewhere.example/">
<style>h1 { color: rgb(200, 0, 0); background: url(/hostile-page/a.png) }</style>
<script>parent.pwned = 1; top.location = "/graphql"</script></head>
<body onload="parent.pwned = 2" style="background-color: rgb(240, 255, 240)">
<h1>Hello</h1><p style="font-weight: 700; background: url('/hostile-page/b.png')">styled</p>
<a href="/graphql" target="_top">a link</a><a href="javascript:parent.pwned = 3">another</a>
<img src="/hostile-page/c.png" onerror="parent.pwned = 4" alt="none">
<svg><style>circle { fill: red }</style><a xlink:href="/graphql"><text>svg</text></a>
<image href="/hostile-page/d.png" /></svg>
<iframe srcdoc="<script>parent.parent.pwned = 5</script>"></iframe>
<form action="/graphql" method="post"><button>Send</button></form>
</body></html>
"""
HOSTILE = f"""
export const routes: Routes = {{
  "GET /hostile-page": () =>
    new Response({PAGE!r}, {{ headers: {{ "content-type": "text/html; charset=utf-8" }} }}),
}};
"""


PHONE = {"width": 360, "height": 740}


def run_panel(page: Page) -> Locator:
    return page.get_by_role("tabpanel", name="Run", exact=True)


def run(page: Page, status: str) -> Locator:
    """Press Run; the answer, once it has this status."""
    panel = run_panel(page)
    panel.get_by_role("button", name="Run", exact=True).click()
    answer = panel.get_by_role("region", name="Answer")
    expect(answer.locator(".badge").first).to_have_text(status)
    return answer


def test_a_request_is_sent_saved_and_found_in_the_log(
    editor: Person, open_editor: OpenEditor
) -> None:
    editor.make_script("running", {"main.ts": MAIN, "lib/greet.ts": GREET})
    watched = open_editor(editor, "/editor/running?panel=run")
    page = watched.page
    panel = run_panel(page)

    panel.get_by_role("combobox", name="Route", exact=True).select_option(
        label="GET /running/:name"
    )
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(panel.get_by_role("alert")).to_have_text("Fill in name.")
    page_link = panel.get_by_role("link", name="Open in a new tab")
    expect(page_link).to_have_count(0)
    panel.get_by_label("name", exact=True).fill("Zoë")
    expect(page_link).to_have_attribute("href", f"{editor.site.base}/running/Zo%C3%AB")
    answer = run(page, "200")
    expect(answer.get_by_role("group", name="Body", exact=True)).to_contain_text('"user": null')

    # As oneself, by the key that works everywhere.
    panel.get_by_role("combobox", name="Visitor", exact=True).select_option(label=editor.email)
    panel.get_by_label("name", exact=True).press("ControlOrMeta+Enter")
    body = answer.get_by_role("group", name="Body", exact=True)
    expect(body).to_contain_text(f'"user": "{editor.email}"')
    expect(body).to_contain_text('"name": "Zoë"')
    assert watched.violations() == []

    panel.get_by_text("Saved requests", exact=True).click()
    panel.get_by_role("button", name="Save as new").click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("Greet Zoë")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    saved = panel.get_by_role("listitem").filter(has_text="Greet Zoë")
    expect(saved).to_contain_text("GET /running/Zo%C3%AB")
    panel.get_by_role("combobox", name="Route", exact=True).select_option(
        label="POST /running-echo"
    )
    saved.get_by_role("button", name="Greet Zoë").first.click()
    expect(panel.get_by_label("name", exact=True)).to_have_value("Zoë")
    expect(panel.get_by_role("combobox", name="Visitor", exact=True)).to_have_value("me")

    # The lines of that very request lead to the panel Log, and to the line of the file.
    answer.get_by_role("button", name="Log (2)").click()
    answer.get_by_role("button", name="Show in Log").click()
    log = page.get_by_role("tabpanel", name="Log", exact=True)
    lines = log.get_by_role("list", name="Lines, newest first").get_by_role("listitem")
    expect(lines).to_have_count(2)
    expect(lines.filter(has_text="greeting Zoë")).to_have_count(1)
    assert watched.violations() == []
    log.get_by_role("button", name="lib/greet.ts:2:3").click()
    expect(code_of(page, "lib/greet.ts")).to_be_focused()
    log.get_by_role("button", name="Clear filters").click()
    expect(lines).to_have_count(4)
    log.get_by_role("combobox", name="Level", exact=True).select_option("WARN")
    expect(lines).to_have_count(2)

    # New lines come by themselves; while paused they are counted.
    log.get_by_role("button", name="Pause", exact=True).click()
    show_panel(page, "Run")
    run(page, "200")
    show_panel(page, "Log")
    expect(log.get_by_role("status")).to_have_text("Paused · 1 new")
    log.get_by_role("button", name="Resume", exact=True).click()
    expect(lines).to_have_count(3)


def test_a_failed_request_of_a_visitor_is_replayed(
    editor: Person, administrator: Person, open_editor: OpenEditor
) -> None:
    editor.make_script("failing", {"main.ts": MAIN.replace("/running", "/failing")})
    page = open_editor(administrator, "/editor/failing?panel=run").page
    panel = run_panel(page)

    panel.get_by_role("combobox", name="Route", exact=True).select_option(
        label="POST /failing-echo"
    )
    panel.get_by_role("textbox", name="Body JSON").fill('{"text": "<b>é</b>"}')
    answer = run(page, "200")
    expect(answer.get_by_role("group", name="Body", exact=True)).to_have_text("<b>é</b>")
    answer.get_by_role("button", name="Headers", exact=True).click()
    expect(answer).to_contain_text("application/json")
    panel.get_by_role("textbox", name="Body JSON").fill('{"text": ""}')
    answer = run(page, "500")
    answer.get_by_role("button", name="Log (1)").click()
    expect(answer).to_contain_text("nothing to echo")

    # A run is its author's, so only a visitor's request is a failure to replay.
    page.request.post(f"{editor.site.base}/failing-echo", data={"text": ""})
    panel.get_by_text("Failed requests", exact=True).click()
    replay = page.get_by_role("button", name="Replay", exact=True)
    failed = panel.get_by_role("listitem").filter(has_text="POST /failing-echo", has=replay)

    def listed() -> int:
        panel.get_by_role("button", name="Refresh", exact=True).click()
        return failed.count()

    eventually(page, listed, 1)
    failed.get_by_role("button", name="Replay", exact=True).click()
    panel.get_by_text("Recent runs", exact=True).click()
    expect(panel.get_by_role("button").filter(has_text="Replay of POST")).to_have_count(1)
    answer.get_by_role("button", name="Log (1)").click()
    answer.get_by_role("button", name="Show in Log").click()
    log = page.get_by_role("tabpanel", name="Log", exact=True)
    expect(log.get_by_role("link", name="Engine log").first).to_be_visible()


def test_a_page_is_drawn_with_its_styles_and_does_nothing(
    editor: Person, open_editor: OpenEditor
) -> None:
    editor.make_script("hostile-page", {"main.ts": HOSTILE})
    watched = open_editor(editor, "/editor/hostile-page?panel=run", viewport=PHONE)
    page = watched.page
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))

    answer = run(page, "200")

    frame = answer.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Hello")).to_have_css("color", "rgb(200, 0, 0)")
    expect(frame.get_by_text("styled")).to_have_css("font-weight", "700")
    expect(frame.locator("body")).to_have_css("background-color", "rgb(240, 255, 240)")
    frame.get_by_role("button", name="Send").click()
    frame.get_by_text("a link").click()
    frame.get_by_text("another").click()
    answer.get_by_role("button", name="Raw", exact=True).click()
    expect(answer.get_by_role("group", name="Body", exact=True)).to_contain_text("parent.pwned")
    assert page.evaluate("window.pwned") is None
    assert [url for url in requested if "/hostile-page" in url] == []
    expect(page).to_have_url(f"{editor.site.base}/editor/hostile-page?file=main.ts&panel=run")
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    assert watched.violations() == []
