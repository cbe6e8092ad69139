"""Files of a version: paths, sizes, archives, trees on disk."""

import asyncio
import gzip
import io
import os
import tarfile
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from aiwebengine.core.errors import BadUserInput, Unavailable
from aiwebengine.scripts import archives, files
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.trees import Trees

MAIN = {"main.ts": b"export default {}"}


def tar(*members, mode="w"):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:
        for name, content, *kind in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if kind:
                info.type, info.linkname = kind[0], "/etc/passwd"
                info.size = 0
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../main.ts",
        "lib/../../x",
        "lib/./x",
        "lib//x",
        "lib/",
        "lib\\x",
        "C:x",
        "a\nb",
        "a\0b",
        "a\u202eb",
        "x" * 201,
        "é" * 150,
    ],
)
def test_a_path_that_is_not_inside_the_folder_is_refused(path):
    with pytest.raises(BadUserInput, match="files"):
        tree_of({**MAIN, path: b""})


@pytest.mark.parametrize("path", ["a", "lib/text.ts", ".env", "...", "a b/c d.txt", "été.ts"])
def test_a_path_inside_the_folder_is_kept(path):
    assert path in tree_of({**MAIN, path: b""}).files


def test_files_that_no_file_system_could_hold_together_are_refused():
    with pytest.raises(BadUserInput, match="only in case"):
        tree_of({**MAIN, "Main.ts": b""})
    with pytest.raises(BadUserInput, match="a folder of"):
        tree_of({**MAIN, "lib": b"", "lib/x.ts": b""})


def test_sizes_are_limited():
    with pytest.raises(BadUserInput, match="at most 10,000,000"):
        tree_of({**MAIN, "big": bytes(files.LARGEST_FILE_BYTES + 1)})
    with pytest.raises(BadUserInput, match="at most 50,000,000"):
        tree_of({**MAIN, **{f"b{number}": bytes(9_000_000) for number in range(6)}})
    with pytest.raises(BadUserInput, match="at most 1,000"):
        tree_of({**MAIN, **{f"f{number}": b"" for number in range(1_000)}})
    with pytest.raises(BadUserInput, match="found none"):
        tree_of({})


def test_the_entry_is_the_first_known_name_or_what_the_author_names():
    assert tree_of({"main.js": b"", "main.ts": b""}).entry == "main.ts"
    assert tree_of({"start.mjs": b""}, "start.mjs").entry == "start.mjs"
    with pytest.raises(BadUserInput, match="entry"):
        tree_of({"start.mjs": b""})
    with pytest.raises(BadUserInput, match="not among"):
        tree_of(MAIN, "other.ts")
    with pytest.raises(BadUserInput, match=r"\.ts"):
        tree_of({**MAIN, "a.json": b""}, "a.json")
    with pytest.raises(BadUserInput, match="UTF-8"):
        tree_of({"main.ts": b"\xff"})


def test_the_digest_depends_on_every_path_content_and_the_entry():
    trees = [
        tree_of({"main.ts": b"", "a": b"1"}),
        tree_of({"main.ts": b"", "a": b"2"}),
        tree_of({"main.ts": b"", "b": b"1"}),
        tree_of({"main.ts": b"export default {}", "a": b"1"}),
        tree_of({"main.ts": b"", "main.js": b"", "a": b"1"}),
        tree_of({"main.ts": b"", "main.js": b"", "a": b"1"}, "main.js"),
    ]

    assert len({tree.digest for tree in trees}) == len(trees)
    assert tree_of({"a": b"1", "main.ts": b""}).digest == trees[0].digest


def test_a_tar_archive_comes_in_as_it_goes_out():
    content = {"main.ts": b"x", "lib/" + "long" * 40 + ".ts": b"\xff\0", "été.txt": b""}
    at = datetime(2026, 1, 2, tzinfo=UTC)

    archive = archives.to_tar(content, at)

    assert archives.from_tar(archive) == content
    assert archives.from_tar(gzip.compress(archive)) == content
    assert archives.to_tar(dict(reversed(content.items())), at) == archive
    assert archives.from_json(archives.to_json(content)) == content


def test_folders_and_leading_dots_of_an_archive_are_left_out():
    archive = tar(("./", b"", tarfile.DIRTYPE), ("./lib", b"", tarfile.DIRTYPE), ("./lib/x", b"1"))

    assert archives.from_tar(archive) == {"lib/x": b"1"}


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE],
)
def test_links_and_devices_of_an_archive_are_refused(kind):
    with pytest.raises(BadUserInput, match="not a plain file"):
        archives.from_tar(tar(("main.ts", b"x"), ("evil", b"", kind)))


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil"])
def test_paths_of_an_archive_that_lead_outside_are_refused(name):
    with pytest.raises(BadUserInput, match="path"):
        archives.from_tar(tar((name, b"x")))


def test_an_archive_with_the_same_path_twice_is_refused():
    with pytest.raises(BadUserInput, match="two files"):
        archives.from_tar(tar(("main.ts", b"1"), ("./main.ts", b"2")))


def test_a_compressed_bomb_is_refused_before_it_is_unpacked():
    bomb = gzip.compress(bytes(archives.LARGEST_ARCHIVE_BYTES + 1_000), 9)

    assert len(bomb) < 100_000
    with pytest.raises(BadUserInput, match="when it is decompressed"):
        archives.from_tar(bomb)


def test_an_archive_that_claims_a_huge_file_is_refused_by_its_header():
    info = tarfile.TarInfo("main.ts")
    info.size = 10**12

    with pytest.raises(BadUserInput, match="at most 10,000,000"):
        archives.from_tar(info.tobuf() + bytes(1_024))


def test_a_sparse_file_is_refused():
    info = tarfile.TarInfo("main.ts")
    info.type = tarfile.GNUTYPE_SPARSE

    with pytest.raises(BadUserInput, match=r"plain file|not a tar archive"):
        archives.from_tar(info.tobuf() + bytes(1_024))


def test_a_file_of_negative_size_is_refused():
    info = tarfile.TarInfo("main.ts")
    info.size = -1
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))

    with pytest.raises(BadUserInput, match=r"negative sizes|not a tar archive"):
        archives.from_tar(bytes(header) + bytes(1_024))


@pytest.mark.parametrize(
    "kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE], ids=["gnu", "pax", "all"]
)
def test_extended_headers_without_end_are_refused(kind):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = kind, 10
    block = header.tobuf(tarfile.GNU_FORMAT) + b"x" * 10 + bytes(502)

    with pytest.raises(BadUserInput, match=r"extended headers|not a tar archive"):
        archives.from_tar(block * 5_000)


@pytest.mark.parametrize(
    "body", [b"hello", b"\x1f\x8bnonsense", gzip.compress(b"hello", mtime=0)[:-4], b"x" * 600]
)
def test_what_is_no_archive_is_refused(body):
    with pytest.raises(BadUserInput, match="archive"):
        archives.from_tar(body)


@pytest.mark.parametrize(
    "value", [1, None, ["x"], {"base64": "?"}, {"base64": 1}, {"base64": "", "x": 1}, "\ud800"]
)
def test_json_files_are_text_or_base64(value):
    with pytest.raises(BadUserInput, match="files"):
        archives.from_json({"main.ts": value})


async def written(trees, script_id, tree):
    async def content():
        return tree.files

    return await trees.write(script_id, tree.digest, content)


async def test_a_tree_is_written_once_read_only_and_complete(tmp_path):
    trees, script_id = Trees(tmp_path), uuid4()
    tree = tree_of({**MAIN, "lib/deep/x.ts": b"1"})

    paths = await asyncio.gather(*(written(trees, script_id, tree) for _ in range(8)))

    [path] = set(paths)
    assert {str(one.relative_to(path)) for one in path.rglob("*") if one.is_file()} == {
        "main.ts",
        "lib/deep/x.ts",
    }
    assert all(one.stat().st_mode & 0o377 == 0 for one in path.rglob("*") if one.is_file())
    assert all(one.stat().st_mode & 0o277 == 0 for one in (path, path / "lib"))
    assert os.listdir(path.parent) == [path.name]


async def test_trees_that_are_not_served_are_removed_when_they_are_old(tmp_path):
    trees, script_id = Trees(tmp_path), uuid4()
    old, new = tree_of(MAIN), tree_of({**MAIN, "x": b"1"})
    served, _ = [await written(trees, script_id, tree) for tree in (old, new)]

    assert await trees.keep_only([served], unused_secs=600) == 0
    assert await trees.keep_only([served], unused_secs=0) == 1

    assert os.listdir(served.parent) == [served.name]
    assert (await written(trees, script_id, new)).is_dir()


async def test_a_disk_that_takes_no_files_is_unavailable(tmp_path):
    (tmp_path / "trees").write_text("no folder")

    async def files():
        return {"main.ts": b""}

    with pytest.raises(Unavailable, match="can't be written on the server: "):
        await Trees(tmp_path).write(uuid4(), "0" * 64, files)
