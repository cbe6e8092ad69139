"""The panel Run: event streams, WebSockets and answers that do not end."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import Watched, eventually
from tests.browser.editor import (
    EditorSite,
    OpenEditor,
    Person,
    editor,
    editor_site,
    open_editor,
    show_panel,
)

__all__ = ["editor", "editor_site", "open_editor"]

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
MAIN = """
const bytes = new TextEncoder();
const endless = (type: string, part: (round: number) => string, pause = 20) => {
  let round = 0;
  const body = new ReadableStream({
    async pull(to) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      to.enqueue(bytes.encode(part(round++)));
    },
  });
  return new Response(body, { headers: { "content-type": type } });
};
const EVIL = "<img src=x onerror=parent.pwned=1> \\u202egnihtyna\\u202c " + "x".repeat(5000);

export const streams: Streams = {
  "/SLUG/news/:topic": (request, env, ctx) => {
    if (ctx.params.topic === "secret") return new Response("not for you", { status: 403 });
    console.log("listens to", ctx.params.topic, request.headers.get("x-mine"));
    return { user: ctx.user?.email ?? "nobody" };
  },
};
export const routes: Routes = {
  "POST /SLUG/news/:topic": async (request, env, ctx) => {
    const { times = 1, ...options } = await request.json();
    for (let time = 1; time <= times; time++)
      await env.streams.send(`/SLUG/news/${ctx.params.topic}`, `message ${time}`, options);
    return new Response("sent");
  },
  "GET /SLUG/events": () => new Response(
    "id: 7\\nevent: evil\\ndata: " + EVIL + "\\r\\ndata: second\\r\\n\\r\\n:\\n\\n",
    { headers: { "content-type": "text/event-stream" } },
  ),
  "GET /SLUG/flood": () => endless(
    "text/event-stream",
    (round) => Array.from({ length: 50 }, (_, n) => `data: ${50 * round + n}\\n\\n`).join(""),
  ),
  "GET /SLUG/slow": () => endless("text/plain", (round) => `part ${round}\\n`),
};
export const sockets: Sockets = {
  "/SLUG/chat/:group": {
    protocols: ["chat.2"],
    async open(socket, env, ctx) {
      await socket.send(`welcome ${ctx.user?.email ?? "nobody"} to ${ctx.params.group}`);
    },
    async message(socket, data) {
      if (data === "bytes") await socket.send(new Uint8Array([1, 2, 255]));
      else if (data === "close") await socket.close(4001, "as <b>you</b> wish");
      else if (data === "throw") throw new Error("it broke");
      else await socket.send(`echo ${data}`);
    },
  },
};
"""


def panel_of(page: Page) -> Locator:
    return page.get_by_role("tabpanel", name="Run", exact=True)


def live(page: Page) -> Locator:
    return panel_of(page).get_by_role("region", name="Live", exact=True)


def state(page: Page) -> Locator:
    return live(page).locator("[role=status] .badge")


def rows(page: Page) -> Locator:
    return live(page).get_by_role("log").locator(".live-row")


def choose(page: Page, route: str) -> None:
    panel_of(page).get_by_role("combobox", name="Route", exact=True).select_option(label=route)


def press(page: Page, name: str) -> None:
    panel_of(page).get_by_role("button", name=name, exact=True).click()


def made(editor: Person, slug: str) -> None:
    editor.make_script(slug, {"main.ts": MAIN.replace("SLUG", slug)})


def open_news(page: Page, slug: str) -> None:
    """Open the stream of sport."""
    choose(page, f"GET /{slug}/news/:topic · event stream")
    panel_of(page).get_by_label("topic", exact=True).fill("sport")
    press(page, "Open stream")
    expect(state(page)).to_have_text("Open")


def send(page: Page, person: Person, slug: str, **options: object) -> None:
    """Have the script send messages to those who listen to sport."""
    answer = page.request.post(f"{person.site.base}/{slug}/news/sport", data=options)
    assert answer.text() == "sent"


def noted(watched: Watched, status: str) -> None:
    """Wait until Chromium has noted an answer with this status, and nothing else."""
    eventually(watched.page, lambda: [status in one for one in watched.problems], [True])
    watched.problems.clear()


def listeners(site: EditorSite, person: Person, slug: str) -> int:
    """Open connections of the script, as its workers count them."""
    document = "query ($slug: String!) { scriptStreams(slug: $slug) { connections } }"
    return sum(one["connections"] for one in person.ask(document, slug=slug)["scriptStreams"])


def test_an_event_stream_is_read_live_and_resumed(editor: Person, open_editor: OpenEditor) -> None:
    made(editor, "live")
    watched = open_editor(editor, "/editor/live?panel=run")
    page = watched.page
    panel = panel_of(page)
    choose(page, "GET /live/news/:topic · event stream")
    press(page, "Open stream")
    expect(panel.get_by_role("alert")).to_have_text("Fill in topic.")
    panel.get_by_label("Headers").fill("X-Mine: yes\nHost: elsewhere.example")
    panel.get_by_label("topic", exact=True).fill("sport")
    panel.get_by_label("topic", exact=True).press("ControlOrMeta+Enter")
    expect(state(page)).to_have_text("Open")
    expect(live(page)).to_contain_text("Browsers do not send these headers: Host.")

    # The visitor is anonymous, and what is for others does not come.
    send(page, editor, "live", match={"user": editor.email})
    send(page, editor, "live", match={"user": "nobody"}, event="goal", id="one")
    expect(rows(page)).to_have_count(1)
    expect(rows(page).first).to_contain_text("goal")
    expect(rows(page).first).to_contain_text("id one")
    expect(rows(page).first.locator("pre")).to_have_text("message 1")
    expect(live(page)).to_contain_text("last event ID one")
    assert watched.violations() == []

    live(page).get_by_role("button", name="Log", exact=True).click()
    expect(live(page).get_by_role("listitem")).to_contain_text("listens to sport yes")
    live(page).get_by_role("button", name="Headers", exact=True).click()
    expect(live(page)).to_contain_text("text/event-stream; charset=utf-8")

    press(page, "Stop")
    expect(state(page)).to_have_text("Stopped")
    send(page, editor, "live", match={"user": "nobody"})
    press(page, "Resume")
    expect(rows(page)).to_have_count(1)
    expect(rows(page).first.locator("pre")).to_have_text("message 1")
    expect(rows(page).first).not_to_contain_text("id one")

    panel.get_by_role("combobox", name="Visitor", exact=True).select_option(label=editor.email)
    press(page, "Open stream")
    expect(state(page)).to_have_text("Open")
    send(page, editor, "live", match={"user": editor.email}, event="mine")
    expect(rows(page).filter(has_text="mine")).to_have_count(1)


def test_a_stream_ends_with_the_route_the_panel_and_the_page(
    editor: Person, editor_site: EditorSite, open_editor: OpenEditor
) -> None:
    made(editor, "leaving")
    page = open_editor(editor, "/editor/leaving?panel=run").page

    open_news(page, "leaving")
    choose(page, "GET /leaving/slow")
    expect(state(page)).to_have_text("Stopped")
    expect(live(page)).to_contain_text("Another route was chosen.")
    open_news(page, "leaving")
    show_panel(page, "Log")
    show_panel(page, "Run")
    expect(live(page)).to_contain_text("The panel was closed.")
    press(page, "Open stream")
    expect(state(page)).to_have_text("Open")
    # The connection counts for its path and for that of the route.
    eventually(page, lambda: listeners(editor_site, editor, "leaving"), 2)
    page.goto(f"{editor.site.base}/editor")

    eventually(page, lambda: listeners(editor_site, editor, "leaving"), 0)


def test_a_flood_of_events_is_bounded_and_stopped(editor: Person, open_editor: OpenEditor) -> None:
    made(editor, "flood")
    page = open_editor(editor, "/editor/flood?panel=run").page
    choose(page, "GET /flood/flood")
    press(page, "Follow live")

    expect(live(page)).to_contain_text("older events left out")
    expect(live(page).get_by_role("log")).to_have_attribute("aria-live", "off")
    press(page, "Stop")
    expect(state(page)).to_have_text("Stopped")
    expect(rows(page)).to_have_count(300)
    newest = int(rows(page).first.locator("pre").text_content() or "")
    assert rows(page).last.locator("pre").text_content() == str(newest - 299)


def test_hostile_events_are_text_on_a_phone(editor: Person, open_editor: OpenEditor) -> None:
    made(editor, "evil-events")
    options = {"viewport": PHONE, "color_scheme": "dark"}
    watched = open_editor(editor, "/editor/evil-events?panel=run", **options)
    page = watched.page
    choose(page, "GET /evil-events/events")

    # A run reads the whole answer, and says what shows the events.
    press(page, "Run")
    expect(panel_of(page)).to_contain_text("This is an event stream.")
    press(page, "Follow live")
    expect(state(page)).to_have_text("Ended by the server")
    row = rows(page).first
    expect(row).to_contain_text("evil")
    expect(row.locator("pre")).to_contain_text("<img src=x onerror=parent.pwned=1> \\u202egnihtyna")
    row.get_by_role("button", name="Show").click()
    expect(row.locator("pre")).to_contain_text("xxx\nsecond")
    expect(live(page)).to_contain_text("1 comment")
    assert page.evaluate("window.pwned") is None
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    assert watched.violations() == []


def test_a_refused_stream_shows_the_answer(editor: Person, open_editor: OpenEditor) -> None:
    made(editor, "refused")
    watched = open_editor(editor, "/editor/refused?panel=run")
    page = watched.page
    choose(page, "GET /refused/news/:topic · event stream")
    panel_of(page).get_by_label("topic", exact=True).fill("secret")
    press(page, "Open stream")

    expect(state(page)).to_have_text("Ended by the server")
    expect(live(page)).to_contain_text("403")
    expect(live(page).get_by_role("group", name="Body", exact=True)).to_have_text("not for you")
    noted(watched, "403")


def test_an_answer_that_does_not_end_is_stopped(editor: Person, open_editor: OpenEditor) -> None:
    made(editor, "endless")
    page = open_editor(editor, "/editor/endless?panel=run").page
    choose(page, "GET /endless/slow")
    press(page, "Run")
    press(page, "Stop")
    expect(panel_of(page).get_by_role("alert")).to_contain_text("Stopped waiting for the answer.")
    expect(panel_of(page).get_by_role("button", name="Run", exact=True)).to_be_enabled()

    press(page, "Follow live")
    body = live(page).get_by_role("group", name="Body", exact=True)
    expect(body).to_contain_text("part 3")
    press(page, "Stop")
    expect(state(page)).to_have_text("Stopped")
    expect(live(page)).to_contain_text("The answer continues")


def test_the_engine_answers_no_request_that_is_followed(
    editor: Person, open_editor: OpenEditor
) -> None:
    made(editor, "guarded")
    watched = open_editor(editor, "/editor/guarded?panel=run")
    page = watched.page
    choose(page, "Another path")
    panel_of(page).get_by_label("Path", exact=True).fill("/graphql?query={viewer{email}}")
    panel_of(page).get_by_role("combobox", name="Visitor", exact=True).select_option("me")
    press(page, "Follow live")

    body = live(page).get_by_role("group", name="Body", exact=True)
    expect(body).to_contain_text("The script guarded has no route for /graphql.")
    panel_of(page).get_by_label("Path", exact=True).fill("//elsewhere.example/")
    press(page, "Follow live")
    expect(live(page)).to_contain_text("The path is no path of this host.")
    noted(watched, "404")


def test_messages_go_both_ways_over_a_websocket(editor: Person, open_editor: OpenEditor) -> None:
    made(editor, "chat")
    watched = open_editor(editor, "/editor/chat?panel=run")
    page = watched.page
    panel = panel_of(page)
    choose(page, "WebSocket /chat/chat/:group")
    expect(panel.get_by_role("combobox", name="Visitor", exact=True)).to_be_disabled()
    expect(panel).to_contain_text("you can't be anonymous")
    panel.get_by_label("group", exact=True).fill("<b>")
    panel.get_by_label("Subprotocols").fill("chat.2")
    press(page, "Connect")

    expect(state(page)).to_have_text("Open")
    expect(rows(page).first).to_contain_text(f"welcome {editor.email} to <b>")
    expect(live(page)).to_contain_text("protocol chat.2")
    message = live(page).get_by_label("Message", exact=True).and_(page.locator("textarea"))
    message.fill("hello")
    message.press("ControlOrMeta+Enter")
    expect(rows(page)).to_have_count(3)
    expect(rows(page).nth(1)).to_contain_text("sent")
    expect(rows(page).first).to_contain_text("received")
    expect(rows(page).first.locator("pre")).to_have_text("echo hello")
    message.fill("bytes")
    press(page, "Send")
    expect(rows(page).first.locator("pre")).to_have_text("3 bytes: 01 02 ff")
    assert watched.violations() == []

    message.fill("close")
    press(page, "Send")
    expect(state(page)).to_have_text("Ended by the server")
    expect(live(page)).to_contain_text("4001: closed by the script.")
    expect(live(page)).to_contain_text("reason: as <b>you</b> wish")
    press(page, "Connect")
    expect(state(page)).to_have_text("Open")
    message.fill("throw")
    press(page, "Send")
    expect(live(page)).to_contain_text("1011: the script threw an exception")
    press(page, "Connect")
    expect(state(page)).to_have_text("Open")
    press(page, "Stop")
    expect(state(page)).to_have_text("Stopped")
