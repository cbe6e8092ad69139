"""Typing in the editor of scripts, in Chromium: in a small script, and in a large one."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from bench.engines import Bench
from bench.report import Result, percentile
from bench.scripts.http import Connection

SOURCE = 'export const routes: Routes = { "GET /%s": () => new Response("hi") };\n'
LINES = 20_000
FILES = 200
KEYS = 200
WORDS = "const word = 1; "
PAUSE_MS = 30
"""Between two keys: somebody who types quickly, 33 keys a second."""
PATIENCE_MS = 120_000
# From the event of each key to the frame after it, what it waits in line for included.
WATCH_KEYS = """() => {
  if (globalThis.keys) return void (keys.length = 0);
  globalThis.keys = [];
  addEventListener("keydown", (event) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => keys.push(performance.now() - event.timeStamp);
    requestAnimationFrame(() => port2.postMessage(null));
  }, { capture: true });
}"""
ALL_KEYS = """(count) => new Promise((resolve) => {
  const look = () => keys.length < count ? setTimeout(look, 50) : resolve(keys);
  look();
})"""


def large() -> dict[str, str]:
    """The files of a large script; `lines.ts` is the largest of them."""
    lines = [f"export const value{number} = {number}; // of many" for number in range(LINES)]
    others = {f"lib/part{at}.ts": f"export const part = {at};\n" for at in range(FILES - 2)}
    return {"main.ts": SOURCE % "large", "lines.ts": "\n".join(lines), **others}


def typed(page: Page, path: str, keys: int) -> list[float]:
    """Milliseconds that each of so many keys takes at the start of the open file."""
    page.get_by_role("textbox", name=path, exact=True).click()
    page.keyboard.press("ControlOrMeta+Home")
    page.evaluate(WATCH_KEYS)
    page.keyboard.type((WORDS * keys)[:keys], delay=PAUSE_MS)
    return [float(one) for one in page.evaluate(ALL_KEYS, keys)]


def cpu_of_typing(page: Page, path: str, keys: int) -> float:
    """Milliseconds of the processor's time that each of so many keys takes the page's thread.

    Unlike the time that passes, it does not depend on what else the machine does.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    before = spent()
    typed(page, path, keys)
    taken = (spent() - before) * 1_000 / keys
    session.detach()
    return taken


def measure(bench: Bench) -> Result:
    """Milliseconds of a key in a small and in a large script."""
    rows = []
    with bench.started() as engine, Connection(engine.port, bench.token) as client:
        client.put("small", {"main.ts": SOURCE % "small"})
        client.put("large", large())
        with _signed_in(bench, engine.port) as page:
            for name, slug, path in (
                ("one file of a line", "small", "main.ts"),
                (f"{FILES} files, the open one of {LINES:,} lines", "large", "lines.ts"),
            ):
                page.goto(f"http://localhost:{engine.port}/editor/{slug}?file={path}")
                cpu = cpu_of_typing(page, path, KEYS)
                rows.append((name, *_columns(typed(page, path, KEYS)), f"{cpu:.1f}"))
    return Result(
        "Scripts: typing in the editor",
        f"{KEYS} keys at the start of a file in Chromium without a window, one every {PAUSE_MS} ms;"
        " from the key to the frame that shows it, and what the page's thread works for a key.",
        ("", "p50 ms", "p95 ms", "CPU ms"),
        rows,
    )


def _columns(taken: Sequence[float]) -> tuple[str, str]:
    return f"{statistics.median(taken):.1f}", f"{percentile(taken, 95):.1f}"


@contextmanager
def _signed_in(bench: Bench, port: int) -> Iterator[Page]:
    """A page of an administrator, who came by a sign-in link."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Install Debian's package chromium.")
    command = [sys.executable, "-m", "aiwebengine", "users"]
    environ = {**os.environ, "APP_REPOSITORY__DATABASE_URL": bench.url}

    def run(*arguments: str) -> str:
        return subprocess.run(
            [*command, *arguments], env=environ, stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    found = re.search(r'"email": ?"([^"]+)"', run("list", "--role", "Administrator", "--json"))
    assert found
    link = re.search(r"/auth/link\S+", run("sign-in-link", found[1]))
    assert link
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"http://localhost:{port}{link[0]}")
        yield page
        browser.close()
