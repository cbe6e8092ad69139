"""A restore on the screen, from the question to its result and back again."""

import json
import re
import tarfile
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Watched
from tests.conftest import first_sign_in

pytestmark = pytest.mark.browser

# A restore of the tests' database takes seconds; the machine may be busy.
LONG_MS = 90_000
PATH = "/engine/admin/backups"


def violations(page):
    return Watched(page).violations()


class Own:
    """An engine of this test's own, as a restore changes everything, and its administrator."""

    def __init__(self, base, url, folder, command, context):
        self.base, self.url, self.folder, self.command = base, url, folder, command
        self.context = context

    def page(self):
        return self.context.new_page()

    def run(self, statement):
        """What a statement finds in the database that serves now."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def has_user(self, email):
        return (email,) in self.run("select email from users")

    def spoil(self, name):
        """One byte in the middle of the dump is another one."""
        path = self.folder / "backups" / name
        with tarfile.open(path) as tar:
            member = tar.getmember("database.dump")
        with path.open("r+b") as file:
            file.seek(member.offset_data + member.size // 2)
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 0xFF]))


@pytest.fixture
def own(url, start, command, tmp_path, monkeypatch, chromium):
    monkeypatch.setenv("APP_REPOSITORY__DATABASE_URL", url)
    _, base, output = start()
    context = chromium.new_context()
    context.add_cookies(
        [{"name": "aiwebengine_session", "value": first_sign_in(output), "url": base}]
    )
    context.set_default_timeout(LONG_MS)
    yield Own(base, url, tmp_path, command, context)
    context.close()


def asked(page, own, made):
    """The question before the restore of this backup, with the word typed."""
    page.goto(own.base + PATH)
    page.locator("tbody tr", has_text=made).get_by_role(
        "button", name=re.compile("Restore")
    ).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Type restore").fill("restore")
    return dialog


def test_the_whole_way_restored_still_signed_in_and_back_again(own):
    made = json.loads(own.command("backup", "create", "--json"))["name"]
    own.command("users", "invite", "later@example.com")
    page = own.page()
    page.goto(own.base + PATH)
    row = page.locator("tbody tr", has_text=made)

    row.get_by_role("button", name=re.compile("Restore")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile("change.* by .* will be undone"))).to_be_visible()
    expect(dialog.get_by_text("later@example.com")).to_be_visible()
    dialog.get_by_label("Type restore").fill("restore")
    dialog.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("A restore is running")).to_be_visible(timeout=LONG_MS)
    other = page.context.new_page()
    other.goto(own.base + PATH)

    result = page.get_by_label("Last restore")
    expect(result.get_by_text("Backup restored")).to_be_visible(timeout=LONG_MS)
    expect(result.get_by_text("The session that started it is still active")).to_be_visible()
    expect(result.get_by_text(re.compile("^[0-9,]+ rows"))).to_be_visible()
    expect(result.get_by_role("link", name=re.compile("Access review"))).to_be_visible()
    expect(page.get_by_text("You have been signed out")).to_have_count(0)
    expect(page.get_by_label("Running")).to_have_count(0)
    expect(page.locator("tbody tr", has_text="Safety backup")).to_be_visible()
    expect(other.get_by_label("Last restore")).to_be_visible(timeout=LONG_MS)
    assert violations(page) == []
    assert own.has_user("later@example.com") is False
    page.reload()
    own.command("users", "invite", "between@example.com")

    page.get_by_label("Last restore").get_by_role("button", name=re.compile("Undo restore")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("between@example.com")).to_be_visible()
    expect(dialog.get_by_role("textbox")).to_have_count(0)
    assert violations(page) == []
    dialog.get_by_role("button", name="Undo restore").click()

    result = page.get_by_label("Last restore")
    expect(result.get_by_text("Restore undone")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_text("You have been signed out")).to_have_count(0)
    assert own.has_user("later@example.com") is True
    assert own.has_user("between@example.com") is False
    page.goto(own.base + "/engine/admin/audit")
    expect(page.locator("tbody tr").first).to_contain_text("undid a restore")


def test_the_sign_in_comes_before_anything_is_typed_and_leads_back_to_the_question(own):
    made = json.loads(own.command("backup", "create", "--json"))["name"]
    page = own.page()
    own.run("update sessions set created_at = now() - interval '2 hours'")
    page.goto(own.base + PATH)

    page.locator("tbody tr", has_text=made).get_by_role(
        "button", name=re.compile("Restore")
    ).click()
    dialog = page.get_by_role("dialog")
    link = dialog.get_by_role("link", name="Sign in again")
    expect(link).to_be_visible()

    expect(dialog.get_by_role("textbox")).to_have_count(0)
    expect(dialog.get_by_role("button", name="Restore")).to_have_count(0)
    target = parse_qs(urlsplit(link.get_attribute("href")).query)["redirect"][0]
    assert target == f"{PATH}?restore={made}"
    own.run("update sessions set created_at = now()")
    page.goto(own.base + target)
    expect(page.get_by_role("dialog").get_by_label("Type restore")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_text(made)).to_be_visible()


def test_a_restore_that_fails_says_why_on_the_page_and_once(own):
    made = json.loads(own.command("backup", "create", "--json"))["name"]
    page = own.page()
    dialog = asked(page, own, made)
    own.spoil(made)
    dialog.get_by_role("button", name="Restore").click()

    failed = page.get_by_label("Last restore")
    expect(failed.get_by_text("the database is unchanged")).to_be_visible(timeout=LONG_MS)
    problem = failed.locator(".problem").inner_text()
    assert made in problem
    expect(page.get_by_text(problem)).to_have_count(1)


def test_losing_the_right_during_a_restore_is_reported_instead_of_waiting_forever(own):
    made = json.loads(own.command("backup", "create", "--json"))["name"]
    page = own.page()
    dialog = asked(page, own, made)
    dialog.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("A restore is running")).to_be_visible(timeout=LONG_MS)
    own.run("delete from sessions")

    expect(page.get_by_role("dialog", name="You have been signed out")).to_be_visible(
        timeout=LONG_MS
    )
    expect(page.get_by_label("Running")).to_have_count(0)
