"""The dialect is found by what the entry file exports."""

import time

import pytest

from aiwebengine.scripts.dialect import code_of, dialect_of
from aiwebengine.scripts.types import Dialect

MODULES = [
    "export default { fetch() {} };",
    "export   default\nfunction () {}",
    "const x = 1;\n  export default x;",
    "function f() {}export default f;",
    "export const routes = {};",
    "export let routes: Record<string, unknown> = {};",
    "const a = 1; export { a as default };",
    "export { fetchIt, routes }",
    "export {\n  a,\n  b as routes,\n};",
    "export function routes() {}",
    "export const graphql = { typeDefs: `type Query { a: Int }` };",
    "export const tools = {};",
    "const prompts = {};\nexport { prompts };",
    "export let resources = {};",
    "// don't\nexport default {}",
    "const s = `${`${1}`} '`;\nexport default s;",
    "const r = /['\"`]/;\nexport default r;",
    "const page = <p>Don't</p>;\nexport default page;",
    "const page = <p>a ` b</p>;\nexport default page;",
    "/* ` */ export default 1",
    "const s = 'a\\'b';export default s",
    "#!/usr/bin/env deno\nexport default 1",
]
CLASSIC = [
    "function init() {}",
    "// export default 1",
    "/* export default 1 */",
    "const s = 'export default 1';",
    "const s = `\nexport default {}\n`;",
    "const s = `${1}\nexport const routes = {}\n`;",
    "const s = `${ { a: '}' } }\nexport default 1\n`;",
    "export const routesOf = 1;",
    "export { routes as paths };",
    "export function init() {}",
    "exports.default = 1;",
    "const r = /`/; const s = `\nexport default 1`;",
    "",
]


@pytest.mark.parametrize("source", MODULES)
def test_a_default_export_or_routes_make_a_module(source):
    assert dialect_of(source) is Dialect.MODULE


@pytest.mark.parametrize("source", CLASSIC)
def test_anything_else_is_classic(source):
    assert dialect_of(source) is Dialect.CLASSIC


def test_lines_stay_apart():
    assert code_of("a/*\n*/b").split() == ["a", "b"]


@pytest.mark.parametrize(
    "part",
    [
        "`${",
        "`",
        "${",
        "{",
        "export {",
        "\n",
        "=/[",
        "=/",
        "'",
        '"',
        "/*",
        "//",
        "`${`${`",
        ";export ",
    ],
)
def test_no_source_takes_more_than_a_linear_time(part):
    def seconds(number):
        source = part * (number // len(part))
        began = time.process_time()
        dialect_of(source)
        return time.process_time() - began

    seconds(10_000)
    small, large = max(seconds(40_000), 0.002), seconds(400_000)

    # Ten times the source: quadratic would be a hundred times the time.
    assert large / small < 40
