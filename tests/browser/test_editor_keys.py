"""Keys of the editor that are pressed before the page is at rest."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect
from tests.browser.editor import administrator, editor, editor_site, open_editor, show_panel

__all__ = ["administrator", "editor", "editor_site", "open_editor"]

pytestmark = pytest.mark.browser

LONG_MS = 120_000
"""For what starts a process."""
CHOOSE_AND_RUN = """async (select, label) => {
  select.value = [...select.options].find((one) => one.label === label).value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  // The page renders before the key is pressed; its effects run later.
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  const key = { key: "Enter", ctrlKey: true, bubbles: true, cancelable: true };
  select.dispatchEvent(new KeyboardEvent("keydown", key));
}"""


def test_a_key_right_after_a_change_acts_on_the_change(editor, open_editor):
    routes = '"GET /first": () => new Response("one"),\n  "GET /second": () => new Response("two"),'
    editor.make_script("keyed", {"main.ts": f"export const routes: Routes = {{\n  {routes}\n}};\n"})
    page = open_editor(editor, "/editor/keyed").page
    show_panel(page, "Run")
    run = page.get_by_role("tabpanel", name="Run", exact=True)
    expect(run.get_by_label("Route")).to_be_visible()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))

    run.get_by_label("Route").evaluate(CHOOSE_AND_RUN, "GET /second")

    expect(run.get_by_role("region", name="Answer")).to_contain_text("200", timeout=LONG_MS)
    [request] = [json.loads(one) for one in sent if "runScript" in one]
    assert request["variables"]["input"]["path"] == "/second"
