"""A program imports the files of its folder, and nothing else."""

import json
import subprocess
from pathlib import Path
from urllib.parse import unquote

import deno
import pytest
from tests.runtimes.programs import running, started

from aiwebengine.runtimes.import_map import FOLDER, import_map
from aiwebengine.runtimes.protocol import Kind
from aiwebengine.runtimes.types import Failed

FILES = {
    "main.tsx": """
import { greet, type Greeting } from "./lib/greet.ts";
import data from "./data.json" with { type: "json" };
import * as all from "./lib/index.js";
const lazy = await import("./lazy.js");
const Page = ({ title, children }: { title: string; children?: unknown }) => (
  <main class="a">
    <h1 id={title}>{title}</h1>
    {children}
    <br />
    <input disabled={true} hidden={false} style={{ fontSize: "1px" }} value={'"&'} />
  </main>
);
export const routes = {
  "GET /": () => Response.json([greet({ name: "Ada" } as Greeting), data.n, all.two, lazy.three]),
  "GET /page": () => new Response(
    <><Page title="T"><p>{[1, null, false, "<b>"]}</p></Page></>,
    { headers: { "content-type": "text/html" } }),
  "GET /again": async () => Response.json((await import("./lazy.js")).three),
  "GET /later": async () => Response.json((await import("./later.js")).four),
  "GET /computed": async () => Response.json((await import("./ne" + "ver.js")).five),
};
""",
    "lib/greet.ts": "export interface Greeting { name: string }\n"
    "export const greet = (g: Greeting): string => `Hello ${g.name}`;\n",
    "lib/index.js": 'export * from "../two.mjs";\n',
    "two.mjs": "export const two = 2;\n",
    "lazy.js": "export const three = 3;\n",
    "later.js": "export const four = 4;\n",
    "never.js": "export const five = 5;\n",
    "data.json": '{"n": 7}',
}


async def test_files_import_each_other(tmp_path):
    async with running(tmp_path, FILES) as program:
        answer = await program.call("GET /")
        page = await program.call("GET /page")
        again = await program.call("GET /again")

    assert answer.json == ["Hello Ada", 7, 2, 3]
    assert page.text == (
        '<main class="a"><h1 id="T">T</h1><p>1<b></p><br>'
        '<input disabled style="font-size:1px" value="&quot;&amp;"></main>'
    )
    assert again.json == 3


async def test_only_files_that_were_named_while_loading_are_read_later(tmp_path):
    async with running(tmp_path, FILES) as program:
        later = await program.call("GET /later")
        with pytest.raises(Failed) as failure:
            await program.call("GET /computed")

    assert later.json == 4
    assert failure.value.message == (
        "never.js was not found while loading: write its name into the import"
    )


@pytest.mark.parametrize("specifier", ["node:fs", "/etc/passwd"])
async def test_an_import_that_is_refused_in_a_call_is_reported_alike(tmp_path, specifier):
    source = f"""
const specifier = "{specifier}";
export default {{ fetch: () => import(specifier) }};
"""
    async with running(tmp_path, source) as program:
        with pytest.raises(Failed) as failure:
            await program.call("fetch")

    assert f'"{specifier}" can\'t be imported: only files of' in failure.value.message
    assert str(FOLDER) not in failure.value.message + failure.value.stack


REFUSED = [
    "node:fs",
    "node:process",
    "node:util",
    "npm:chalk",
    "jsr:@std/path",
    "https://test.invalid/a.js",
    "http://127.0.0.1:1/a.js",
    "chalk",
    "fs",
    "/etc/passwd",
    "../secret.json",
    "./../secret.json",
    "./..%2fsecret.json",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "file://other/etc/passwd",
    "FILE:///etc/passwd",
    "data:text/javascript,export default 1",
    "blob:null/1",
    str(FOLDER / "safe.js"),
    str(FOLDER / "frames.js"),
]


@pytest.mark.parametrize("specifier", REFUSED)
async def test_an_import_from_elsewhere_is_refused_with_its_place(tmp_path, specifier):
    (tmp_path / "secret.json").write_text('{"secret": 1}')
    files = {
        "main.ts": 'import "./a.ts";\nexport default { fetch() {} };\n',
        "a.ts": f'// import "x";\nimport taken from "{specifier}";\nconsole.log(taken);\n',
    }
    with pytest.raises(Failed) as failure:
        async with running(tmp_path, files):
            pass

    assert failure.value.message.startswith(f'"{specifier}" can\'t be imported: only files of')
    assert (failure.value.file, failure.value.line) == ("a.ts", 2)


async def test_text_that_looks_like_an_import_is_none(tmp_path):
    source = """
// import "node:fs";
/* import a from "data:text/javascript,1"; */
const page = `
import util from "node:util";
`;
const text = 'import "node:fs"', other = "from 'data:,1'";
export default { fetch: () => new Response(page + text + other) };
"""
    async with running(tmp_path, source) as program:
        answer = await program.call("fetch")

    assert "node:util" in answer.text


@pytest.mark.parametrize("kind", ["json", "text", "bytes"])
@pytest.mark.parametrize("path", ["../secret.json", "./..%2fsecret.json", "{}/secret.json"])
async def test_the_content_of_other_files_can_not_be_imported(tmp_path, kind, path):
    (tmp_path / "secret.json").write_text('{"secret": "in the file"}')
    specifier = path.format(tmp_path)
    source = f"""
import secret from "{specifier}" with {{ type: "{kind}" }};
export default {{ fetch: () => Response.json(secret) }};
"""
    with pytest.raises(Failed) as failure:
        async with running(tmp_path, source):
            pass

    assert "in the file" not in failure.value.message + failure.value.stack


COMPUTED = """
const specifiers = %s;
const tried = {};
async function tryAll() {
  for (const specifier of specifiers) {
    const ways = [
      () => import(specifier),
      () => new Function("s", "return import(s)")(specifier),
      () => import(`data:text/javascript,import * as a from ${JSON.stringify(specifier)}; a`),
      () => import(URL.createObjectURL(new Blob(
        [`import a from ${JSON.stringify(specifier)} with { type: "json" }; a`],
        { type: "text/javascript" }))),
    ];
    for (const way of [...ways, ...ways]) {
      try { tried[specifier + way] = Object.keys(await way()); } catch { /* as it must be */ }
    }
  }
}
await tryAll();
export default { async fetch() { await tryAll(); return Response.json(tried); } };
"""


async def test_a_computed_import_from_elsewhere_fails(tmp_path):
    (tmp_path / "secret.json").write_text('{"secret": 1}')
    builtins = [f"node:{name.removeprefix('node:')}" for name in builtin_modules()]
    elsewhere = [one for one in REFUSED if not one.startswith("data:")]
    specifiers = json.dumps([*elsewhere, *builtins, f"file://{tmp_path}/secret.json"])
    async with running(tmp_path, COMPUTED % specifiers) as program:
        answer = await program.call("fetch")

    # Deno has these loaded before anything else, and finds them without the import map.
    harmless = ("node:url(", "node:util(", "node:worker_threads(")
    assert [way for way in answer.json if not way.startswith(harmless)] == []


async def test_no_thread_can_be_started_with_what_is_left_of_node(tmp_path):
    source = """
const name = "node:" + "worker_threads";
const { Worker } = await import(`data:text/javascript,export * from ${JSON.stringify(name)}`);
let parent;
try { parent = Object.setPrototypeOf(Worker, Object); } catch { parent = "unchanged"; }
export default {
  fetch() {
    new Worker("while (true);", { eval: true });
    return new Response("started");
  },
};
console.log(parent);
"""
    async with running(tmp_path, source) as program:
        with pytest.raises(Failed, match="Workers are not available"):
            await program.call("fetch")

    assert program.logs[0].text == "unchanged"


@pytest.mark.parametrize("specifier", ["node:assert", "node:vm", str(FOLDER / "frames.js")])
async def test_a_second_import_is_refused_as_the_first(tmp_path, specifier):
    # Deno forgets that the import map blocked something.
    files = {
        "main.ts": """
const outcomes: unknown[] = [];
for (let turn = 0; turn < 3; turn++) {
  const file = "./evil" + ".ts";
  await import(file).then((m) => outcomes.push(Object.keys(m)), () => {});
}
export default { fetch: () => Response.json(outcomes) };
""",
        "evil.ts": f'import * as taken from "{specifier}";\nexport const keys = {{ ...taken }};\n',
    }
    async with running(tmp_path, files) as program:
        answer = await program.call("fetch")

    assert answer.json == []


REQUIRES = """
const found = {};
for (const name of ["node:process", "node:fs", "fs", "node:vm", "node:module", "./data.json"]) {
  try { found[name] = Object.keys(require(name)); } catch {}
}
module.exports = found;
"""


@pytest.mark.parametrize("name", ["taken.cjs", "taken.cts", "taken.js"])
async def test_modules_in_the_form_of_node_are_not_loaded(tmp_path, name):
    files = {
        "main.ts": f"""
const outcomes: unknown[] = [];
for (let turn = 0; turn < 2; turn++) {{
  await import("./{name}").then((m) => outcomes.push(m.default ?? "no keys"), () => {{}});
}}
export default {{ fetch: () => Response.json(outcomes.filter((one) => one !== "no keys")) }};
""",
        name: REQUIRES,
        "data.json": '{"n": 7}',
        "package.json": '{"type": "commonjs", "imports": {"#fs": "node:fs"}}',
    }
    async with running(tmp_path, files) as program:
        answer = await program.call("fetch")

    assert answer.json == []


async def test_without_its_import_map_nothing_is_loaded(tmp_path):
    source = 'console.log("loaded"); export default { fetch() {} };'
    async with started(tmp_path, {"main.ts": source}, without="--import-map") as program:
        first = await program.received(0)

    assert first.kind is Kind.NOT_READY
    assert first.head["message"] == "the import map is missing"
    assert program.logs == []


def builtin_modules() -> list[str]:
    """Node's modules in this Deno."""
    code = "import m from 'node:module'; console.log(JSON.stringify(m.builtinModules))"
    command = [deno.find_deno_bin(), "eval", "--quiet", code]
    run = subprocess.run(command, capture_output=True, check=True, timeout=60)
    modules: list[str] = json.loads(run.stdout)
    return modules


def test_the_import_map_blocks_all_of_nodes_modules():
    text = unquote(import_map("/somewhere").partition(",")[2])
    imports = json.loads(text)["imports"]

    assert [
        name
        for name in builtin_modules()
        if "throw" not in imports.get(f"node:{name.removeprefix('node:')}", "")
    ] == []


def test_the_import_map_names_folders_as_addresses():
    text = unquote(import_map("/a b/%41;(c)").partition(",")[2])

    assert "file:///a%20b/%2541%3B(c)/" in json.loads(text)["imports"]
    assert Path(FOLDER, "runtime.js").is_file()
