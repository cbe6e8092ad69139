"""The table of the interface: the same names as in a running program, and types that fit."""

import asyncio
import json
import os

import deno
import pytest
from reference.scripts import NAMES, PAGE, names
from tests.runtimes.programs import running

from aiwebengine.scripts.interface import DIALECTS, interface
from aiwebengine.scripts.interface.completion import completions
from aiwebengine.scripts.interface.declarations import declarations
from aiwebengine.scripts.interface.markdown import markdown
from aiwebengine.scripts.starting import STARTER

DEADLINE_SECS = 120
BARE = "console.log(JSON.stringify(Object.getOwnPropertyNames(globalThis)))"
# Finds all names below a value; functions that are not available yet do not count.
WALK = """
const SOON = "is not available yet";
function walk(path, value, found) {
  if (typeof value === "function" && !String(value).startsWith("class ")) {
    if (!String(value).includes(SOON)) found.push(path);
  } else if (typeof value === "function") {
    for (const name of Object.getOwnPropertyNames(value.prototype)) found.push(`${path}.${name}`);
  } else if (value !== null && typeof value === "object" && isOurs(value)) {
    for (const name of namesOf(value)) walk(`${path}.${name}`, value[name], found);
  } else {
    found.push(path);
  }
  return found;
}
// What a visitor sends has names of its own.
const GIVEN = ["params", "headers", "query", "form", "args", "metadata", "user", "files"];
function isOurs(value) { return !Array.isArray(value) && !value.__given; }
function namesOf(value) {
  const names = [];
  for (let at = value; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (name !== "constructor" && !names.includes(name)) names.push(name);
    }
  }
  return names;
}
function mark(value) {
  for (const name of namesOf(value)) {
    const inner = value[name];
    if (inner === null || typeof inner !== "object") continue;
    if (GIVEN.includes(name)) {
      Object.defineProperty(inner, "__given", { value: true });
    } else mark(inner);
  }
  return value;
}
const globals = () => Object.getOwnPropertyNames(globalThis).filter((name) => !BARE.includes(name));
function all(given) {
  const found = [];
  for (const name of [...globals(), ...REPLACED]) walk(name, globalThis[name], found);
  for (const name of Object.keys(given)) walk(name, given[name], found);
  return found;
}
"""
PROGRAMS = {
    "module": """
    const REPLACED = [];
    export const routes = {
      "GET /": (request, env, ctx) => Response.json(all({ env, ctx: mark(ctx) })),
    };
    """,
    "classic": """
    const REPLACED = ["fetch"];
    function names(context) { return ResponseBuilder.json(all({ context: mark(context) })); }
    function init() { routeRegistry.registerRoute("/", "names", "GET"); }
    """,
}
ARGUMENTS = {
    "module": "request: Request, env: Env, ctx: Context",
    "classic": "context: ClassicContext",
}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_table_has_the_names_that_exist(tmp_path, dialect):
    bare = await run_deno(
        "eval", "console.log(JSON.stringify(Object.getOwnPropertyNames(globalThis)))"
    )
    source = f"const BARE = {bare};{WALK}{PROGRAMS[dialect]}"
    user = {"id": "1", "name": "Ada", "roles": []}
    async with running(tmp_path, {"main.js": source}, dialect=dialect) as program:
        handler = "GET /" if dialect == "module" else "names"
        exist = (await program.call(handler, user=user)).json

    listed = [
        one.path
        for one in interface().names(dialect)
        if not one.standard and not one.in_tests and not one.path.startswith("export.")
    ]
    assert sorted(listed) == sorted(exist)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_types_allow_each_example(tmp_path, dialect):
    examples = [one.example for one in interface().names(dialect) if one.example is not None]
    (tmp_path / "aiwebengine.d.ts").write_text(declarations(interface(), dialect))
    (tmp_path / "deno.json").write_bytes((STARTER / "deno.json").read_bytes())
    lines = "\n".join(f"  {{ {example}; }}" for example in examples)
    source = f"export async function examples({ARGUMENTS[dialect]}) {{\n{lines}\n}}\n"
    (tmp_path / "examples.ts").write_text(source)

    await run_deno("check", "--quiet", "examples.ts", folder=tmp_path)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_function_has_an_example(dialect):
    without = [
        one.path
        for one in interface().names(dialect)
        if one.is_function and not one.standard and one.example is None
    ]
    assert without == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_names_are_listed_once(dialect):
    paths = [one.path for one in interface().names(dialect)]
    assert sorted(set(paths)) == sorted(paths)
    assert {one["label"] for one in completions(interface(), dialect)} <= set(paths)


def test_the_page_is_generated():
    assert PAGE.read_text() == markdown(interface()), "run python -m reference"


def test_the_names_of_the_editor_are_generated():
    assert NAMES.read_text() == names(), "run python -m reference"


async def run_deno(*arguments, folder=None):
    cache = os.path.join(os.environ.get("TMPDIR", "/tmp"), "deno-check")
    process = await asyncio.create_subprocess_exec(
        deno.find_deno_bin(),
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"DENO_DIR": cache, "NO_COLOR": "1", "PATH": os.defpath},
    )
    try:
        async with asyncio.timeout(DEADLINE_SECS):
            output, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode == 0, errors.decode()
    return json.dumps(json.loads(output)) if output else ""
