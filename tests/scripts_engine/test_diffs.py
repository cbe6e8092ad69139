"""Comparing versions takes bounded time, however their author writes them."""

from aiwebengine.scripts import diff
from aiwebengine.scripts.diff import MOST_COMPARED_LINES


async def compared(versions):
    """The paths with a diff, of files by path with their content before and after."""
    before = {path: f"{path} before" for path in versions}
    after = {path: f"{path} after" for path in versions}
    contents = {}
    for path, (old, new) in versions.items():
        contents |= {before[path]: old, after[path]: new}
    sizes = {digest: len(content) for digest, content in contents.items()}
    found = await diff.changes(before, after, sizes, contents)
    assert [one.path for one in found] == sorted(versions)
    return [one.path for one in found if one.diff is not None]


async def test_many_files_that_are_slow_to_compare_are_not_all_compared():
    lines = MOST_COMPARED_LINES
    slow = (b"a\nb\n" * (lines // 2), b"b\na\n" * (lines // 2))
    versions = {f"f{number:03}": slow for number in range(200)}
    versions |= {"z": (b"1\n2\n", b"1\n3\n")}

    with_diff = await compared(versions)

    # The small one at the end still fits.
    assert with_diff[-1] == "z"
    assert len(with_diff) <= 5


async def test_files_that_are_not_compared_leave_the_others_their_diffs():
    huge = b"\n" * 100_000
    versions = {f"f{number}": (huge, huge + b"x") for number in range(50)}

    assert await compared(versions | {"z": (b"1\n", b"2\n")}) == ["z"]


async def test_many_small_files_are_all_compared():
    text = b"".join(b"line %d\n" % number for number in range(100))
    versions = {f"f{number:03}": (text, text + b"more\n") for number in range(500)}

    assert len(await compared(versions)) == 500
