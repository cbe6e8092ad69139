"""Drafts: kept for one person, changed file by file, bounded, forgotten after a while."""

import asyncio

import pytest

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role, operator
from aiwebengine.script_drafts import service as rules
from aiwebengine.script_drafts import store
from aiwebengine.scripts.files import tree_of

SAVE = """
  mutation ($files: [ScriptDraftFileInput!]!, $base: Int = 1, $unchanged: [String!] = [],
      $revision: Int) {
    saveScriptDraft(input: {slug: "hello", baseVersion: $base, files: $files,
        unchanged: $unchanged, revision: $revision}) {
      draft { baseVersion revision files { path text base64 isRemoved } }
    }
  }
"""
READ = """
  { script(slug: "hello") {
    draft { baseVersion revision savedAt files { path text base64 isRemoved } } } }
"""
DISCARD = """
  mutation ($revision: Int) {
    discardScriptDraft(input: {slug: "hello", revision: $revision}) { changed }
  }
"""


def file(path, **content):
    return {"path": path, **content}


@pytest.fixture
def drafts(engine):
    return engine.services.script_drafts


@pytest.fixture
async def hello(engine, edith):
    """The script `hello` of edith, with one version."""
    scripts = engine.services.scripts
    await scripts.create(edith, "hello")
    files = {"main.ts": b"export default {}", "old.ts": b""}
    return (await scripts.save(edith, "hello", tree_of(files), base_version=0)).script


@pytest.fixture
def data(ask):
    async def data(viewer, query, **variables):
        body = await ask(viewer, query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    return data


@pytest.fixture
def refused(ask):
    """Execute a document that is refused; the code and the message."""

    async def refused(viewer, query, **variables):
        error = (await ask(viewer, query, **variables))["errors"][0]
        return error["extensions"]["code"], error["message"]

    return refused


async def test_a_draft_holds_what_differs_and_only_its_author_reads_it(
    hello, edith, ada, data, events_of
):
    before = await events_of()
    changed = [
        file("main.ts", text="export default {/* ä */}"),
        file("logo.png", base64="/wA="),
        file("old.ts", removed=True),
    ]

    saved = (await data(edith, SAVE, files=changed))["saveScriptDraft"]["draft"]

    assert (saved["baseVersion"], saved["revision"]) == (1, 1)
    assert saved["files"] == [
        {"path": "logo.png", "text": None, "base64": "/wA=", "isRemoved": False},
        {"path": "main.ts", "text": changed[0]["text"], "base64": None, "isRemoved": False},
        {"path": "old.ts", "text": None, "base64": None, "isRemoved": True},
    ]
    read = (await data(edith, READ))["script"]["draft"]
    assert read["files"] == saved["files"]
    assert read["savedAt"]
    assert (await data(ada, READ))["script"]["draft"] is None
    assert await events_of() == before


async def test_a_change_sends_only_the_files_that_it_changes(hello, edith, data):
    await data(edith, SAVE, files=[file("a.ts", text="1"), file("b.ts", text="1")])

    change = {"files": [file("b.ts", text="2")], "unchanged": ["a.ts"], "revision": 1}
    saved = (await data(edith, SAVE, **change))["saveScriptDraft"]["draft"]

    assert saved["revision"] == 2
    assert [(one["path"], one["text"]) for one in saved["files"]] == [("b.ts", "2")]
    nothing = {"files": [], "unchanged": ["b.ts"]}
    assert (await data(edith, SAVE, **nothing))["saveScriptDraft"]["draft"] is None
    assert (await data(edith, READ))["script"]["draft"] is None


async def test_a_draft_that_is_based_on_another_version_is_replaced(engine, hello, edith, data):
    await data(edith, SAVE, files=[file("a.ts", text="1")])
    tree = tree_of({"main.ts": b"export default {b: 1}"})
    await engine.services.scripts.save(edith, "hello", tree, base_version=1)

    await data(edith, SAVE, base=2, files=[file("b.ts", text="2")])

    draft = (await data(edith, READ))["script"]["draft"]
    assert (draft["baseVersion"], [one["path"] for one in draft["files"]]) == (2, ["b.ts"])


async def test_two_windows_of_one_person_do_not_overwrite_each_other(hello, edith, data, refused):
    await data(edith, SAVE, files=[file("a.ts", text="1")], revision=0)
    await data(edith, SAVE, files=[file("a.ts", text="2")], revision=1)

    code, message = await refused(edith, SAVE, files=[file("a.ts", text="3")], revision=1)

    assert code == "CONFLICT"
    assert "its revision is 2, expected 1" in message
    await data(edith, SAVE, files=[file("a.ts", text="3")])
    assert (await data(edith, READ))["script"]["draft"]["files"][0]["text"] == "3"


async def test_a_window_whose_draft_is_gone_does_not_begin_a_part_of_it_again(
    hello, edith, data, refused
):
    await data(edith, SAVE, files=[file("a.ts", text="1"), file("b.ts", text="1")], revision=0)
    await data(edith, DISCARD)
    part = [file("a.ts", text="2")]

    code, message = await refused(edith, SAVE, files=part, revision=1)

    assert (code, "was discarded in another window" in message) == ("CONFLICT", True)
    assert (await data(edith, READ))["script"]["draft"] is None

    # Another window begins a draft of its own.
    begun = await data(edith, SAVE, files=[file("c.ts", text="3")], revision=0)
    assert begun["saveScriptDraft"]["draft"]["revision"] != 1
    assert (await refused(edith, SAVE, files=part, revision=1))[0] == "CONFLICT"
    assert (await refused(edith, SAVE, files=part, revision=0))[0] == "CONFLICT"
    files = (await data(edith, READ))["script"]["draft"]["files"]
    assert [(one["path"], one["text"]) for one in files] == [("c.ts", "3")]


async def test_a_window_discards_only_the_draft_that_it_knows(hello, edith, data, refused):
    await data(edith, SAVE, files=[file("a.ts", text="1")], revision=0)
    await data(edith, SAVE, files=[file("a.ts", text="2")], revision=1)

    code, message = await refused(edith, DISCARD, revision=1)

    assert (code, "its revision is 2, expected 1" in message) == ("CONFLICT", True)
    assert (await data(edith, READ))["script"]["draft"]["files"][0]["text"] == "2"
    assert (await data(edith, DISCARD, revision=2))["discardScriptDraft"]["changed"] is True
    assert (await data(edith, DISCARD, revision=2))["discardScriptDraft"]["changed"] is False


async def test_a_draft_is_discarded_and_goes_with_its_script_and_its_author(
    engine, hello, edith, ada, data, add_person
):
    other = await add_person("emma", Role.EDITOR)
    await engine.services.scripts.add_owner(edith, "hello", other.label)
    for viewer in (edith, ada, other):
        await data(viewer, SAVE, files=[file("a.ts", text="1")])

    assert (await data(ada, DISCARD))["discardScriptDraft"]["changed"] is True
    assert (await data(ada, DISCARD))["discardScriptDraft"]["changed"] is False
    await engine.services.users.delete(ada, other.id)
    assert await engine.db.value("select count(*) from script_drafts") == 1
    await engine.db.execute("delete from scripts")
    assert await engine.db.value("select count(*) from script_draft_files") == 0


async def test_only_owners_and_administrators_keep_drafts(hello, alan, add_person, refused, drafts):
    stranger = await add_person("emma", Role.EDITOR)
    files = [file("a.ts", text="1")]

    assert (await refused(alan, SAVE, files=files))[0] == "FORBIDDEN"
    assert (await refused(stranger, SAVE, files=files))[0] == "FORBIDDEN"
    assert await drafts.many([(hello.key, stranger.id)]) == [None]
    assert (await refused(operator("tests"), SAVE, files=files))[0] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([file("../a.ts", text="")], "'../a.ts'"),
        ([file("a.ts")], "needs one of text, base64 and removed"),
        ([file("a.ts", text="", removed=True)], "needs one of text, base64 and removed"),
        ([file("a.ts", base64="?")], "not valid base64"),
        ([file("a.ts", text="1"), file("a.ts", text="2")], "two have the same path"),
    ],
)
async def test_bad_files_are_refused_and_change_nothing(hello, edith, data, refused, files, said):
    code, message = await refused(edith, SAVE, files=files)

    assert code == "BAD_USER_INPUT"
    assert said in message
    assert (await data(edith, READ))["script"]["draft"] is None


async def test_a_version_that_does_not_exist_is_no_base(hello, edith, refused):
    code, message = await refused(edith, SAVE, base=2, files=[file("a.ts", text="1")])

    assert (code, "the newest is 1" in message) == ("NOT_FOUND", True)


async def test_a_draft_is_bounded(hello, edith, data, refused, monkeypatch):
    monkeypatch.setattr(rules, "LARGEST_DRAFT_BYTES", 20)
    monkeypatch.setattr(rules, "MOST_FILES_OF_DRAFT", 2)
    await data(edith, SAVE, files=[file("a.ts", text="x" * 20)])

    assert (
        "21 bytes; allowed: at most 20"
        in (await refused(edith, SAVE, files=[file("b.ts", text="x")]))[1]
    )
    await data(edith, SAVE, files=[file("b.ts", text="")])
    assert (
        "3 files; allowed: at most 2"
        in (await refused(edith, SAVE, files=[file("c.ts", text="")]))[1]
    )
    assert len((await data(edith, READ))["script"]["draft"]["files"]) == 2


async def test_the_drafts_of_one_person_are_bounded_together(
    engine, hello, edith, data, refused, monkeypatch
):
    monkeypatch.setattr(rules, "LARGEST_DRAFTS_OF_USER_BYTES", 30)
    await engine.services.scripts.create(edith, "other")
    change = rules.DraftChange(0, {"a.ts": b"x" * 20}, frozenset(), None)
    await engine.services.script_drafts.save(edith, "other", change)
    await data(edith, SAVE, files=[file("a.ts", text="x" * 10)])

    _, message = await refused(edith, SAVE, files=[file("b.ts", text="x")])

    assert "your drafts have 31 bytes; allowed: at most 30" in message
    # What makes it smaller is never refused.
    monkeypatch.setattr(rules, "LARGEST_DRAFTS_OF_USER_BYTES", 10)
    await data(edith, SAVE, files=[], unchanged=["a.ts"])
    assert (await data(edith, READ))["script"]["draft"] is None


async def test_drafts_of_many_scripts_are_read_at_once_within_a_limit(
    hello, edith, data, drafts, monkeypatch
):
    await data(edith, SAVE, files=[file("a.ts", text="x" * 20)])
    monkeypatch.setattr(rules, "LARGEST_ANSWER_BYTES", 19)

    with pytest.raises(BadUserInput, match="Ask for fewer scripts"):
        await drafts.files_of([(hello.key, edith.id)])


async def test_a_draft_is_saved_while_another_window_undoes_it(engine, hello, edith, drafts):
    change = rules.DraftChange(1, {"a.ts": b"x"}, frozenset(), None)
    removed = await drafts.save(edith, "hello", change)
    is_locked, may_remove = asyncio.Event(), asyncio.Event()

    async def undo():
        """As a save does that leaves no file which differs."""
        async with engine.db.transaction():
            await store.lock(engine.db, (hello.key, edith.id), 1)
            is_locked.set()
            await may_remove.wait()
            await store.remove(engine.db, (hello.key, edith.id))

    async def a_statement_waits():
        while not await engine.db.value(
            """
            select exists (
              select from pg_stat_activity
              where datname = current_database() and wait_event_type = 'Lock'
            )
            """
        ):
            await asyncio.sleep(0.02)

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(undo())
        await is_locked.wait()
        saving = tasks.create_task(drafts.save(edith, "hello", change))
        await a_statement_waits()
        may_remove.set()

    # A new draft: it has a revision of its own, and the window of the other one must read it.
    assert saving.result().revision == removed.revision + 1
    assert await drafts.many([(hello.key, edith.id)]) == [saving.result()]


async def test_the_oldest_drafts_make_way(engine, hello, edith, drafts, monkeypatch):
    monkeypatch.setattr(rules, "MOST_DRAFTS_OF_USER", 2)
    await engine.services.scripts.create(edith, "second")
    await engine.services.scripts.create(edith, "third")
    for age, slug in ((9, "hello"), (8, "second"), (7, "third")):
        await drafts.save(edith, slug, rules.DraftChange(0, {"a.ts": b"x"}, frozenset(), None))
        await engine.db.execute(
            """
            update script_drafts set saved_at = now() - make_interval(days => :age)
            where script_id = (select id from scripts where slug = :slug)
            """,
            age=age,
            slug=slug,
        )

    kept = await engine.db.all(
        "select s.slug from script_drafts d join scripts s on s.id = d.script_id"
    )
    assert {row["slug"] for row in kept} == {"second", "third"}


async def test_what_nobody_changed_for_long_is_removed(engine, hello, edith, drafts, data):
    await data(edith, SAVE, files=[file("a.ts", text="1")])
    assert await drafts.remove_old() == 0

    await engine.db.execute("update script_drafts set saved_at = now() - interval '91 days'")

    assert await drafts.remove_old() == 1
