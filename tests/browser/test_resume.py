"""An open page behind Caddy continues while the engines are restarted, and misses nothing."""

import re
from threading import Event, Thread

import httpx2
import pytest
from playwright.sync_api import expect
from tests.browser.conftest import eventually
from tests.deploy.conftest import front

__all__ = ["front"]

pytestmark = pytest.mark.browser

COOKIE = "__Host-aiwebengine_session"
INVITE = "mutation ($email: String!) { inviteUser(input: {email: $email}) { user { id } } }"


@pytest.fixture
def page(front, chromium):
    """The users' page of the first administrator, through Caddy."""
    link = re.search(r"\S+/auth/link\?\S+", front.engines[1][2].read_text())
    cookie = httpx2.get(link[0]).headers["set-cookie"]
    secret = re.search(rf"{COOKIE}=([^;]+)", cookie)[1]
    context = chromium.new_context(ignore_https_errors=True)
    context.add_cookies([{"name": COOKIE, "value": secret, "url": front.base, "secure": True}])
    page = context.new_page()
    page.goto(f"{front.base}/engine/admin")
    yield page
    context.close()


@pytest.fixture
def invite(front, command):
    """Invite somebody, from a script."""
    token = command("tokens", "create", "--user", "admin@localhost", "--name", "tests")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(verify=front.trust, headers=headers, timeout=30) as client:

        def invite(address):
            asked = {"query": INVITE, "variables": {"email": address}}
            answer = client.post(f"{front.base}/graphql", json=asked)
            assert answer.status_code == 200, answer.text
            assert "errors" not in answer.json(), answer.text

        yield invite


def test_an_open_page_continues_after_each_restart_and_misses_nothing(front, page, invite):
    expect(page.locator(".pill")).to_contain_text("Live")
    page.evaluate("window.wasNeverLoadedAgain = true")
    invited, is_over = [], Event()

    def write():
        while not is_over.wait(0.3):
            address = f"during-{len(invited)}@example.com"
            invite(address)
            invited.append(address)

    writing = Thread(target=write)
    writing.start()
    try:
        for number in (0, 1):
            front.restart(number)
    finally:
        is_over.set()
        writing.join(60)

    # The one that was invited last is on top, all others below it.
    expect(page.locator("tbody .email").first).to_have_text(invited[-1], timeout=20_000)
    expect(page.locator(".pill")).to_contain_text("Live")
    newest_first = [*reversed(invited), "admin@localhost"]
    shown = page.locator("tbody .email")
    eventually(page, lambda: shown.all_inner_texts()[:50], newest_first[:50])
    invite("after@example.com")
    expect(page.locator("tbody tr", has_text="after@example.com")).to_be_visible()
    assert page.evaluate("window.wasNeverLoadedAgain") is True


def test_a_proxy_without_engines_is_not_taken_for_a_success(front, page):
    for process, *_ in front.engines:
        process.terminate()
        assert process.wait(60) == 0
    page.get_by_role("button", name="Sign out").click()
    told = page.get_by_text("You may still be signed in")
    expect(told).to_be_visible(timeout=30_000)
    expect(page.locator(".pill")).to_contain_text("Down")

    page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill("late@example.com")
    dialog.get_by_role("button", name="Invite").click()
    expect(dialog).to_contain_text(re.compile("[Nn]o.* answer"), timeout=30_000)
    expect(dialog.get_by_label("Email")).to_have_value("late@example.com")
    for number in (0, 1):
        front.start(number)
    # Caddy has to find out, too.
    expect(page.locator(".pill")).to_contain_text("Live", timeout=30_000)
    dialog.get_by_role("button", name="Invite").click()

    expect(page.locator("tbody tr", has_text="late@example.com")).to_be_visible(timeout=20_000)
