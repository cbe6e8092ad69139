"""The system page, as somebody at a browser finds it; faults show within ten seconds."""

import os
import re
import subprocess
import sys

import psutil
import pytest
from playwright.sync_api import expect
from tests.browser.conftest import AXE, addresses
from tests.freezing import frozen, postgres_in

pytestmark = pytest.mark.browser

FAULT_SHOWS_WITHIN_MS = 10_000
RECOVERS_WITHIN_MS = 60_000


def test_the_page_shows_metrics_of_now_and_of_the_last_hour(open_page):
    page = open_page("/engine/admin/system").page

    expect(page.get_by_label("Summary")).to_contain_text("Healthy")
    expect(page.get_by_label("Instances")).to_contain_text("1 of 1 worker up")
    chart = page.get_by_role("img", name=re.compile("^Requests, the last hour. Total: now"))
    # A sample is complete ten seconds after its start, and then sent within about a second.
    expect(chart.locator('path[data-line="0"]')).to_have_attribute(
        "d", re.compile("L"), timeout=45_000
    )
    expect(chart).to_have_accessible_name(re.compile(r"minimum [\d.]+/s, maximum [\d.]+/s"))


def test_the_period_lives_in_the_address(open_page):
    page = open_page("/engine/admin/system").page

    page.get_by_role("button", name="Week").click()

    expect(page).to_have_url(re.compile(r"\?period=week$"))
    expect(page.get_by_role("img", name=re.compile("^Memory, the last week"))).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Week")).to_have_attribute("aria-pressed", "true")


def test_a_pointer_on_a_chart_reads_a_value(open_page):
    page = open_page("/engine/admin/system").page
    chart = page.get_by_label("Memory", exact=True)
    expect(chart.locator("path[data-line]")).to_have_attribute("d", re.compile("M"), timeout=30_000)

    chart.locator(".plot").hover()

    expect(chart.locator(".foot")).to_contain_text(re.compile("All workers [0-9.]+ MB"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_accessible_and_fits(open_page, scheme, width):
    watched = open_page(
        "/engine/admin/system", color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    expect(watched.page.get_by_label("Instances")).to_contain_text("1 of 1 worker up")

    wide = watched.page.evaluate("document.documentElement.scrollWidth")

    assert wide <= width
    assert watched.violations() == []


@pytest.mark.parametrize("width", [375, 1280])
def test_the_page_lists_scripts_with_their_requests_and_processes(open_page, width):
    watched = open_page("/engine/admin/system", viewport={"width": width, "height": 800})
    page = watched.page
    source = "export const routes = { 'GET /counted': () => new Response('hi') };"
    deployed = page.evaluate(
        """async ([files]) => (await fetch("/api/engine/scripts/counted", {
          method: "PUT",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ files }),
        })).status""",
        [{"main.ts": source}],
    )
    assert deployed in (200, 201)
    statuses = [page.request.get(page.url.split("/engine")[0] + "/counted").status for _ in "abc"]
    assert statuses == [200] * 3

    row = page.get_by_label("Scripts").get_by_role("row").filter(has_text="counted")

    # Workers write what they counted every ten seconds, and the page asks every ten.
    expect(row).to_contain_text(re.compile(r"[3-9]"), timeout=45_000)
    expect(row).to_contain_text("MB")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.violations() == []


@pytest.fixture
def fragile(tmp_path, chromium):
    """An engine of this test's own with two workers; its processes and a page of it."""
    environment = {
        "APP_SERVER__PORT": "0",
        "APP_PERFORMANCE__WORKER_POOL_SIZE": "2",
        "APP_REPOSITORY__DATA_DIR": str(tmp_path / "data"),
    }
    output = tmp_path / "output"
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "aiwebengine", "serve"],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
        )
    try:
        base, link = addresses(output, process)
        context = chromium.new_context()
        page = context.new_page()
        page.goto(link)
        page.goto(f"{base}/engine/admin/system")
        yield process, page, tmp_path / "data"
        context.close()
    finally:
        process.terminate()
        process.wait(60)


def test_a_killed_worker_and_a_frozen_database_show_within_ten_seconds_and_end(fragile):
    process, page, data = fragile
    instances = page.get_by_label("Instances")
    expect(instances).to_contain_text("2 of 2 workers up", timeout=RECOVERS_WITHIN_MS)
    children = psutil.Process(process.pid).children()
    workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]

    workers[0].kill()

    lost = instances.locator("tr", has_text=str(workers[0].pid))
    expect(lost).to_contain_text("Lost", timeout=FAULT_SHOWS_WITHIN_MS)
    expect(instances).to_contain_text("2 of 2 workers up", timeout=RECOVERS_WITHIN_MS)

    with frozen(postgres_in(data)):
        notice = page.get_by_role("alert").filter(has_text="Down since")
        expect(notice).to_contain_text("Database", timeout=FAULT_SHOWS_WITHIN_MS)
        expect(page.get_by_label("Summary")).to_contain_text("Down")
        expect(page.get_by_text("No new data since")).to_be_visible(timeout=30_000)
        page.evaluate(AXE.read_text())
        assert page.evaluate("axe.run().then(result => result.violations.map(one => one.id))") == []
    expect(page.get_by_text("Healthy again since")).to_be_visible(timeout=RECOVERS_WITHIN_MS)
    expect(notice).to_have_count(0)
    expect(page.get_by_text("No new data since")).to_have_count(0, timeout=RECOVERS_WITHIN_MS)
