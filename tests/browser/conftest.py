"""A started engine, and a real Chromium that looks at it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    APIResponse,
    Browser,
    BrowserContext,
    Page,
    Route,
    expect,
    sync_playwright,
)

ROOT = Path(__file__).parent.parent.parent
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
USERS = 120
# For what a page does at once: a machine that runs other tests beside may take its time.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
# The tests of health make faults; a busy machine is one, and slow.
EXPECTED = re.compile(r'"event":"(alert\.|database\.slow_query)')


@dataclass
class Started:
    """A running engine."""

    base: str
    link: str
    environment: dict[str, str]

    def command(self, *arguments: str) -> str:
        """Run a command of the engine on the same instance; what it prints."""
        return subprocess.run(
            [sys.executable, "-m", "aiwebengine", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The engine as a new user starts it, with some people in it."""
    folder = tmp_path_factory.mktemp("started")
    environment = {
        **os.environ,
        "APP_REPOSITORY__DATA_DIR": str(folder / "data"),
        "APP_SERVER__PORT": "0",
        "APP_BACKUP__DIRECTORY": str(folder / "backups"),
        # All tests share one sign-in: it counts as recent however long they take.
        "APP_AUTH__SUDO_MINUTES": "600",
    }
    started = Started("", "", environment)
    started.command("demo", "--users", str(USERS))
    output = folder / "output"
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "aiwebengine", "serve"],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        started.base, started.link = addresses(output, process)
        yield started
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    told = output.read_text()
    assert [line for line in told.splitlines() if "Traceback" in line] == []
    warnings = [line for line in told.splitlines() if '"level":"warning"' in line]
    assert [line for line in warnings if not EXPECTED.search(line)] == []


def addresses(output: Path, process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Where a started engine answers, and the sign-in link of its banner."""
    end = time.monotonic() + 240
    while time.monotonic() < end and process.poll() is None:
        link = re.search(r"(http://localhost:\d+)/auth/link\S+", output.read_text())
        if link:
            return link[1], link[0]
        time.sleep(0.1)
    raise AssertionError(f"the engine did not start:\n{output.read_text()}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without its own traffic."""
    path = shutil.which("chromium")
    assert path, "install Debian's package chromium"
    arguments = ["--no-sandbox", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(started: Started, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the cookies of an administrator lie, who came in by the banner's link."""
    state = tmp_path_factory.mktemp("state") / "cookies.json"
    context = chromium.new_context()
    page = context.new_page()
    page.goto(started.link)
    page.get_by_role("heading", name="Users", exact=True).wait_for()
    context.storage_state(path=state)
    context.close()
    return str(state)


@dataclass
class Watched:
    """A page, and everything that went wrong on it."""

    page: Page
    problems: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """What axe finds wrong for people who can't see or use a mouse."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run().then(result => result.violations)")
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]}: {one['nodes'][0]['failureSummary']}"
            for one in found
        ]


def eventually(page: Page, look: Callable[[], object], wanted: object) -> None:
    """Wait until *look* returns *wanted*, for what `expect` has no assertion for."""
    end = time.monotonic() + PATIENCE_MS / 1_000
    while (seen := look()) != wanted:
        assert time.monotonic() < end, f"{seen!r} instead of {wanted!r}"
        page.wait_for_timeout(50)


def hold(page: Page, operation: str) -> list[Route]:
    """Hold the requests for an operation from now on; returns them as they come."""
    held: list[Route] = []

    def decide(route: Route) -> None:
        if operation in (route.request.post_data or ""):
            held.append(route)
        else:
            route.fallback()

    page.route("**/graphql", decide)
    return held


def answered(page: Page, held: list[Route], index: int = 0) -> APIResponse:
    """What the server answers to a held request; the page does not have it yet."""
    eventually(page, lambda: len(held) > index, True)
    return held[index].fetch()


# What a page does soon after it is drawn has been done, and timers of the same time have ended.
SOON = "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 400)))"


def watch(context: BrowserContext, base: str) -> Watched:
    """A new page whose errors and requests to other origins than *base* are noted."""
    context.set_default_timeout(PATIENCE_MS)
    watched = Watched(context.new_page())
    problems = watched.problems
    own = (base, "data:", "blob:", "ws:")
    watched.page.on("pageerror", lambda error: problems.append(str(error)))
    watched.page.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    watched.page.on(
        "request",
        lambda request: problems.append(request.url) if not request.url.startswith(own) else None,
    )
    return watched


@pytest.fixture
def open_page(started: Started, chromium: Browser, signed_in: str) -> Iterator[object]:
    """Open an address as the administrator; errors on the page fail the test at its end."""
    opened: list[Watched] = []

    def open_page(path: str, **options: object) -> Watched:
        context = chromium.new_context(storage_state=signed_in, **options)
        watched = watch(context, started.base)
        opened.append(watched)
        watched.page.goto(started.base + path)
        return watched

    yield open_page
    problems = [problem for watched in opened for problem in watched.problems]
    for watched in opened:
        watched.page.context.close()
    assert problems == []
