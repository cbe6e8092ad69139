"""What the workspace says at its top about the script that is open."""

import re

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import eventually, hold
from tests.browser.editor import (
    administrator,
    code_of,
    editor,
    editor_site,
    open_editor,
    other_editor,
    replace_code,
    show_panel,
)

__all__ = ["administrator", "editor", "editor_site", "open_editor", "other_editor"]

pytestmark = pytest.mark.browser

MAIN = 'export const routes: Routes = { "GET /notices": () => new Response("here") };'
SUSPEND = """
  mutation ($slug: String!, $reason: String) {
    suspendScript(input: {slug: $slug, reason: $reason}) { script { id } }
  }
"""
ADD_OWNER = """
  mutation ($slug: String!, $email: String!) {
    addScriptOwner(input: {slug: $slug, email: $email}) { owners { email } }
  }
"""
REMOVE_OWNER = """
  mutation ($slug: String!, $email: String!) {
    removeScriptOwner(input: {slug: $slug, email: $email}) { owners { email } }
  }
"""
DELETE = "mutation ($slug: String!) { deleteScript(input: {slug: $slug}) { script { id } } }"
DRAFT = "query ($slug: String!) { script(slug: $slug) { draft { files { text } } } }"
RESUME = "mutation ($slug: String!) { resumeScript(input: {slug: $slug}) { script { id } } }"


@pytest.fixture(scope="module")
def notices(editor):
    """A deployed script of Edith's."""
    editor.make_script("notices", {"main.ts": MAIN})
    return "notices"


def test_an_owner_sees_at_once_that_a_script_is_suspended(
    notices, editor, administrator, open_editor
):
    page = open_editor(editor, f"/editor/{notices}").page
    expect(page.get_by_role("region", name="Files")).to_contain_text("main.ts")
    notice = page.locator(".notice", has_text="Suspended")
    expect(notice).to_have_count(0)

    administrator.ask(SUSPEND, slug=notices, reason="Too <b>many</b> errors.")

    expect(notice).to_have_text(
        re.compile(r"Suspended .+: Too <b>many</b> errors\.\s*Visitors get status 503 until"),
        use_inner_text=True,
    )

    administrator.ask(RESUME, slug=notices)

    expect(notice).to_have_count(0)


def test_who_may_only_read_learns_whom_to_ask(notices, other_editor, open_editor):
    page = open_editor(other_editor, f"/editor/{notices}").page

    # As one sentence: side by side, its parts would have gaps.
    expect(page.locator(".notice")).to_have_text(
        "You can read this script. To change it, ask an owner (Edith) or an administrator.",
        use_inner_text=True,
    )


def draft_of(person, slug):
    draft = person.ask(DRAFT, slug=slug)["script"]["draft"]
    return [file["text"] for file in draft["files"]] if draft else []


def test_an_open_file_can_be_changed_as_long_as_one_is_an_owner(editor, other_editor, open_editor):
    editor.make_script("handed", {"main.ts": MAIN.replace("/notices", "/handed")})
    page = open_editor(other_editor, "/editor/handed").page
    code = code_of(page, "main.ts")
    expect(code).to_have_attribute("aria-readonly", "true")

    editor.ask(ADD_OWNER, slug="handed", email=other_editor.email)

    expect(code).to_have_attribute("aria-readonly", "false")
    expect(page.get_by_role("button", name="Deploy", exact=True)).to_be_visible()
    replace_code(page, "main.ts", "// Emma was here")
    expect(code).to_contain_text("Emma was here")
    eventually(page, lambda: draft_of(other_editor, "handed"), ["// Emma was here"])

    editor.ask(REMOVE_OWNER, slug="handed", email=other_editor.email)

    expect(code).to_have_attribute("aria-readonly", "true")
    expect(code).to_contain_text("Emma was here")


def test_a_new_owner_can_type_once_the_draft_is_here(editor, other_editor, open_editor):
    # What they typed before would be replaced by it.
    editor.make_script("given", {"main.ts": MAIN.replace("/notices", "/given")})
    page = open_editor(other_editor, "/editor/given").page
    code = code_of(page, "main.ts")
    expect(code).to_have_attribute("aria-readonly", "true")
    show_panel(page, "Problems")
    problems = page.get_by_role("tabpanel", name="Problems").get_by_role("status")
    unchecked = "The files of others are not checked."
    expect(problems).to_have_text(unchecked)
    held = hold(page, "query EditorOpen(")

    editor.ask(ADD_OWNER, slug="given", email=other_editor.email)

    eventually(page, lambda: len(held), 1)
    expect(page.locator(".notice", has_text="You can read this script.")).to_have_count(0)
    expect(code).to_have_attribute("aria-readonly", "true")
    expect(page.get_by_role("button", name="Deploy", exact=True)).to_have_count(0)

    held[0].continue_()

    expect(code).to_have_attribute("aria-readonly", "false")
    expect(page.get_by_role("button", name="Deploy", exact=True)).to_be_visible()
    expect(problems).not_to_have_text(unchecked)
    replace_code(page, "main.ts", "// Emma is quick")
    eventually(page, lambda: draft_of(other_editor, "given"), ["// Emma is quick"])


def test_what_is_not_saved_stays_when_the_script_is_deleted(editor, administrator, open_editor):
    editor.make_script("deleted", {"main.ts": MAIN.replace("/notices", "/deleted")})
    watched = open_editor(editor, "/editor/deleted")
    page = watched.page
    replace_code(page, "main.ts", "// nowhere else")
    code = code_of(page, "main.ts")
    expect(code).to_contain_text("// nowhere else")

    administrator.ask(DELETE, slug="deleted")

    expect(page.get_by_role("alert")).to_contain_text("This script was deleted.")
    expect(code).to_contain_text("// nowhere else")
    expect(code).to_have_attribute("aria-readonly", "true")
    expect(page.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Go to the scripts").click()
    question = page.get_by_role("dialog", name="Leave without your changes?")
    question.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Scripts")).to_be_visible()
