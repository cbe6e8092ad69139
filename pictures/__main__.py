"""Takes the pictures of the README: the manager with made-up people in it, light and dark.

`make pictures` writes docs/pictures/NAME-light.webp and NAME-dark.webp;
`python -m pictures audit users` takes these two only.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from pictures import editor
from pictures.life import live, token_of

TO = Path(__file__).parent.parent / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 800
QUALITY = 0.82
SHARPNESS = 1.25
# A chart with two points in it is not yet one.
LIFE_SECS = 75
PAGES = {
    "home": "/",
    "health": "/engine/admin/health",
    "system": "/engine/admin/system",
    "users": "/engine/admin/users",
    "audit": "/engine/admin/audit",
    "logs": "/engine/admin/logs",
    "backups": "/engine/admin/backups",
    "maintenance": "/engine/admin/maintenance",
    **editor.PAGES,
}


def main() -> None:
    """Start an engine, live in it for a while, take the pictures."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Install Debian's package chromium.")
    wanted = sys.argv[1:] or list(PAGES)
    if unknown := [name for name in wanted if name not in PAGES]:
        sys.exit(f"There is no page {unknown[0]!r}; there are: {', '.join(PAGES)}.")
    TO.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with engine(folder) as (base, link, command):
            state = folder / "cookies.json"
            _sign_in(browser, link, state)
            live(base, command, LIFE_SECS if set(wanted) - set(editor.PAGES) else 0)
            if set(wanted) & set(editor.PAGES):
                editor.write_scripts(base, token_of(command, "editor"))
            for scheme in ("light", "dark"):
                with _context(browser, state, scheme) as context:
                    for picture in wanted:
                        _take(context, base, picture, scheme, folder)
        browser.close()


@contextmanager
def engine(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """A started engine: its address, its first sign-in link, and the words of its command."""
    environ = {
        **os.environ,
        "APP_SERVER__PORT": "0",
        "APP_AUTH__BOOTSTRAP_ADMINS": '["grace.hopper@example.com"]',
    }
    os.environ.update(environ)
    os.chdir(folder)
    command = [sys.executable, "-m", "aiwebengine"]
    output = folder / "output"
    with output.open("w") as log:
        process = subprocess.Popen([*command, "serve"], env=environ, stdout=log, stderr=log)
    try:
        while (found := re.search(r"(http://\S+)/auth/link\S+", output.read_text())) is None:
            if process.poll() is not None:
                sys.exit(output.read_text())
            time.sleep(0.1)
        yield found[1], found[0], command
    finally:
        process.terminate()
        process.wait(60)


def _sign_in(browser: Browser, link: str, state: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(link)
    page.get_by_role("heading", name="Users", exact=True).wait_for()
    context.storage_state(path=state)
    context.close()


@contextmanager
def _context(browser: Browser, state: Path, scheme: str) -> Iterator[BrowserContext]:
    context = browser.new_context(
        storage_state=state,
        color_scheme="light" if scheme == "light" else "dark",
        viewport={"width": WIDTH, "height": HEIGHT},
        device_scale_factor=SHARPNESS,
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    yield context
    context.close()


def _take(context: BrowserContext, base: str, picture: str, scheme: str, folder: Path) -> None:
    page = context.new_page()
    if picture.endswith("-phone"):
        page.set_viewport_size(editor.PHONE)
    page.goto(base + PAGES[picture])
    page.wait_for_load_state("networkidle")
    editor.arrange(page, picture)
    expect(page.locator("[aria-busy=true], .skeleton")).to_have_count(0)
    # Live lines and metrics never become idle; a moment shows the first of them.
    page.wait_for_timeout(1500)
    _rename(page, {str(folder): "/srv/aiwebengine", socket.gethostname(): "web1"})
    taken = TO / f"{picture}-{scheme}.webp"
    taken.write_bytes(_as_webp(context, page.screenshot()))
    page.close()
    print(f"docs/pictures/{taken.name}", taken.stat().st_size)


def _rename(page: Page, names: dict[str, str]) -> None:
    """The machine that takes the pictures is nobody's business."""
    page.evaluate(
        """names => {
          const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (texts.nextNode())
            for (const [mine, shown] of Object.entries(names))
              if (texts.currentNode.data.includes(mine))
                texts.currentNode.data = texts.currentNode.data.replaceAll(mine, shown);
        }""",
        names,
    )


def _as_webp(context: BrowserContext, png: bytes) -> bytes:
    """The browser that shows the picture also knows how to make it small."""
    page = context.new_page()
    address = page.evaluate(
        """async ([png, quality]) => {
          const image = new Image();
          image.src = "data:image/png;base64," + png;
          await image.decode();
          const canvas = document.createElement("canvas");
          canvas.width = image.width;
          canvas.height = image.height;
          canvas.getContext("2d").drawImage(image, 0, 0);
          return canvas.toDataURL("image/webp", quality);
        }""",
        [base64.b64encode(png).decode(), QUALITY],
    )
    page.close()
    return base64.b64decode(address.partition(",")[2])


if __name__ == "__main__":
    main()
