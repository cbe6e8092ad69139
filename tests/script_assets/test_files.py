"""Storing, editing and reading files."""

import asyncio
from contextvars import Context
from hashlib import sha256

import pytest

from aiwebengine.core.errors import BadUserInput, Conflict, LimitExceeded, NotFound
from aiwebengine.core.identity import operator
from aiwebengine.script_assets import service
from aiwebengine.script_assets.types import (
    ABSENT,
    LARGEST_EDITED_BYTES,
    LARGEST_FILE_BYTES,
    MOST_CHANGES,
    MOST_EDITS,
    Delete,
    Edit,
    OtherContent,
    Put,
    Replacement,
)
from aiwebengine.scripts import store
from aiwebengine.scripts.files import tree_of


def hash_of(content):
    return sha256(content).hexdigest()


async def changed(engine, assets, script, *changes, **more):
    """Changes in a transaction of their own."""
    async with engine.db.transaction():
        return await assets.change(script, 1, changes, **more)


async def content(assets, script, path):
    """The content of a file; None without one."""
    file = await assets.find(script, 1, path)
    return None if file is None else await assets.content(file)


async def test_a_stored_file_is_read_unchanged(engine, assets, shop):
    [done] = await changed(engine, assets, shop, Put("a/b.png", b"\0\1"))

    file = await assets.find(shop, 1, "a/b.png")

    assert (done.digest, done.size, done.changed, done.is_new) == (hash_of(b"\0\1"), 2, True, True)
    assert (file.digest, file.size, file.content_type) == (done.digest, 2, "image/png")
    assert file.is_stored
    assert await assets.content(file) == b"\0\1"


async def test_a_stored_file_takes_the_place_of_the_versions(engine, assets, shop):
    old = await assets.find(shop, 1, "static/style.css")
    await changed(engine, assets, shop, Put("static/style.css", b"body {}"))
    assert await content(assets, shop, "static/style.css") == b"body {}"

    await changed(engine, assets, shop, Delete("static/style.css"))

    assert not old.is_stored
    assert await assets.find(shop, 1, "static/style.css") == old


async def test_a_file_of_the_version_can_not_be_removed(engine, assets, shop):
    [done] = await changed(engine, assets, shop, Delete("static/style.css"))

    assert not done.changed
    assert await content(assets, shop, "static/style.css") is not None


async def test_the_same_content_again_changes_nothing(engine, assets, shop):
    await changed(engine, assets, shop, Put("a.txt", b"a"))
    before = await assets.find(shop, 1, "a.txt")

    [done] = await changed(engine, assets, shop, Put("a.txt", b"a"))

    assert not done.changed
    assert await assets.find(shop, 1, "a.txt") == before


async def test_texts_are_replaced_in_order(engine, assets, shop):
    edit = Edit("static/style.css", (Replacement("red", "blue"), Replacement("blue", "blau")))

    [done] = await changed(engine, assets, shop, edit)

    assert await content(assets, shop, "static/style.css") == b"body { color: blau }"
    assert done.digest == hash_of(b"body { color: blau }")


async def test_a_text_is_found_once_or_all_places_are_meant(engine, assets, shop):
    await changed(engine, assets, shop, Put("a.txt", b"aXbXc"))
    with pytest.raises(Conflict, match=r"found 2 times in a\.txt; allowed: once, or more"):
        await changed(engine, assets, shop, Edit("a.txt", (Replacement("X", "-"),)))
    with pytest.raises(Conflict, match=r"found 0 times in a\.txt"):
        await changed(engine, assets, shop, Edit("a.txt", (Replacement("Y", "-", all=True),)))

    await changed(engine, assets, shop, Edit("a.txt", (Replacement("X", "-", all=True),)))

    assert await content(assets, shop, "a.txt") == b"a-b-c"


@pytest.mark.parametrize(
    "change",
    [
        lambda base: Put("a.txt", b"new", base=base),
        lambda base: Edit("a.txt", (Replacement("old", "new"),), base=base),
        lambda base: Delete("a.txt", base=base),
    ],
    ids=["put", "edit", "delete"],
)
async def test_another_base_is_a_conflict_with_the_current_hash(engine, assets, shop, change):
    await changed(engine, assets, shop, Put("a.txt", b"old"))

    for base in (hash_of(b"older"), ABSENT):
        with pytest.raises(OtherContent) as caught:
            await changed(engine, assets, shop, change(base))
        assert caught.value.extensions["hash"] == hash_of(b"old")
    assert await content(assets, shop, "a.txt") == b"old"

    [done] = await changed(engine, assets, shop, change(hash_of(b"old")))
    assert done.changed


async def test_a_new_file_has_no_base(engine, assets, shop):
    with pytest.raises(OtherContent) as caught:
        await changed(engine, assets, shop, Put("a.txt", b"a", base=hash_of(b"b")))

    await changed(engine, assets, shop, Put("a.txt", b"a", base=ABSENT))

    assert caught.value.extensions["hash"] is None


async def test_a_batch_changes_all_files_or_none(engine, assets, shop):
    await changed(engine, assets, shop, Put("a.txt", b"a"), Put("b.txt", b"b"))
    with pytest.raises(OtherContent):
        await changed(
            engine, assets, shop, Put("a.txt", b"2"), Delete("b.txt"), Put("c", b"", base="0")
        )
    assert await content(assets, shop, "a.txt") == b"a"

    await changed(engine, assets, shop, Put("a.txt", b"2"), Delete("b.txt"), Put("c", b"c"))

    assert [await content(assets, shop, one) for one in ("a.txt", "b.txt", "c")] == [
        b"2",
        None,
        b"c",
    ]


async def test_of_those_who_edit_one_content_at_once_one_succeeds(engine, assets, shop):
    await changed(engine, assets, shop, Put("a.txt", b"0"))

    results = await asyncio.gather(
        *(
            changed(engine, assets, shop, Put("a.txt", b"%d" % n, base=hash_of(b"0")))
            for n in range(1, 11)
        ),
        return_exceptions=True,
    )

    done = [n for n, result in enumerate(results, 1) if isinstance(result, list)]
    assert len(done) == 1
    assert await content(assets, shop, "a.txt") == b"%d" % done[0]


@pytest.mark.parametrize(
    ("limit", "most"), [("MOST_FILES", 3), ("MOST_BYTES", 3)], ids=["files", "bytes"]
)
async def test_writers_at_once_do_not_exceed_a_quota(
    engine, assets, shop, monkeypatch, limit, most
):
    monkeypatch.setattr(service, limit, most)

    results = await asyncio.gather(
        *(changed(engine, assets, shop, Put(f"{n}.txt", b"x")) for n in range(12)),
        return_exceptions=True,
    )

    assert sum(isinstance(one, list) for one in results) == 3
    assert all(isinstance(one, list | LimitExceeded) for one in results)
    assert len((await assets.page(shop, None)).files) == 3


@pytest.mark.parametrize("path", ["", "../a", "/a", "a//b", "a/./b", "a\\b", "C:a", "x" * 201])
async def test_an_unfit_path_is_refused(engine, assets, shop, path):
    with pytest.raises(BadUserInput, match="path"):
        await changed(engine, assets, shop, Put(path, b""))
    assert await assets.find(shop, 1, path) is None


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [Put(f"{n}", b"") for n in range(MOST_CHANGES + 1)],
        [Put("a", b""), Delete("a")],
        [Put("a", bytes(LARGEST_FILE_BYTES + 1))],
        [Put("a", bytes(LARGEST_FILE_BYTES)), Put("b", b"1")],
        [Put("a", b"", content_type="text/html\r\nX: 1")],
        [Edit("static/style.css", ())],
        [Edit("static/style.css", (Replacement("", "x"),))],
        [Edit("static/style.css", (Replacement("x", "y"),) * (MOST_EDITS + 1))],
        [Edit("static/style.css", (Replacement("red", "x" * LARGEST_EDITED_BYTES),))],
    ],
    ids=range(10),
)
async def test_what_is_too_much_is_refused(engine, assets, shop, changes):
    with pytest.raises(BadUserInput):
        await changed(engine, assets, shop, *changes)

    assert (await assets.page(shop, None)).files == []


async def test_a_file_that_is_not_there_is_not_edited(engine, assets, shop):
    with pytest.raises(NotFound):
        await changed(engine, assets, shop, Edit("a.txt", (Replacement("a", "b"),)))


async def test_a_given_type_stays_until_another_is_given(engine, assets, shop):
    await changed(engine, assets, shop, Put("a", b"1", content_type="Text/CSV"))
    await changed(engine, assets, shop, Put("a", b"2"))
    assert (await assets.find(shop, 1, "a")).content_type == "text/csv"

    [done] = await changed(engine, assets, shop, Put("a", b"2", content_type="text/plain"))

    assert done.changed
    assert (await assets.find(shop, 1, "a")).content_type == "text/plain"


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_pages_list_stored_files_and_those_of_the_version(engine, assets, shop, limit):
    await changed(engine, assets, shop, *(Put(path, b"1") for path in ("Z", "a", "static/a", "é")))
    found, cursor = [], None
    while True:
        page = await assets.page(shop, 1, after=cursor, limit=limit)
        found += page.files
        cursor = page.cursor
        if cursor is None:
            break

    paths = ["Z", "a", "main.ts", "static/a", "static/style.css", "é"]
    assert [file.path for file in found] == paths
    assert [file.is_stored for file in found] == [True, True, False, True, False, True]
    below = await assets.page(shop, 1, "static/", only_stored=True)
    assert [file.path for file in below.files] == ["static/a"]


async def test_contents_that_files_share_are_kept_while_one_has_them(engine, assets, shop, edith):
    scripts = engine.services.scripts
    await changed(engine, assets, shop, Put("copy.css", b"body { color: red }"), Put("b", b"b"))
    await changed(engine, assets, shop, Delete("b"))

    await scripts.remove_old()

    assert await content(assets, shop, "copy.css") == b"body { color: red }"
    left = await engine.db.all("select digest from script_blobs")
    assert hash_of(b"b") not in {row["digest"] for row in left}


async def test_storing_and_tidying_at_once_loses_no_content(engine, assets, shop):
    scripts = engine.services.scripts

    async def keep(number):
        name, content = f"{number}.txt", b"%d" % number
        for _ in range(3):
            await changed(engine, assets, shop, Put(name, content))
            await changed(engine, assets, shop, Delete(name))
        await changed(engine, assets, shop, Put(name, content))

    await asyncio.gather(
        *(keep(number) for number in range(5)), *(scripts.remove_old() for _ in range(5))
    )

    for number in range(5):
        assert await content(assets, shop, f"{number}.txt") == b"%d" % number


async def test_a_deployment_does_not_make_new_files_wait(engine, assets, shop):
    # Its transaction locks the script while it runs the script's init().
    async with asyncio.timeout(30), engine.db.transaction():
        await store.lock(engine.db, "shop", None)
        other = asyncio.get_running_loop().create_task(
            changed(engine, assets, shop, Put("a.txt", b"a")), context=Context()
        )
        await other

    assert await content(assets, shop, "a.txt") == b"a"


async def test_files_end_with_their_script(engine, assets, shop):
    await changed(engine, assets, shop, Put("a.txt", b"a"))
    await engine.services.scripts.delete(operator("tests"), "shop")
    await engine.db.execute("update scripts set deleted_at = now() - interval '31 days'")

    await engine.services.scripts.remove_old()

    assert await engine.db.value("select count(*) from script_assets") == 0
    assert await engine.db.value("select count(*) from script_blobs") == 0


async def test_a_new_version_is_read_beside_the_stored_files(engine, assets, shop, edith):
    files = {"main.ts": b"//", "static/style.css": b"two"}
    await engine.services.scripts.save(edith, "shop", tree_of(files), base_version=1)

    first, second = [await assets.find(shop, n, "static/style.css") for n in (1, 2)]

    assert await assets.content(first) == b"body { color: red }"
    assert await assets.content(second) == b"two"
