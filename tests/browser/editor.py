"""What the tests of the editor's pages share: an engine, its people, and scripts.

A test file imports the fixtures that it uses and names them in `__all__`:

    from tests.browser.editor import administrator, editor, editor_site, open_editor

    __all__ = ["administrator", "editor", "editor_site", "open_editor"]

    def test_a_panel(editor, open_editor):
        editor.make_script("orders", {"main.ts": MAIN})
        page = open_editor(editor, "/editor/orders?panel=run").page
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import httpx2
import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browser.conftest import Watched, watch
from tests.script_routes.site import Site, running
from tests.servers import Server
from tests.support.databases import Databases

EMAIL_OF_THE_ADMINISTRATOR = "admin@localhost"
PATIENCE_SECS = 120.0

CREATE = """
  mutation ($slug: String!, $title: String) {
    createScript(input: {slug: $slug, title: $title}) { script { id } }
  }
"""
SAVE = """
  mutation ($slug: String!, $files: [ScriptFileInput!]!, $message: String) {
    saveScript(input: {slug: $slug, files: $files, message: $message}) { version { number } }
  }
"""
DEPLOY = """
  mutation ($slug: String!, $version: Int) {
    deployScript(input: {slug: $slug, version: $version}) {
      version diagnostics { file line message }
    }
  }
"""
INVITE = """
  mutation ($email: String!, $name: String!, $roles: [Role!]!) {
    inviteUser(input: {email: $email, name: $name, roles: $roles}) { user { id } }
  }
"""
# Types are checked one script at a time, and a check that waits for too long on a busy machine is
# refused with this status, which the page says. Chromium notes each refusal.
BUSY = "Failed to load resource: the server responded with a status of 503"


@dataclass(frozen=True)
class Person:
    """A user of the engine with a session."""

    site: Site
    email: str

    @property
    def cookie(self) -> dict[str, Any]:
        """The cookie of the session, for a browser."""
        return {
            "name": "aiwebengine_session",
            "value": self.site.session,
            "url": self.site.base,
            "httpOnly": True,
            "sameSite": "Lax",
        }

    def answer(self, document: str, **variables: Any) -> dict[str, Any]:
        """What `/graphql` answers, errors included."""
        answer = httpx2.post(
            f"{self.site.base}/graphql",
            json={"query": document, "variables": variables},
            cookies=self.site.cookies,
            timeout=PATIENCE_SECS,
        )
        return dict(answer.json())

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of a document that is executed without errors."""
        body = self.answer(document, **variables)
        assert "errors" not in body, body["errors"]
        return dict(body["data"])

    def create_script(self, slug: str, title: str | None = None) -> None:
        """Create a script without a version."""
        self.ask(CREATE, slug=slug, title=title)

    def save_script(self, slug: str, files: dict[str, str], message: str | None = None) -> int:
        """Save the texts by path as the newest version of a script; its number."""
        texts = [{"path": path, "text": text} for path, text in files.items()]
        saved = self.ask(SAVE, slug=slug, files=texts, message=message)
        return int(saved["saveScript"]["version"]["number"])

    def deploy_script(self, slug: str, version: int | None = None) -> None:
        """Deploy a version of a script; the newest by default."""
        deployed = self.ask(DEPLOY, slug=slug, version=version)["deployScript"]
        assert deployed["version"] is not None, deployed["diagnostics"]

    def make_script(self, slug: str, files: dict[str, str]) -> None:
        """Create a script, save these texts by path, and deploy them."""
        self.create_script(slug)
        self.save_script(slug, files)
        self.deploy_script(slug)


@dataclass(frozen=True)
class EditorSite:
    """A running engine without scripts, and the people whom a test lets in."""

    site: Site

    @property
    def base(self) -> str:
        return self.site.base

    @property
    def administrator(self) -> Person:
        return Person(self.site, EMAIL_OF_THE_ADMINISTRATOR)

    def person(self, name: str, *roles: str) -> Person:
        """A new user with these roles, such as `EDITOR`, who is signed in."""
        email = f"{name.lower()}@example.com"
        self.administrator.ask(INVITE, email=email, name=name, roles=roles)
        self.execute("update users set status = 'active' where email = %s", [email])
        return Person(replace(self.site, session=self.site.sign_in(email)), email)

    def execute(self, statement: str, values: list[Any] | None = None) -> None:
        """Execute a statement on the database, for what takes too long by GraphQL."""
        with psycopg.connect(self.site.url) as connection:
            connection.execute(statement.encode(), values)


class OpenEditor(Protocol):
    """Opens a path as a person in a browser of its own."""

    def __call__(self, person: Person, path: str = "/editor", **options: Any) -> Watched: ...


@pytest.fixture(scope="module")
def editor_site(
    server: Server, database_copies: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EditorSite]:
    """An engine of this file's own, without scripts."""
    name = database_copies.take()
    settings = {"APP_SECURITY__RATE_LIMIT_PER_MINUTE": "100000"}
    with running(tmp_path_factory.mktemp("editor"), server.database(name), **settings) as site:
        yield EditorSite(site)
    database_copies.give_back(name)


@pytest.fixture(scope="module")
def administrator(editor_site: EditorSite) -> Person:
    """The first administrator, signed in."""
    return editor_site.administrator


@pytest.fixture(scope="module")
def editor(editor_site: EditorSite) -> Person:
    """Edith, an editor, signed in."""
    return editor_site.person("Edith", "EDITOR")


@pytest.fixture(scope="module")
def other_editor(editor_site: EditorSite) -> Person:
    """Emma, another editor, signed in."""
    return editor_site.person("Emma", "EDITOR")


@pytest.fixture
def open_editor(chromium: Browser) -> Iterator[OpenEditor]:
    """Open a path as a person; errors on the page fail the test at its end."""
    opened: list[Watched] = []

    def open_editor(person: Person, path: str = "/editor", **options: Any) -> Watched:
        context = chromium.new_context(**options)
        context.add_cookies([person.cookie])
        opened.append(watch(context, person.site.base))
        opened[-1].page.goto(person.site.base + path)
        return opened[-1]

    yield open_editor
    problems = [
        problem
        for watched in opened
        for problem in watched.problems
        if not problem.startswith(BUSY)
    ]
    for watched in opened:
        watched.page.context.close()
    assert problems == [], problems


def show_panel(page: Page, name: str) -> None:
    """Open a panel of the workspace by its button, unless it is open."""
    tab = page.get_by_role("tablist", name="Panels").get_by_role("tab", name=name, exact=True)
    if tab.get_attribute("aria-selected") != "true":
        tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")


def code_of(page: Page, path: str) -> Locator:
    """The text box with the code of a file."""
    return page.get_by_role("textbox", name=path, exact=True)


def open_file(page: Page, path: str) -> None:
    """Open a file by the tree, whose folders are open."""
    files = page.get_by_role("region", name="Files")
    files.locator(f'[role=treeitem][data-path="{path}"]').click()
    expect(code_of(page, path)).to_be_visible()


PASTE = """(box, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const options = { clipboardData, bubbles: true, cancelable: true };
  box.dispatchEvent(new ClipboardEvent("paste", options));
}"""


def replace_code(page: Page, path: str, text: str) -> None:
    """Put *text* in place of all code of the open file, as a paste does."""
    code = code_of(page, path)
    code.click()
    page.keyboard.press("ControlOrMeta+a")
    # Typed by key, brackets would be closed twice.
    code.evaluate(PASTE, text)
