"""Saving versions: numbers, contents, conflicts."""

import asyncio

import pytest
from tests.scripts_engine.sources import serving, tree

from aiwebengine.core.errors import BadUserInput, Conflict, NotFound
from aiwebengine.core.identity import operator
from aiwebengine.scripts.errors import OutdatedVersion
from aiwebengine.scripts.types import ScriptFilter, ScriptState


async def test_a_new_script_is_a_draft_that_its_creator_owns(scripts, edith, events_of):
    script = await scripts.create(edith, "shop", "The shop")

    assert (script.slug, script.title, script.newest_version) == ("shop", "The shop", 0)
    assert script.current_state is ScriptState.DRAFT
    assert script.is_owner
    assert [owner.email for owner in await scripts.owners(edith, "shop")] == [edith.label]
    assert (await events_of())[-1] == "script.created"


async def test_a_slug_belongs_to_one_script_when_two_are_created_at_once(scripts, edith, emma):
    results = await asyncio.gather(
        *(scripts.create(viewer, "shop") for viewer in (edith, emma, edith, emma)),
        return_exceptions=True,
    )

    refused = [result for result in results if isinstance(result, Exception)]
    assert len(refused) == 3
    assert all(type(one) is Conflict for one in refused)


@pytest.mark.parametrize("slug", ["", "Shop", "-shop", "a" * 64, "a b", "engine", "health", "a\n"])
async def test_a_slug_that_is_not_allowed_is_refused(scripts, edith, events_of, slug):
    before = await events_of()

    with pytest.raises(BadUserInput, match="slug"):
        await scripts.create(edith, slug)

    assert await events_of() == before


async def test_versions_are_numbered_and_keep_files_author_message_and_parent(
    scripts, edith, events_of
):
    await scripts.create(edith, "shop")

    first = await scripts.save(edith, "shop", serving("GET /a"), base_version=0, message="begin")
    second = await scripts.save(edith, "shop", serving("GET /b"), base_version=1)

    assert (first.version.number, first.version.parent, first.version.message) == (1, None, "begin")
    assert (second.version.number, second.version.parent) == (2, 1)
    assert second.version.author_name == edith.label
    assert b"/a" in (await scripts.files(edith, "shop", 1))["main.ts"]
    assert b"/b" in (await scripts.files(edith, "shop"))["main.ts"]
    assert [one.number for one in await scripts.versions(edith, "shop", None, 10)] == [2, 1]
    assert (await events_of())[-2:] == ["script.saved", "script.saved"]


async def test_saving_the_same_files_again_adds_no_version_and_no_event(scripts, edith, events_of):
    await scripts.create(edith, "shop")
    await scripts.save(edith, "shop", serving("GET /a"), base_version=0)
    before = await events_of()

    again = await scripts.save(edith, "shop", serving("GET /a"), base_version=1)

    assert (again.changed, again.version.number) == (False, 1)
    assert await events_of() == before


async def test_of_two_who_start_from_the_same_version_the_second_learns_of_the_first(
    scripts, edith, ada
):
    await scripts.create(edith, "shop")
    await scripts.save(ada, "shop", serving("GET /a"), base_version=0)

    with pytest.raises(OutdatedVersion) as refused:
        await scripts.save(edith, "shop", serving("GET /b"), base_version=0)

    assert refused.value.extensions == {"newestVersion": 1, "author": ada.label}
    assert ada.label in refused.value.message


async def test_many_who_save_at_once_from_one_version_leave_one_new_version(scripts, edith):
    await scripts.create(edith, "shop")

    results = await asyncio.gather(
        *(
            scripts.save(edith, "shop", serving(f"GET /{number}"), base_version=0)
            for number in range(8)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(result, OutdatedVersion) for result in results) == 7
    assert (await scripts.get(edith, "shop")).newest_version == 1


async def test_contents_that_versions_share_are_stored_once(scripts, engine, edith):
    library = "export const word = 'same';"
    await scripts.create(edith, "shop")
    for number in range(3):
        await scripts.save(
            edith, "shop", tree(f"// {number}", lib_text=library), base_version=number
        )

    assert await engine.db.value("select count(*) from script_blobs") == 4
    assert (await scripts.files(edith, "shop", 2))["lib/text.ts"] == library.encode()


async def test_a_version_that_does_not_exist_is_not_found(scripts, edith):
    await scripts.create(edith, "shop")

    with pytest.raises(NotFound, match="no version 7"):
        await scripts.version(edith, "shop", 7)
    assert await scripts.files(edith, "shop") == {}


async def test_a_diff_shows_added_removed_and_changed_files(scripts, edith):
    await scripts.create(edith, "shop")
    await scripts.save(edith, "shop", tree("one\ntwo", lib_old="x\n"), base_version=0)
    await scripts.save(edith, "shop", tree("one\nthree\n", lib_new="y\n"), base_version=1)

    changes = await scripts.diff(edith, "shop", 1, 2)

    assert [(one.path, one.kind.value) for one in changes] == [
        ("lib/new.ts", "added"),
        ("lib/old.ts", "removed"),
        ("main.ts", "changed"),
    ]
    assert changes[2].diff == (
        "--- a/main.ts\n+++ b/main.ts\n@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n"
        "+three\n"
    )
    assert changes[0].diff.startswith("--- /dev/null\n+++ b/lib/new.ts\n")
    assert len(await scripts.diff(edith, "shop", 0, 2)) == 2


async def test_the_list_is_in_the_order_of_slugs_and_continues_after_a_key(scripts, edith, emma):
    for slug in ("cafe", "bakery", "garden", "attic"):
        await scripts.create(edith if slug != "cafe" else emma, slug, f"The {slug}")

    first = await scripts.page(edith, ScriptFilter(), None, 2)
    rest = await scripts.page(edith, ScriptFilter(), (first[1].slug, first[1].key), 5)
    mine = await scripts.page(edith, ScriptFilter(mine=True), None, 9)
    found = await scripts.page(edith, ScriptFilter(search="THE BAK"), None, 9)

    assert [one.slug for one in first] == ["attic", "bakery", "cafe"]
    assert [one.slug for one in rest] == ["cafe", "garden"]
    assert [one.slug for one in mine] == ["attic", "bakery", "garden"]
    assert [one.slug for one in found] == ["bakery"]
    assert await scripts.count(edith, ScriptFilter(mine=True)) == 3
    assert await scripts.count(edith, ScriptFilter()) == 4


async def test_scripts_of_nobody_are_listed_alone(scripts, edith, ada):
    await scripts.create(edith, "cafe")
    await scripts.create(operator("tests"), "lost")

    listed = await scripts.page(ada, ScriptFilter(ownerless=True), None, 9)

    assert [one.slug for one in listed] == ["lost"]
    assert await scripts.count(ada, ScriptFilter(ownerless=True, search="caf")) == 0


async def test_contents_without_a_version_are_removed_and_others_stay(scripts, engine, edith):
    await scripts.create(edith, "shop")
    await scripts.create(edith, "office")
    await scripts.save(edith, "shop", tree("// shop", lib_text="both"), base_version=0)
    await scripts.save(edith, "office", tree("// office", lib_text="both"), base_version=0)
    await scripts.delete(edith, "shop")
    assert await scripts.remove_old() == (0, 0)
    await engine.db.execute(
        "update scripts set deleted_at = now() - interval '31 days' where slug = 'shop'"
    )

    assert await scripts.remove_old() == (1, 0)

    assert await engine.db.value("select count(*) from script_blobs") == 2
    assert set(await scripts.files(edith, "office")) == {"main.ts", "lib/text.ts"}
