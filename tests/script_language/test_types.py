"""Type errors of scripts: their places, and what authors read."""

import pytest
from tests.script_language.conftest import tree

from aiwebengine.script_language.checking import TypeChecker
from aiwebengine.script_language.messages import LONGEST_MESSAGE, MOST_DIAGNOSTICS
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.types import Severity


async def test_a_script_without_errors(check):
    assert await check(tree()) == ([], None)


async def test_errors_have_places(check):
    source = """\
import { double } from "./lib/numbers.ts";
export const routes: Routes = {
  "GET /one": async (request, env) => {
    const smile = "😀"; const found: string = await env.kv.mine.get("a", 1);
    return double("2");
  },
};
"""
    found, problem = await check(tree(source, lib_more__ts="export const a: number = ''\n"))

    assert problem is None
    assert [one.partition(": ")[0] for one in found] == [
        "lib/more.ts:1:14",
        "main.ts:3:3",
        # In UTF-16, as editors count.
        "main.ts:4:31",
        "main.ts:4:74",
        "main.ts:5:19",
    ]
    assert found[0] == (
        "lib/more.ts:1:14: Type 'string' is not assignable to type 'number'. (TS2322)"
    )


async def test_types_of_both_forms(check):
    classic = """
    function hello(context: ClassicContext) { return ResponseBuilder.text(context.request.path); }
    function init() { routeRegistry.registerRoute("/hello", "hello", "GET"); }
    """
    module = 'export default { fetch: async () => new Response((await fetch("/a")).statusText) };'

    assert await check(tree(classic)) == ([], None)
    assert await check(tree(module)) == ([], None)


async def test_other_languages(check):
    page = 'export const page = (): string => <p class="a">{1}</p>;\nexport const n: string = 1;\n'
    javascript = "const a = 1; a.missing;"
    checked = "// @ts-check\nconst a = 1; a.missing;"

    found, _ = await check(
        tree(page__tsx=page, plain__js=javascript, strict__js=checked, data__json="{}")
    )

    assert [one.partition(": ")[0] for one in found] == ["page.tsx:2:14", "strict.js:2:16"]


async def test_tests_of_a_script_are_checked(check):
    source = 'test("a", () => { expect(1).toBe(1); expect(1).toBee(1); });'

    (found,), _ = await check(tree(main_test__ts=source))

    assert found.startswith("main/test.ts:1:48: ")
    assert "toBe" in found


async def test_missing_files_and_syntax(check):
    missing, _ = await check(tree('import { a } from "./gone one.ts"; const b: number = "";'))
    syntax, _ = await check(tree("const a = 1;\nconst b = ;\n"))

    assert missing == [
        "main.ts:1:19: There is no file 'gone one.ts'.",
        "main.ts:1:42: Type 'string' is not assignable to type 'number'. (TS2322)",
    ]
    assert syntax == ["main.ts:2:11: Expression expected"]


async def test_only_what_prevents_deploying_is_an_error(tmp_path):
    files = tree('import { a } from "./gone.ts"; const b: number = ""; export { a, b };')
    found = await TypeChecker(lambda: tmp_path).check(files)

    assert [one.severity for one in found.diagnostics] == [Severity.ERROR, Severity.WARNING]


async def test_paths_and_messages_of_any_kind(check):
    name = "a b/ümlaut #1 %20?.ts"
    long = "x" * 5_000
    files = {"main.ts": MAIN_OF_ONE.encode(), name: f'export const a: {long} = "";'.encode()}

    (found,), _ = await check(tree_of(files))

    assert found.startswith(f"{name}:1:17: Cannot find name '{'x' * 100}")
    assert len(found) <= LONGEST_MESSAGE + len(name) + 10


async def test_the_first_errors_of_many(check):
    lines = "".join(f'export const a{number}: number = "";\n' for number in range(300))

    found, problem = await check(tree(many__ts=lines))

    assert len(found) == MOST_DIAGNOSTICS
    assert found[-1].startswith("many.ts:200:14: ")
    assert problem == "Only the first 200 errors of types are shown."


@pytest.mark.parametrize("name", ["main.js", "page.html"])
async def test_nothing_to_check(check, name):
    files = {"main.js": b"export const routes = {};", name: b"export const routes = {};"}

    assert await check(tree_of(files)) == ([], None)


MAIN_OF_ONE = "export const routes: Routes = {};"
