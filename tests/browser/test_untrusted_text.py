"""No page lets what others wrote reorder, hide or push aside what stands around it."""

import re
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest
from playwright.sync_api import expect

from aiwebengine.database.embedded import embedded_postgres

pytestmark = pytest.mark.browser

EVIL = f"Zo\u00eb \u202eforged\u200b\x1b[31m{'x' * 170}"
# Every text node, and every attribute that a browser shows or reads out: what hides in it, what is
# not isolated, and whether what others wrote is there at all.
LOOK = """() => {
  const hidden = /(?![\\n\\t\\u200c\\u200d])[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]/u;
  const found = { hidden: [], loose: [], shown: 0 };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const parent = node.parentElement;
    if (parent.closest("script, style")) continue;
    if (hidden.test(node.data)) found.hidden.push(node.data);
    if (!node.data.includes("forged")) continue;
    found.shown += 1;
    if (!parent.closest("bdi")) found.loose.push(parent.outerHTML.slice(0, 300));
  }
  for (const element of document.body.querySelectorAll("*"))
    for (const name of ["title", "aria-label", "alt", "placeholder"])
      if (hidden.test(element.getAttribute(name) ?? ""))
        found.hidden.push(`${name}=${element.getAttribute(name)}`);
  if (hidden.test(document.title)) found.hidden.push(document.title);
  return found;
}"""

WRITTEN = [
    """
    insert into user_roles (user_id, role, granted_by, reason)
    values (%(eve)s, 'Editor', %(evil)s, %(evil)s)
    """,
    """
    insert into api_tokens (user_id, name, prefix, secret_hash, scopes, last_used_address)
    select id, left(%(evil)s, 100), 'awe_x', 'x', '{read}', %(short)s from users
    where email = 'admin@localhost'
    """,
    """
    insert into maintenance_ticks (item, done_by, note)
    values ('documentation', %(evil)s, %(evil)s)
    """,
    "insert into access_reviews (started_by, note, total) values (%(evil)s, %(evil)s, 1)",
    """
    insert into access_review_entries (review_id, position, user_id, email, name, status, role,
      granted_at, granted_by, reason, api_tokens)
    select id, 1, %(eve)s, 'eve@evil.example', %(evil)s, 'active', 'Editor', now(), %(evil)s,
      %(evil)s, 0
    from access_reviews where started_by = %(evil)s
    """,
    "update sessions set user_agent = %(evil)s, address = %(short)s",
    """
    insert into alerts (name, instance, state, severity, title, detail, since)
    values ('x', %(evil)s, 'event', 'failing', %(evil)s, %(evil)s, now())
    """,
    """
    insert into runs (kind, task, state, started_by, actor, instance, result, lines, ended_at)
    values ('task', 'analyze', 'failed', %(evil)s, %(evil)s, %(evil)s, %(evil)s, array[%(evil)s],
      now())
    """,
    """
    insert into runs (kind, state, subject, started_by, actor, instance, problem, ended_at)
    values ('backup.create', 'failed', 'x', %(evil)s, %(evil)s, '', %(evil)s, now())
    """,
    """
    insert into runs (kind, state, started_by, actor, instance, ended_at, facts, problem)
    values ('vacuum', 'failed', %(evil)s, %(evil)s, '', now(), '{"tables": ["x"]}', %(evil)s)
    """,
    """
    insert into audit_events (action, actor_kind, actor_label, target_type, target_id,
      target_label, reason, before, after, request_id, address, user_agent, door)
    values ('user.renamed', 'user', %(evil)s, 'user', %(eve)s, %(evil)s, %(evil)s,
      jsonb_build_object('name', %(evil)s::text), jsonb_build_object('name', %(evil)s::text),
      %(short)s, %(short)s, %(evil)s, 'web')
    """,
]
UNWRITTEN = [
    "delete from users where email = 'eve@evil.example'",
    "delete from api_tokens where prefix = 'awe_x'",
    "delete from maintenance_ticks where note = %(evil)s",
    "delete from access_review_entries where name = %(evil)s",
    "delete from access_reviews where note = %(evil)s",
    "update sessions set user_agent = 'Chrome/140 Linux', address = '127.0.0.1'",
    "delete from alerts where title = %(evil)s",
    "delete from runs where %(evil)s in (result, problem)",
]


@contextmanager
def database(started):
    folder = Path(started.environment["APP_REPOSITORY__DATA_DIR"])
    with embedded_postgres(folder) as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def eve(started, signed_in):
    """The id of a user with texts from before anybody checked them."""
    told = {"evil": EVIL, "short": EVIL[:90]}
    with database(started) as db:
        row = db.execute(
            "insert into users (email, name) values ('eve@evil.example', %(evil)s) returning id",
            told,
        ).fetchone()
        assert row is not None
        for statement in WRITTEN:
            db.execute(statement, {**told, "eve": row[0]})
    httpx2.get(f"{started.base}/nothing/%E2%80%AEforged%E2%80%8B%1B%5B31m")
    yield str(row[0])
    # The other tests need the instance unchanged, except for the audit trail.
    with database(started) as db:
        for statement in UNWRITTEN:
            db.execute(statement, told)


def look(page):
    found = page.evaluate(LOOK)
    assert found["hidden"] == []
    assert found["loose"] == []
    return found["shown"]


ADMIN = "/engine/admin"
PAGES = {
    ADMIN: True,
    f"{ADMIN}/users/EVE": True,
    f"{ADMIN}/audit": True,
    f"{ADMIN}/tokens": True,
    f"{ADMIN}/health": True,
    f"{ADMIN}/system": False,
    f"{ADMIN}/logs?q=forged": True,
    f"{ADMIN}/maintenance": True,
    f"{ADMIN}/maintenance/review": True,
    f"{ADMIN}/backups": True,
    f"{ADMIN}/database": True,
    f"{ADMIN}/migrations": False,
    "/": True,
    "/nothing/%E2%80%AEforged%E2%80%8B%1B": True,
}


@pytest.mark.parametrize(("path", "shows"), PAGES.items())
def test_what_others_wrote_is_isolated_and_shows_all_it_holds(open_page, eve, path, shows):
    watched = open_page(path.replace("EVE", eve), viewport={"width": 1280, "height": 900})
    page = watched.page
    if shows:
        page.locator("bdi", has_text="forged").first.wait_for(state="attached")
    else:
        page.get_by_role("heading").first.wait_for()

    shown = look(page)

    assert shown or not shows
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    if "nothing" in path:
        # The address does not exist, which the browser reports as an error.
        watched.problems.clear()


def test_a_dialog_and_a_message_isolate_the_name_in_their_text(open_page, eve):
    page = open_page(f"{ADMIN}?q=eve%40evil.example").page
    row = page.locator("tbody tr", has_text="eve@evil.example")

    row.get_by_role("button", name=re.compile("Add Admin")).click()
    expect(page.get_by_role("heading", name=re.compile("administrator"))).to_contain_text("forged")
    look(page)
    page.keyboard.press("Escape")
    page.goto(page.url.split("?")[0] + "/tokens")
    page.locator("tbody tr", has_text="forged").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()

    expect(page.locator(".toast")).to_contain_text("was revoked.")
    assert look(page)
