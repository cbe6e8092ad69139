"""The scripts that the pictures of the editor show, and what each picture has open."""

from __future__ import annotations

from pathlib import Path

import httpx2
from playwright.sync_api import Page, expect

EXAMPLES = Path(__file__).parent.parent / "examples"
SCRIPTS = ("guestbook", "chat", "library", "report", "webhook")
VISITS = 120
PATIENCE_SECS = 60.0
WITH_FILE = "?file=main.ts&line=8&panel="
PAGES = {
    "editor": "/editor",
    "editor-problems": f"/editor/report{WITH_FILE}problems",
    "editor-run": f"/editor/guestbook{WITH_FILE}run",
    "editor-history": f"/editor/guestbook{WITH_FILE}history",
    "editor-phone": "/editor/guestbook?file=main.ts",
}
PHONE = {"width": 390, "height": 780}
MISTAKE = 'const visits: number = "many";'


def write_scripts(base: str, token: str) -> None:
    """Deploy the examples on the engine at *base*, in a few versions, and visit them."""
    with httpx2.Client(
        base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_SECS
    ) as client:
        for slug in SCRIPTS:
            _put(client, slug, _files(slug), message="From the examples")
        guestbook, report = _files("guestbook"), _files("report")
        shorter = guestbook["main.ts"].replace("500.", "400.")
        _put(client, "guestbook", {**guestbook, "main.ts": shorter}, message="Shorter texts")
        _put(client, "guestbook", guestbook, message="Longer texts again")
        before, _, after = report["main.ts"].partition("    const visits")
        mistaken = f"{before}    {MISTAKE}{after[after.index(chr(10)) :]}"
        _put(client, "report", {**report, "main.ts": mistaken}, deploy=False)
    with httpx2.Client(base_url=base, timeout=PATIENCE_SECS) as visitor:
        for name in ("Ada", "Alan", "Katherine"):
            visitor.post("/guestbook", data={"name": name, "text": "Good to be here."})
        for number in range(VISITS):
            visitor.get("/guestbook")
            if number % 3 == 0:
                visitor.post("/report/visit")


def _files(slug: str) -> dict[str, str]:
    folder = EXAMPLES / slug
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


def _put(client: httpx2.Client, slug: str, files: dict[str, str], **more: object) -> None:
    client.put(f"/api/engine/scripts/{slug}", json={"files": files, **more}).raise_for_status()


def arrange(page: Page, name: str) -> None:
    """Bring an open page to what its picture shows."""
    if name == "editor-problems":
        expect(page.get_by_role("tabpanel", name="Problems")).to_contain_text(
            "not assignable", timeout=PATIENCE_SECS * 1_000
        )
    if name == "editor-run":
        run = page.get_by_role("tabpanel", name="Run")
        run.get_by_role("button", name="Run", exact=True).click()
        expect(run).to_contain_text("200")
