"""Signing in again in a browser: at the provider, or with a fresh sign-in link."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import psycopg
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect
from tests.auth.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.browser.conftest import Watched
from tests.conftest import free_port

from aiwebengine.database.embedded import embedded_postgres

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A provider that reports when a person signed in, and asks again if the request says so."""
    port = free_port()
    provider = Provider(f"http://localhost:{port}")
    server = uvicorn.Server(uvicorn.Config(provider.app(), port=port, log_config=None))
    thread = Thread(target=server.run)
    thread.start()
    yield provider
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


@dataclass
class Started:
    base: str
    folder: Path
    environment: dict[str, str]

    def link(self) -> str:
        """A sign-in link for Ada, as the command line makes it."""
        command = [sys.executable, "-m", "aiwebengine", "users", "sign-in-link", "ada@example.com"]
        made = subprocess.run(
            command,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        found = re.search(r"http://\S+", made.stdout)
        assert found, made.stdout
        return found[0]

    def make_sessions_older(self) -> None:
        with embedded_postgres(self.folder / "data") as url, psycopg.connect(url) as connection:
            connection.execute("update sessions set created_at = now() - interval '1 hour'")


@pytest.fixture(scope="module")
def started(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """An engine where Ada is to be the first administrator."""
    folder = tmp_path_factory.mktemp("engine")
    output, port = folder / "output", free_port()
    environment = {
        **os.environ,
        "APP_SERVER__PORT": str(port),
        "APP_AUTH__BOOTSTRAP_ADMINS": '["ada@example.com"]',
        "APP_AUTH__PROVIDERS__TEAM__ISSUER": provider.base,
        "APP_AUTH__PROVIDERS__TEAM__CLIENT_ID": CLIENT_ID,
        "APP_AUTH__PROVIDERS__TEAM__CLIENT_SECRET": CLIENT_SECRET,
    }
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "aiwebengine", "serve"],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        end = time.monotonic() + 240
        while not (home := re.search(r"Home +(\S+)/", output.read_text())):
            assert time.monotonic() < end, output.read_text()
            time.sleep(0.1)
        yield Started(home[1], folder, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert "Traceback" not in output.read_text()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A browser that nobody has used."""
    context = chromium.new_context()
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def ask_for_a_token(page: Page, name: str) -> None:
    page.get_by_role("button", name="New token").click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create token").click()


def test_a_new_sign_in_at_the_provider_returns_to_the_same_page(page, started, provider):
    provider.signed_in_at = time.time() - 3_600
    page.goto(f"{started.base}/engine/admin/tokens")
    page.get_by_role("link", name="Continue with Team").click()
    page.wait_for_url(f"{started.base}/engine/admin/tokens")

    ask_for_a_token(page, "too late")
    page.get_by_role("link", name="Sign in again").click()
    expect(page.get_by_role("heading", name="Sign in again")).to_be_visible()
    assert Watched(page).violations() == []
    page.get_by_role("link", name="Continue with Team").click()
    page.wait_for_url(f"{started.base}/engine/admin/tokens")
    ask_for_a_token(page, "in time")

    expect(page.get_by_text("Copy the token now")).to_be_visible()
    expect(page.locator("tbody")).not_to_contain_text("too late")


def test_who_came_by_a_link_makes_a_fresh_one(page, started):
    page.goto(started.link())
    started.make_sessions_older()
    page.goto(f"{started.base}/engine/admin/tokens")

    ask_for_a_token(page, "too late")
    told = page.get_by_role("dialog").get_by_role("alert")
    expect(told).to_contain_text("aiwebengine users sign-in-link ada@example.com")
    page.get_by_role("link", name="How to sign in again").click()
    expect(page.locator("code")).to_have_text("aiwebengine users sign-in-link ada@example.com")
    assert Watched(page).violations() == []
    page.goto(started.link())
    page.goto(f"{started.base}/engine/admin/tokens")
    ask_for_a_token(page, "after the link")

    expect(page.get_by_text("Copy the token now")).to_be_visible()
