"""Dead letters in the panel Settings: a message that is given up, retried and discarded."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import eventually
from tests.browser.editor import EditorSite, OpenEditor, Person, editor, editor_site, open_editor

__all__ = ["editor", "editor_site", "open_editor"]

pytestmark = pytest.mark.browser

MAIN = """
export const messages = ["letter"];
export const routes: Routes = {
  "GET /letters/:mood": async (request, env, ctx) => {
    const { mood } = ctx.params;
    await env.kv.set("mood", mood);
    if (mood === "broken") await env.messages.send("letter", { text: "hello <b>Ada</b>" });
    return new Response(mood);
  },
  "GET /letters-received": async (request, env) => Response.json(await env.kv.get("received")),
};
export default {
  async message(event, env) {
    if ((await env.kv.get("mood")) === "broken") throw new Error("the letterbox is stuck");
    await env.kv.set("received", event.data);
  },
};
"""
# The pauses between attempts grow to minutes.
HASTEN = "update script_deliveries set next_at = now() where runner is null and state = 'pending'"
DEAD = "query ($slug: String!) { scriptMessages(slug: $slug, state: DEAD) { totalCount } }"


def messages(page: Page) -> Locator:
    """The part Messages of the panel Settings, read again."""
    page.reload()
    panel = page.get_by_role("tabpanel", name="Settings")
    panel.locator("summary").filter(has_text=re.compile("^Messages$")).click()
    return panel.get_by_role("group", name="Messages", exact=True)


def test_a_dead_letter_is_seen_retried_and_discarded(
    editor_site: EditorSite, editor: Person, open_editor: OpenEditor
) -> None:
    editor.make_script("letters", {"main.ts": MAIN})
    watched = open_editor(editor, "/editor/letters?panel=settings")
    page = watched.page
    get = page.request.get

    def dead() -> int:
        editor_site.execute(HASTEN)
        return int(editor.ask(DEAD, slug="letters")["scriptMessages"]["totalCount"])

    assert get(f"{editor.site.base}/letters/broken").ok
    eventually(page, dead, 1)

    part = messages(page)
    letter = part.get_by_role("listitem").filter(has_text="letter")
    expect(letter).to_contain_text("from letters")
    expect(letter).to_contain_text("5 attempts")
    expect(letter).to_contain_text("the letterbox is stuck")
    letter.get_by_text("Data", exact=True).click()
    expect(letter.locator("pre")).to_contain_text("hello <b>Ada</b>")

    # Still broken: it dies again. Retried when it is fixed, it arrives.
    letter.get_by_role("button", name="Retry letter").click()
    expect(part).to_contain_text("No dead letters.")
    eventually(page, dead, 1)
    assert get(f"{editor.site.base}/letters/fixed").ok
    part = messages(page)
    part.get_by_role("button", name="Retry letter").click()
    expect(part).to_contain_text("No dead letters.")
    received = f"{editor.site.base}/letters-received"
    eventually(page, lambda: get(received).json(), {"text": "hello <b>Ada</b>"})

    assert get(f"{editor.site.base}/letters/broken").ok
    eventually(page, dead, 1)
    part = messages(page)
    part.get_by_role("button", name="Discard letter").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Discarded messages can't be restored.")
    dialog.get_by_role("button", name="Discard", exact=True).click()
    expect(part).to_contain_text("No dead letters.")
    assert dead() == 0
    assert watched.violations() == []
