"""The logs page, as somebody at a browser finds it."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LOGS = "/engine/admin/logs"


def lines_of(page, text):
    return page.locator(".loglist li", has_text=text)


def ask(page, name):
    """Ask something under this name, which becomes a line; the request's id."""
    answer = page.request.post(
        page.url.split("/engine")[0] + "/graphql",
        data={"query": f"query {name} {{ viewer {{ id }} }}"},
        headers={"Origin": page.url.split("/engine")[0]},
    )
    return answer.headers["x-request-id"]


def test_a_new_line_shows_by_itself_and_waits_while_the_page_is_paused(open_page):
    page = open_page(LOGS).page
    expect(page.get_by_role("list", name="Lines, newest first")).to_be_visible()

    ask(page, "BeforeThePause")
    expect(lines_of(page, "BeforeThePause")).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    ask(page, "InThePause")
    expect(page.get_by_role("status").filter(has_text=re.compile("Paused · [1-9]"))).to_be_visible()
    expect(lines_of(page, "InThePause")).to_have_count(0)
    page.get_by_role("button", name="Resume").click()

    expect(lines_of(page, "InThePause")).to_have_count(1)


def test_scrolling_away_pauses_and_scrolling_back_resumes(open_page):
    page = open_page(LOGS).page
    for number in range(40):
        ask(page, f"Filling{number}")
    expect(lines_of(page, "Filling39")).to_have_count(1)

    page.locator(".loglist").evaluate("list => list.scrollTo(0, 400)")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.locator(".loglist").evaluate("list => list.scrollTo(0, 0)")

    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_filters_live_in_the_address_and_an_empty_list_offers_a_way_out(open_page):
    page = open_page(LOGS).page
    request_id = ask(page, "Sought")
    ask(page, "Other")

    page.get_by_label("Search logs").fill("Sought")
    expect(lines_of(page, "Other")).to_have_count(0)
    expect(lines_of(page, "Sought")).not_to_have_count(0)
    page.goto(f"{page.url.split('?')[0]}?request={request_id}&level=ERROR")
    expect(page.get_by_text("No matching lines")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()

    expect(lines_of(page, "Other")).to_have_count(1)


def test_a_link_to_a_line_opens_that_line(open_page):
    page = open_page(LOGS).page
    request_id = ask(page, "Linked")
    line = lines_of(page, "Linked").first
    line.locator("summary").click()

    line.get_by_role("link", name="Link to this line").click()

    first = page.locator(".loglist li").first
    expect(first).to_have_class("marked")
    expect(first).to_contain_text(request_id)
    page.reload()
    expect(page.locator(".loglist li").first).to_have_class("marked")


def test_from_an_audit_event_to_the_lines_of_its_request_and_back(open_page, started):
    page = open_page("/engine/admin").page
    base = page.url.split("/engine")[0]
    answer = page.request.post(
        f"{base}/graphql",
        data={
            "query": 'mutation { inviteUser(input: {email: "jump@example.com"}) { user { id } } }'
        },
        headers={"Origin": base},
    )
    assert "errors" not in answer.json(), answer.text()
    request_id = answer.headers["x-request-id"]
    page.goto(f"{base}/engine/admin/audit?q={request_id}")
    event = page.locator("tbody tr", has_text="jump@example.com").first
    event.get_by_text("Details").click()

    event.get_by_role("link", name="Log lines").click()
    expect(lines_of(page, "inviteUser")).to_have_count(1)
    expect(lines_of(page, "audit.recorded")).not_to_have_count(0)
    lines_of(page, "inviteUser").locator("summary").click()
    page.get_by_role("link", name="Audit events").first.click()

    expect(page.locator("tbody tr", has_text="jump@example.com").first).to_be_visible()


def test_the_download_holds_what_the_filter_lets_through(open_page):
    page = open_page(LOGS).page
    request_id = ask(page, "Downloaded")
    page.goto(f"{page.url.split('?')[0]}?request={request_id}")
    expect(lines_of(page, "Downloaded")).to_have_count(1)

    with page.expect_download() as download:
        page.get_by_role("link", name="Download NDJSON").click()

    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert [line["operation"] for line in lines if line["event"] == "request"] == ["Downloaded"]


def test_a_trace_has_a_block_of_its_own_and_a_link_of_an_alert_fills_the_filter(open_page, started):
    trace = (
        'Traceback (most recent call last):\n  File "/x/aiwebengine/app.py", line 1, in x\nOh: no'
    )
    now = datetime.now(UTC)
    fields = {
        "timestamp": f"{now:%Y-%m-%dT%H:%M:%S.%f}Z",
        "level": "error",
        "event": "request",
        "path": "/broken",
        "status": 500,
        "exception": trace,
    }
    folder = Path(started.environment["APP_REPOSITORY__DATA_DIR"]).parent
    with (folder / "logs" / "aiwebengine.log").open("ab") as log:
        log.write(json.dumps(fields, separators=(",", ":")).encode() + b"\n")
    since = f"{now - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    watched = open_page(f"{LOGS}?level=ERROR&since={since}")
    page = watched.page

    line = lines_of(page, "/broken").first
    expect(line.locator(".mark.bad")).to_have_text("failed")
    line.locator("summary").click()
    block = line.get_by_role("region", name="Traceback")

    expect(block.locator("pre span")).to_have_count(3)
    expect(block.locator("pre span.own")).to_have_count(1)
    expect(block.get_by_role("button", name="Copy")).to_be_visible()
    expect(page.locator("input[type=datetime-local]").first).not_to_have_value("")
    expect(page.locator(".loglist .day").first).to_contain_text(str(now.year))
    assert watched.violations() == []


def test_the_managers_own_requests_can_be_hidden(open_page):
    page = open_page(LOGS).page
    ask(page, "OfAPage")
    expect(lines_of(page, "OfAPage")).to_have_count(1)

    page.get_by_role("button", name="Hide manager requests").click()

    expect(lines_of(page, "OfAPage")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_usable_by_everybody_at_every_width(open_page, width, scheme):
    watched = open_page(LOGS, viewport={"width": width, "height": 720}, color_scheme=scheme)
    page = watched.page
    page.locator(".loglist summary").first.click()
    page.get_by_text("More filters").click()

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.violations() == []
