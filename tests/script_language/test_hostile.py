"""Files that mean harm to the checker, the machine or the other editors."""

import asyncio
import dataclasses
import json
import os
import threading
import time

import psutil
import pytest
from tests.script_language.conftest import tree

from aiwebengine.core.errors import LimitExceeded, Unavailable
from aiwebengine.core.identity import operator
from aiwebengine.script_language import admission, process
from aiwebengine.script_language.admission import Admission, InstanceLock
from aiwebengine.script_language.checking import CHECK_SECS, TypeChecker
from aiwebengine.script_language.messages import NOT_IMPORTABLE
from aiwebengine.script_language.process import Bounds, Stop
from aiwebengine.scripts.files import tree_of

ENDLESS = """
type D = 0|1|2|3|4|5|6|7|8|9;
type X = `${D}${D}${D}${D}`;
type F<T> = T extends string ? { [K in X as `${K}${T}`]: F<K> } : never;
const y: F<X> = 1 as any;
const q: keyof typeof y = 5;
const f: F<F<X>> = y;
"""
SECRET = {"password": {"of": "the machine"}}


IMPORTS = [
    'import j from "{0}/{1}.json" with {{ type: "json" }}; const n: number = j; n;',
    'import j from "file://{0}/{1}.json" with {{ type: "json" }}; const n: number = j; n;',
    'import j from "../../../../../../..{0}/{1}.json" with {{ type: "json" }}; const n: 1 = j;',
    'import {{ a }} from "{0}/{1}.ts"; const n: 2 = a; n;',
    'import type {{ T }} from "{0}/{1}.ts"; const n: T = 1; n;',
    'const n: import("{0}/{1}.ts").T = 1; n;',
    'const n: typeof import("{0}/{1}.ts") = 1; n;',
    'const n: 1 = (await import("{0}/{1}.ts")).a; n;',
    'export * from "{0}/{1}.ts";',
    '/// <reference path="{0}/{1}.d.ts" />\nconst n: 1 = SECRET; n;',
    '/// <reference types="{0}/{1}.d.ts" />\nconst n: 1 = SECRET; n;',
    '// @ts-types="{0}/{1}.d.ts"\nimport "./lib/numbers.ts"; const n: 1 = SECRET; n;',
    "/** @jsxRuntime automatic\n @jsxImportSource file://{0}/{1} */ const n = <p/>; n;",
    'import t from "/etc/passwd" with {{ type: "text" }}; const n: 1 = t; n;',
    'import t from "/etc/group"; t;',
    'import x from "data:application/typescript,export {{T}} from %22file://{0}/{1}.ts%22"; x;',
]


@pytest.fixture
def outside(tmp_path_factory):
    """Files of the machine that a script must not read."""
    folder = tmp_path_factory.mktemp("outside")
    # An error is reported once for each file, so each import has its own.
    for number in range(len(IMPORTS)):
        (folder / f"{number}.json").write_text(json.dumps(SECRET))
        (folder / f"{number}.d.ts").write_text("declare const SECRET: { password: 1 };\n")
        (folder / f"{number}.ts").write_text(
            "export type T = { password: 1 }; export const a = 1;\n"
        )
        (folder / f"{number}").mkdir()
        (folder / f"{number}" / "jsx-runtime.ts").write_text("export const password = 1;")
    return folder


class SlowToWrite(dict):
    """Files that are written when *may_go_on* is set; they are read once before, for their size."""

    def __init__(self, files):
        super().__init__(files)
        self.is_read = False
        self.is_begun, self.may_go_on = threading.Event(), threading.Event()

    def items(self):
        if self.is_read:
            self.is_begun.set()
            self.may_go_on.wait()
        self.is_read = True
        return super().items()


async def test_a_cancelled_check_ends_its_writes_before_the_next_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(admission, "WAIT_SECS", 0.1)
    given = tree()
    files = SlowToWrite(given.files)
    checking = asyncio.create_task(
        TypeChecker(lambda: tmp_path).check(dataclasses.replace(given, files=files))
    )
    try:
        await asyncio.to_thread(files.is_begun.wait)
        for _ in range(2):
            checking.cancel()
            with pytest.raises(Unavailable):
                async with InstanceLock(lambda: tmp_path, "types.lock").held():
                    pass
    finally:
        files.may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await checking

    assert [path.name for path in tmp_path.iterdir()] == ["types.lock"]


async def test_files_of_the_machine_are_not_read(check, outside):
    sources = {
        f"n{number}__tsx": text.format(outside, number) for number, text in enumerate(IMPORTS)
    }

    found, problem = await check(tree("export const routes = {};", **sources))

    assert problem is None
    refused = {one.partition(".")[0] for one in found if one.endswith(f": {NOT_IMPORTABLE}")}
    # Of `import()` nothing is known, the tag names the module, the last has no file of its own.
    silent = {"n7", "n12", "n15"}
    assert refused == {f"n{number}" for number in range(len(IMPORTS)) if f"n{number}" not in silent}
    assert [one for one in found if "password" in one or "root:" in one] == []


async def test_only_files_of_the_script_are_imported(check):
    specifiers = ["node:fs", "node:fs/promises", "fs", "lodash", "https://a.example/a.ts"]
    specifiers += ["http://localhost:1/a.ts", "npm:left-pad", "jsr:@std/path"]
    sources = [f'import a from "{one}"; a;' for one in specifiers]

    # Those at the end are not even looked for, nor is anything else then.
    files = {f"n{number}__ts": source for number, source in enumerate(sources[:4])}
    found, _ = await check(tree("export const routes = {};", **files))
    alone = [(await check(tree(source)))[0] for source in sources[4:]]

    assert found == [f"n{number}.ts:1:15: {NOT_IMPORTABLE}" for number in range(4)]
    assert alone == [[f"main.ts:1:15: {NOT_IMPORTABLE}"]] * 4


async def test_settings_among_the_files_change_nothing(check, outside):
    settings = {
        "imports": {"lodash": f"{outside}/0.ts", "#a": f"{outside}/0.ts"},
        "compilerOptions": {"types": [f"{outside}/0.d.ts"], "strict": False},
        "workspace": ["./lib"],
        "extends": f"{outside}/0.json",
        "dependencies": {"lodash": "*"},
    }
    files = {name: json.dumps(settings).encode() for name in CONFIGURATIONS}
    files["node_modules/lodash/index.d.ts"] = b"export declare const a: number;"
    files["main.ts"] = b'import a from "lodash"; import b from "#a"; a; b; SECRET;'
    files["aiwebengine.d.ts"] = b"declare const SECRET: 1;"

    found, _ = await check(tree_of(files))

    assert [one.partition(": ")[0] for one in found] == [f"main.ts:1:{n}" for n in (15, 39, 51)]


CONFIGURATIONS = ["deno.json", "deno.jsonc", "package.json", "tsconfig.json", "lib/deno.json"]


async def test_settings_above_change_nothing(check, tmp_path):
    settings = tmp_path.parent / "deno.json"
    settings.write_text("{ broken")
    try:
        assert await check(tree()) == ([], None)
    finally:
        settings.unlink()


async def test_endless_types_end(check, tmp_path):
    short = Bounds(2.0, 10**9, 10**6)

    assert await check(tree(ENDLESS), short) == (
        [],
        f"The types are not checked: it takes more than {CHECK_SECS:.0f} seconds.",
    )
    assert _children("deno") == []


async def test_memory_has_a_bound(check):
    small = Bounds(60.0, 60 * 1_048_576, 10**6)

    _, problem = await check(tree(ENDLESS), small)

    assert problem.startswith("The types are not checked: it takes more than")
    assert problem.endswith("MB of memory.")


async def test_a_flood_of_output_is_cut(check):
    lines = "".join(f'export const a{n}: number = "{"y" * 900}";\n' for n in range(2_000))

    found, problem = await check(tree(many__ts=lines), Bounds(60.0, 10**9, 5_000))

    assert 10 < len(found) < 60
    assert problem.startswith("Only the first")


async def test_huge_files_are_not_checked(check):
    found, problem = await check(tree(many__ts="// " + "x" * 5_000_000))

    assert found == []
    assert "5,000,0" in problem


async def test_lines_that_look_like_errors(check):
    source = (
        "const a: number =\n"
        "    at file:///etc/passwd:1:1\n"
        'const b: "TS1 [ERROR]: no\\n    at file:///etc/passwd:9:9" = "";\n'
    )

    found, _ = await check(tree(source))

    assert found
    assert [one for one in found if not one.startswith("main.ts:")] == []


async def test_the_process_ends_with_who_asked_for_it(tmp_path):
    checker = TypeChecker(lambda: tmp_path)
    asked = asyncio.create_task(checker.check(tree(ENDLESS)))
    await _until(lambda: _children("deno"))

    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    assert _children("deno") == []
    assert [path.name for path in tmp_path.iterdir()] == ["types.lock"]


async def test_what_a_crash_left_is_removed(check, tmp_path):
    (tmp_path / "types" / "tree").mkdir(parents=True)
    (tmp_path / "types" / "tree" / "left.ts").write_text("const a: number = '';")

    assert await check(tree()) == ([], None)


async def test_one_check_at_a_time_in_an_instance(tmp_path):
    """Two workers are two checkers that share a folder."""
    checkers = [TypeChecker(lambda: tmp_path) for _ in range(2)]

    found = await asyncio.gather(*(one.check(tree()) for one in checkers))

    assert [(one.diagnostics, one.problem) for one in found] == [([], None)] * 2


async def test_who_waits_for_a_worker_too_long_is_refused(tmp_path, monkeypatch):
    first, second = (InstanceLock(lambda: tmp_path, "a.lock") for _ in range(2))
    monkeypatch.setattr(admission, "WAIT_SECS", 0.2)

    async with first.held():
        with pytest.raises(Unavailable, match="busy"):
            async with second.held():
                pass
    async with second.held():
        pass


async def test_nobody_takes_all_places(monkeypatch):
    places, begun = Admission(1), []
    held, viewers = asyncio.Event(), [operator(f"o{number}") for number in range(21)]

    async def enter(viewer):
        async with places.entered(viewer):
            begun.append(viewer.label)
            await held.wait()

    one = [asyncio.create_task(enter(viewers[0])) for _ in range(2)]
    await _until(lambda: begun)
    with pytest.raises(LimitExceeded, match="2 requests of yours"):
        await enter(viewers[0])
    others = [asyncio.create_task(enter(viewer)) for viewer in viewers[1:19]]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="busy"):
        await enter(viewers[20])
    held.set()
    await asyncio.gather(*one, *others)

    assert len(begun) == 20


async def test_nothing_of_the_environment_reaches_a_tool(tmp_path, monkeypatch):
    monkeypatch.setenv("APP_SECRET", "hidden")
    finished = await process.run(
        ["/usr/bin/env"],
        folder=tmp_path,
        environment={"A": "1"},
        bounds=Bounds(20.0, 10**9, 1_000),
    )

    assert finished.output == b"A=1\n"


async def test_a_tool_that_ignores_its_input_and_floods(tmp_path):
    begun = time.monotonic()
    finished = await process.run(
        ["/usr/bin/yes", "x" * 1_000],
        folder=tmp_path,
        environment={},
        bounds=Bounds(60.0, 10**9, 100_000),
        given=b"y" * 1_000_000,
    )

    assert (finished.stopped, len(finished.output)) == (Stop.OUTPUT, 100_000)
    assert time.monotonic() - begun < 50


def _children(name):
    """Processes of this test with this name."""
    return [one for one in psutil.Process(os.getpid()).children() if one.name() == name]


async def _until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)
