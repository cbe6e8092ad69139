"""The panel Run with answers of scripts that mean to break it."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect
from tests.browser.editor import OpenEditor, Person, editor, editor_site, open_editor

__all__ = ["editor", "editor_site", "open_editor"]

pytestmark = pytest.mark.browser

HTML = "text/html; charset=utf-8"
# The properties that a form or a document has no more when a field or picture is called like them.
NAMES = (
    "body head documentElement querySelectorAll childNodes adoptedStyleSheets createElement"
    " attributes getAttribute getAttributeNames removeAttribute setAttribute matches remove style"
    " name id children append replaceChildren"
).split()

DRAWN = "iframe.run-page"
AS_TEXT = ".run-body"
# What JavaScript makes each body with, its type, and what shows it.
ANSWERS = {
    "frameset": ("'<frameset><frame src=/graphql></frameset>'", HTML, AS_TEXT),
    "svg-root": ("'<svg onload=x()><foreignObject><body a=1><p>p</svg>'", HTML, DRAWN),
    "svg": ("'<svg xmlns=\"http://www.w3.org/2000/svg\"><script>x</script></svg>'",
            "image/svg+xml", "img.run-image"),
    "xml": ("'<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>'",
            "application/xhtml+xml", DRAWN),
    "attributes": ("'<html \"=x 1=2 {{=y><body \"=x <=1 é:é=1><a \"=x ~=1>b</a>'", HTML,
                   DRAWN),
    "named-pictures": (json.dumps("".join(f"<img name={one} id={one}>" for one in NAMES)), HTML,
                       DRAWN),
    "named-fields": (json.dumps("<form style='color: red' action=/graphql onsubmit=x()>"
                                + "".join(f"<input name={one} id={one}>" for one in NAMES)), HTML,
                     DRAWN),
    "divs": ("'<div>'.repeat(100_000)", HTML, AS_TEXT),
    "nested": ("'<b><div>'.repeat(2_000)", HTML, DRAWN),
    "comments": ("'a<!---->'.repeat(200_000)", HTML, AS_TEXT),
    "texts": ("'<b>a</b>b'.repeat(15_000)", HTML, DRAWN),
    "broken-utf-8": ("new Uint8Array([60, 98, 62, 255, 254, 192, 128, 237, 160, 128])", HTML,
                     ".panel-empty"),
    "no-image": ("new Uint8Array([1, 2, 3])", "image/png", "img.run-image"),
    "deep-json": ("'['.repeat(100_000) + ']'.repeat(100_000)", "application/json", AS_TEXT),
    "surrogates": ("JSON.stringify('\\ud800')", "application/json", AS_TEXT),
    "unclosed": ("'<!--<script><style><textarea><table><svg><math><select>' + '<p '.repeat(99)",
                 HTML, DRAWN),
    "empty": ("''", HTML, ".panel-empty"),
    "large": ("'<p>' + 'x'.repeat(900_000)", HTML, DRAWN),
}  # fmt: skip
FIRST_STATUS = 210
MAIN = "\n".join(
    [
        "const answers: Record<string, () => Response> = {",
        *(
            f"  '{name}': () => new Response({body}, {{ status: {FIRST_STATUS + number},"
            f" headers: {{ 'content-type': '{kind}' }} }}),"
            for number, (name, (body, kind, _)) in enumerate(ANSWERS.items())
        ),
        "};",
        "export const routes: Routes = {",
        '  "GET /answers/:name": (request, env, ctx) => answers[ctx.params.name](),',
        "};",
    ]
)


def test_no_answer_breaks_the_panel(editor: Person, open_editor: OpenEditor) -> None:
    editor.make_script("answers", {"main.ts": MAIN})
    watched = open_editor(editor, "/editor/answers?panel=run")
    page = watched.page
    panel = page.get_by_role("tabpanel", name="Run", exact=True)
    answer = panel.get_by_role("region", name="Answer")

    for number, (name, (_, _, shown_by)) in enumerate(ANSWERS.items()):
        panel.get_by_label("name", exact=True).fill(name)
        panel.get_by_role("button", name="Run", exact=True).click()

        expect(answer.locator(".badge").first).to_have_text(str(FIRST_STATUS + number))
        expect(answer.locator(shown_by).first, name).to_be_attached()
        raw = answer.get_by_role("button", name="Raw", exact=True)
        if raw.count():
            raw.click()
            expect(raw).to_have_attribute("aria-pressed", "true")

    assert watched.problems == []
    assert watched.violations() == []
    assert page.evaluate("window.pwned") is None
