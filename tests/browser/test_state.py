"""One state on every page: a fault shows within ten seconds, agrees everywhere, and heals."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.conftest import free_port
from tests.freezing import frozen, postgres_in

pytestmark = pytest.mark.browser

ADMIN = "/engine/admin"
SHOWS_WITHIN_MS = 10_000
HEALS_WITHIN_MS = 60_000
EMAIL = "admin@localhost"


@dataclass
class Instance:
    """A separate engine with its own database, which a test may break and repair."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "APP_SERVER__PORT": str(self.port),
            "APP_REPOSITORY__DATA_DIR": str(self.folder / "data"),
            "APP_BACKUP__DIRECTORY": str(self.backups),
        }

    def start(self) -> None:
        with (self.folder / "output").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "aiwebengine", "serve"],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)

    def command(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "aiwebengine", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout

    def link(self, email: str = EMAIL) -> str:
        found = re.search(r"http://\S+", self.command("users", "sign-in-link", email))
        assert found
        return found[0]

    def database(self) -> list[psutil.Process]:
        server = postgres_in(self.folder / "data")
        return [server, *server.children()]

    def engine(self) -> list[psutil.Process]:
        """The engine's processes, without its database."""
        assert self.process is not None
        database = {one.pid for one in self.database()}
        first = psutil.Process(self.process.pid)
        every = [first, *first.children(recursive=True)]
        return [one for one in every if one.pid not in database]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    instance = Instance(tmp_path_factory.mktemp("instance"), free_port())
    instance.start()
    try:
        output = instance.folder / "output"
        end = time.monotonic() + 120
        while not (link := re.search(r"http://\S+/auth/link\S+", output.read_text())):
            assert time.monotonic() < end, output.read_text()
            time.sleep(0.1)
        # The first administrator exists from the first sign-in on.
        assert httpx2.get(link[0]).status_code == 303
        yield instance
    finally:
        instance.stop()


@pytest.fixture
def browser(instance: Instance, chromium: Browser) -> Iterator[BrowserContext]:
    """A browser of an administrator."""
    context = chromium.new_context()
    context.set_default_timeout(HEALS_WITHIN_MS)
    page = context.new_page()
    page.goto(instance.link())
    page.close()
    yield context
    context.close()


@contextmanager
def frozen_engine(instance: Instance) -> Iterator[None]:
    assert instance.process is not None
    with frozen(psutil.Process(instance.process.pid), spared=instance.database()):
        yield


@contextmanager
def killed_engine(instance: Instance) -> Iterator[None]:
    for one in instance.engine():
        one.kill()
    assert instance.process is not None
    instance.process.wait(30)
    try:
        yield
    finally:
        instance.start()


@contextmanager
def frozen_database(instance: Instance) -> Iterator[None]:
    with frozen(postgres_in(instance.folder / "data")):
        yield


@contextmanager
def missing_backup_directory(instance: Instance) -> Iterator[None]:
    instance.backups.mkdir(exist_ok=True)
    aside = instance.backups.rename(instance.folder / "aside")
    instance.backups.write_text("a file where a directory should be")
    try:
        yield
    finally:
        instance.backups.unlink()
        aside.rename(instance.backups)


DOWN = ("Down", "down", "(!) ", "icon-down.svg")
DEGRADED = ("Degraded: Backup directory", "degraded", "● ", "icon-degraded.svg")
FAULTS: dict[str, tuple[Callable, tuple[str, str, str, str]]] = {
    "the engine is frozen": (frozen_engine, DOWN),
    "the engine is killed": (killed_engine, DOWN),
    "the database is frozen": (frozen_database, DOWN),
    "the backup directory is missing": (missing_backup_directory, DEGRADED),
}


def open_page(browser: BrowserContext, instance: Instance, path: str) -> Page:
    page = browser.new_page()
    page.goto(f"{instance.base}{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".pill")).to_have_text(re.compile("Live|As of"))
    return page


def addresses(page: Page) -> list[str]:
    """Every page of the manager, from its own menu."""
    found = page.locator(f"#menu a[href^='{ADMIN}']").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    assert len(found) >= 10
    return [*found, f"{ADMIN}/maintenance/review"]


def go(page: Page, path: str) -> None:
    """Open a page of the manager without loading anything from the engine."""
    page.evaluate("path => history.pushState(null, '', path)", path)
    page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    expect(page.locator("main h1")).to_be_visible()


def expect_state(page: Page, words: str, state: str, prefix: str, icon: str) -> None:
    expect(page.locator(".pill")).to_have_text(words, timeout=SHOWS_WITHIN_MS)
    expect(page).to_have_title(re.compile("^" + re.escape(prefix)))
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile(icon))
    dot = page.get_by_role("link", name="Health").first.locator(".dot")
    expect(dot).to_have_attribute("data-state", state)


def expect_well(page: Page) -> None:
    expect(page.locator(".pill")).to_have_text(
        re.compile("^(Live|As of [0-9:]{8})$"), timeout=HEALS_WITHIN_MS
    )
    expect(page).not_to_have_title(re.compile(r"^(\(!\)|●)"))
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("/icon.svg"))
    expect(page.locator(".dot")).to_have_count(0)


@pytest.mark.parametrize("start", [f"{ADMIN}/users", f"{ADMIN}/tokens"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_page_shows_the_fault_within_ten_seconds_and_heals(instance, browser, fault, start):
    broken, state = FAULTS[fault]
    page = open_page(browser, instance, start)

    with broken(instance):
        expect_state(page, *state)
        for path in addresses(page):
            go(page, path)
            expect_state(page, *state)
            if state is DOWN:
                # A page never promises what will not come: the one notice says why.
                expect(page.locator(".skeleton:visible")).to_have_count(0)
                expect(page.get_by_role("alert").filter(has_text="Down since")).to_have_count(1)
        go(page, f"{ADMIN}/system")
        at_a_glance = page.get_by_label("Summary")
        expect(at_a_glance.locator(".figure").first).to_contain_text(state[0].split(":")[0])

    expect_well(page)
    for path in addresses(page):
        go(page, path)
        expect_well(page)
        expect(page.locator(".skeleton:visible")).to_have_count(0)
        expect(page.locator("main .notice.bad")).to_have_count(0)


def test_home_says_the_same_words_and_follows_them(instance, browser):
    page = browser.new_page()
    page.goto(instance.base)
    line = page.locator("#engine-state")
    expect(line).to_contain_text(re.compile("^ *Healthy · version"))

    with missing_backup_directory(instance):
        expect(line).to_have_text("Degraded: Backup directory", timeout=SHOWS_WITHIN_MS)
        page.reload()
        expect(line).to_have_text("Degraded: Backup directory")
    expect(line).to_contain_text("Healthy", timeout=HEALS_WITHIN_MS)
    with frozen_database(instance):
        expect(line).to_contain_text("Down", timeout=SHOWS_WITHIN_MS)
    expect(line).to_contain_text("Healthy", timeout=HEALS_WITHIN_MS)


def test_an_open_page_shows_no_healthy_state_once_the_engine_is_down(instance, browser):
    health, maintenance = browser.new_page(), browser.new_page()
    health.goto(f"{instance.base}{ADMIN}/health")
    maintenance.goto(f"{instance.base}{ADMIN}/maintenance")
    summary = health.locator(".health .bar [role=status]")
    line = maintenance.locator(".duties li").filter(has_text="Check health")
    expect(summary).to_have_text(re.compile("^Healthy 1[0-9] checks: "))
    expect(line).to_contain_text("OK")

    with frozen_database(instance):
        expect(summary).to_have_text(
            re.compile("^Down Last seen: 1[0-9] checks: "), timeout=SHOWS_WITHIN_MS
        )
        expect(line).to_contain_text("Needs attention", timeout=SHOWS_WITHIN_MS)
        expect(line).not_to_contain_text("Healthy.")
    expect(line).to_contain_text("Healthy.", timeout=HEALS_WITHIN_MS)


def test_a_page_that_does_not_exist_shows_no_mark_that_it_loads(instance, browser):
    page = browser.new_page()
    page.goto(f"{instance.base}{ADMIN}/nowhere")

    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    expect(page.locator(".tools .pill")).to_have_count(0)


def test_a_stranger_learns_no_name_of_a_check(instance, chromium):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(instance.base)

    with missing_backup_directory(instance):
        line = page.locator("#engine-state")
        expect(line).to_have_text("Degraded", timeout=SHOWS_WITHIN_MS)
        page.reload()
        expect(line).to_have_text("Degraded")
    context.close()


def test_the_mark_says_live_only_where_something_is_followed(instance, browser):
    page = open_page(browser, instance, f"{ADMIN}/users")
    expect(page.locator(".pill")).to_have_text("Live")

    paths = addresses(page)
    followed = {f"{ADMIN}/{name}" for name in ("users", "audit", "system", "logs", "scripts")}
    assert followed < set(paths)
    for path in paths:
        go(page, path)
        words = "^Live$" if path in followed else "^As of .*$"
        expect(page.locator(".pill")).to_have_text(re.compile(words))


def test_a_new_page_is_read_from_its_heading_and_the_menu_stays_at_1024(instance, browser):
    page = open_page(browser, instance, f"{ADMIN}/users")
    page.set_viewport_size({"width": 1024, "height": 768})

    page.get_by_role("link", name="Audit trail").click()

    expect(page.get_by_role("heading", name="Audit trail")).to_be_focused()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(page.get_by_role("link", name="Migrations")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1024
