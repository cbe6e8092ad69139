"""The whole sign-in in a browser, by way of a provider that asks a person."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import PATIENCE_MS, Watched
from tests.conftest import free_port

pytestmark = pytest.mark.browser

PEOPLE = ("ada", "bob", "eve")
UNVERIFIED = "eve"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The mock that others test their programs with; it never checked the address of Eve."""
    port = free_port()
    claims = [
        json.dumps(
            {
                "sub": name,
                "email": f"{name}@example.com",
                "email_verified": name != UNVERIFIED,
            }
        )
        for name in PEOPLE
    ]
    known = [part for one in claims for part in ("--user-claims", one)]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *known],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                address = f"http://localhost:{port}/.well-known/openid-configuration"
                yield httpx2.get(address).json()["issuer"]
                break
            except httpx2.ConnectError:
                time.sleep(0.1)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def base(issuer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An engine where Ada is to be the first administrator."""
    folder = tmp_path_factory.mktemp("engine")
    output = folder / "output"
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "aiwebengine", "serve"],
            env={
                **os.environ,
                "APP_SERVER__PORT": "0",
                "APP_AUTH__BOOTSTRAP_ADMINS": '["ada@example.com"]',
                "APP_AUTH__PROVIDERS__TEAM__ISSUER": issuer,
                "APP_AUTH__PROVIDERS__TEAM__LABEL": "the team's account",
                "APP_AUTH__PROVIDERS__TEAM__CLIENT_ID": "engine",
                "APP_AUTH__PROVIDERS__TEAM__CLIENT_SECRET": "secret",
                "APP_AUTH__PROVIDERS__GITHUB__CLIENT_ID": "engine",
                "APP_AUTH__PROVIDERS__GITHUB__CLIENT_SECRET": "secret",
            },
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        end = time.monotonic() + 240
        while not (home := re.search(r"Home +(\S+)/", output.read_text())):
            assert time.monotonic() < end, output.read_text()
            time.sleep(0.1)
        yield home[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert "Traceback" not in Path(output).read_text()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A browser that nobody has used."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def sign_in(page: Page, base: str, person: str, path: str) -> None:
    page.goto(base + path)
    page.get_by_role("link", name="Continue with the team's account").click()
    page.get_by_role("button", name=person, exact=True).first.click()


def test_ada_signs_in_and_lands_where_she_wanted_and_signs_out_again(page, base):
    sign_in(page, base, "ada", "/engine/admin/audit?q=ada")

    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    expect(page).to_have_url(f"{base}/engine/admin/audit?q=ada")
    expect(page.locator(".me")).to_contain_text("ada@example.com")

    page.get_by_role("button", name="Sign out").click()
    offer = page.get_by_role("dialog", name="You are signed out")
    expect(offer.get_by_role("button", name="Sign out of the team's account")).to_be_visible()
    offer.get_by_role("button", name="Cancel").click()
    page.wait_for_url(f"{base}/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert page.context.cookies(base) == [
        cookie for cookie in page.context.cookies(base) if cookie["name"] != "aiwebengine_session"
    ]


def test_a_user_without_the_role_sees_that_access_is_denied(page, base):
    sign_in(page, base, "bob", "/engine/admin")

    expect(page.get_by_role("heading", name="You don't have access to this page")).to_be_visible()
    expect(page.get_by_text("You are signed in as bob@example.com")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("[Ss]ign in"))).to_have_count(0)


def test_everybody_sees_and_ends_their_own_sign_ins_at_home(page, base, chromium):
    sign_in(page, base, "bob", "/auth/login?redirect=/")
    elsewhere = chromium.new_context().new_page()
    sign_in(elsewhere, base, "bob", "/auth/login?redirect=/")
    page.reload()
    rows = page.locator(".sessions li")

    expect(rows.filter(has_text="Current")).to_have_count(1)
    before = rows.count()
    expect(rows.first).to_contain_text(re.compile(r"Chrome \d+ on Linux"))
    rows.filter(has_not_text="Current").first.get_by_role("button", name="Sign out").click()
    expect(rows).to_have_count(before - 1)

    page.get_by_role("button", name="Sign out everywhere").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    elsewhere.reload()
    expect(elsewhere.get_by_role("link", name="Sign in")).to_be_visible()
    assert Watched(page).violations() == []
    elsewhere.context.close()


def test_a_role_for_somebody_who_is_not_verified_asks_for_a_confirmation(page, base, chromium):
    hers = chromium.new_context()
    sign_in(hers.new_page(), base, "eve", "/auth/login?redirect=/")
    hers.pages[0].wait_for_url(f"{base}/")
    sign_in(page, base, "ada", "/engine/admin/users")
    row = page.locator("tbody tr", has_text="eve@example.com")

    expect(row.get_by_text("Not verified")).to_be_visible()
    mine = page.locator("tbody tr", has_text="ada@example.com")
    expect(mine.get_by_text("Not verified")).to_have_count(0)
    row.get_by_role("button", name=re.compile("Add Editor")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("no sign-in provider has verified")).to_be_visible()
    assert Watched(page).violations() == []
    dialog.get_by_role("button", name="Add editor").click()
    expect(dialog).to_be_visible()
    expect(row.locator(".badge.editor")).to_have_count(0)
    dialog.get_by_label("I have confirmed who this is").check()
    dialog.get_by_role("button", name="Add editor").click()
    expect(row.locator(".badge.editor")).to_be_visible()

    row.get_by_role("link").first.click()
    expect(page.locator("dl").get_by_text("Not verified", exact=True)).to_be_visible()
    page.get_by_role("button", name="Add Administrator").click()
    expect(dialog.get_by_label("I have confirmed who this is")).to_be_visible()
    assert Watched(page).violations() == []
    page.keyboard.press("Escape")
    page.goto(f"{base}/engine/admin/maintenance/review")
    page.get_by_role("button", name="Start review").first.click()
    entry = page.locator("tbody tr", has_text="eve@example.com")
    expect(entry.get_by_text("Not verified")).to_be_visible()
    hers.close()


def test_a_cancelled_sign_in_is_reported_and_can_be_repeated(page, base):
    page.goto(f"{base}/engine/admin")
    page.get_by_role("link", name="Continue with the team's account").click()
    page.get_by_role("button", name="Deny").click()

    expect(page.get_by_role("alert")).to_contain_text("was cancelled")
    expect(page.get_by_role("alert")).to_contain_text("Request")
    again = page.get_by_role("link", name="Continue with the team's account")
    again.click()
    page.get_by_role("button", name="ada", exact=True).first.click()
    page.wait_for_url(f"{base}/engine/admin")


def test_two_tabs_may_both_finish(page, base):
    other = page.context.new_page()
    for tab, path in ((page, "/engine/admin/users"), (other, "/engine/admin/tokens")):
        tab.goto(base + path)
        tab.get_by_role("link", name="Continue with the team's account").click()
    for tab, path in ((page, "/engine/admin/users"), (other, "/engine/admin/tokens")):
        tab.get_by_role("button", name="ada", exact=True).first.click()
        tab.wait_for_url(base + path)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_usable_by_keyboard_by_everybody_at_every_width(chromium, base, width, scheme):
    context = chromium.new_context(viewport={"width": width, "height": 720}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{base}/auth/login?redirect=/engine/admin")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert Watched(page).violations() == []
    for _ in range(6):
        page.keyboard.press("Tab")
        if "Continue with GitHub" in page.evaluate("document.activeElement.textContent"):
            break
    page.keyboard.press("Tab")
    assert "the team's account" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: not url.startswith(base))
    context.close()
