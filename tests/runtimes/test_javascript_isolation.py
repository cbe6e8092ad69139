"""Author code can't reach the runtime's own channel, and finds a reduced world."""

import pytest
from tests.runtimes.programs import running

from aiwebengine.runtimes.types import Failed

WORLD = """
const absent = ["Worker", "WebSocket", "EventSource", "WebSocketStream", "BroadcastChannel",
  "caches", "localStorage", "sessionStorage", "process", "Buffer", "navigator", "prompt", "alert",
  "confirm", "close", "GPU", "GPUDevice", "require", "Storage", "WebTransport", "global"];
const present = ["URL", "TextEncoder", "crypto", "structuredClone", "setTimeout", "AbortController",
  "FormData", "Blob", "ReadableStream", "CompressionStream", "performance", "Intl", "WebAssembly",
  "Request", "Response", "Headers", "fetch", "queueMicrotask", "atob", "URLPattern"];
export default {
  async fetch() {
    let fetched;
    try { await fetch("http://127.0.0.1/"); } catch (error) { fetched = error.message; }
    return Response.json({
      found: absent.filter((name) => name in globalThis),
      missing: present.filter((name) => !(name in globalThis)),
      deno: Object.keys(Deno), symbols: Object.getOwnPropertySymbols(Deno).length,
      version: typeof Deno.version.v8, fetched,
    });
  },
};
"""


async def test_the_world_has_the_web_and_nothing_that_reaches_outside(tmp_path):
    async with running(tmp_path, WORLD) as program:
        answer = await program.call("fetch")

    assert answer.json == {
        "found": [],
        "missing": [],
        "deno": ["build", "version"],
        "symbols": 0,
        "version": "string",
        "fetched": "This test answers no questions.",
    }


ATTACKS = {
    "Deno.stdout": "Deno.stdout.writeSync(new Uint8Array([1]));",
    "Deno of a function": 'new Function("return Deno.stdout.writeSync(new Uint8Array([1]))")();',
    "an old Deno": "delete globalThis.Deno; Deno.stdout.writeSync(new Uint8Array([1]));",
    "the process": 'process.stdout.write("x");',
    "prepareStackTrace": """
      let frames = [];
      Error.prepareStackTrace = (error, sites) => { frames = sites; return sites; };
      console.log("x");
      void new Error().stack;
      const found = frames.map((site) => site.getFunction() ?? site.getThis()).filter(Boolean);
      if (found.length === 0) throw new Error("nothing found");
    """,
    "callers": """
      (function probe() { return probe.caller.arguments; })();
    """,
    "a module of the runtime": 'await import("file://%FOLDER%/frames.js");',
    "the started module": """
      const names = Object.keys(await import("file://%FOLDER%/runtime.js"));
      if (names.length === 0) throw new Error("it exports nothing");
    """,
    "a constructor": 'new (console.constructor)().log("x"); throw new Error("no method writes");',
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_on_the_channel_throws(tmp_path, name):
    from aiwebengine.runtimes.import_map import FOLDER

    attack = ATTACKS[name].replace("%FOLDER%", str(FOLDER))
    source = f"""
    export const routes = {{
      "GET /attack": async () => {{ {attack} return new Response("reached"); }},
      "GET /hello": () => new Response("hello"),
    }};
    """
    async with running(tmp_path, source) as program:
        with pytest.raises(Failed):
            await program.call("GET /attack")
        hello = await program.call("GET /hello")

    assert hello.text == "hello"
    assert program.errors == b""


POLLUTION = """
const seen = [];
const spy = (where) => function (...args) {
  seen.push(where);
  note(this);
  for (let at = 0; at < args.length; at++) note(args[at]);
  throw new Error("polluted");
};
// What would be the runtime's: a view of a frame, a call, the writer, a resolver of its promises.
const leaked = [];
function note(value) {
  const name = value?.constructor?.name;
  if (["Call", "Calls", "Log", "Positions", "Registry", "Source"].includes(name)) leaked.push(name);
  if (ArrayBuffer.isView(value)) leaked.push("bytes");
  if (value instanceof Map || typeof value === "function") leaked.push(typeof value);
}
const kept = { stringify: JSON.stringify, Response };
export const routes = {
  "GET /pollute": () => {
    for (const [object, names] of [
      [Array.prototype, ["push", "map", "join", "forEach", "slice", "filter"]],
      [Map.prototype, ["get", "set", "delete", "has"]],
      [WeakMap.prototype, ["get", "set"]],
      [String.prototype, ["split", "indexOf", "slice", "replace", "includes", "startsWith"]],
      [RegExp.prototype, ["exec", "test"]],
      [Promise.prototype, ["then", "catch", "finally"]],
      [Object.getPrototypeOf(Uint8Array.prototype), ["subarray", "set", "slice", "fill"]],
      [TextEncoder.prototype, ["encode", "encodeInto"]],
      [TextDecoder.prototype, ["decode"]],
      [Function.prototype, ["call", "apply", "bind"]],
      [JSON, ["stringify", "parse"]],
      [Object, ["keys", "entries", "defineProperty", "freeze"]],
    ]) for (const name of names) {
      Object.getOwnPropertyDescriptor(object, name);
      object[name] = spy(name);
    }
    const { prototype } = Object.getPrototypeOf(Uint8Array);
    for (const name of ["length", "byteLength", "buffer", "byteOffset"]) {
      Reflect.defineProperty(prototype, name, { get: spy(name) });
    }
    Array.prototype[Symbol.iterator] = spy("iterator");
    Reflect.defineProperty(Uint8Array, Symbol.species, { get: spy("species") });
    Reflect.defineProperty(Object.prototype, "toJSON", { value: spy("toJSON") });
    return new kept.Response("polluted");
  },
  "GET /hello": () => { console.log("still logged"); return new kept.Response("hello"); },
  "GET /async": async () => { await null; return new kept.Response("hello"); },
  "GET /throws": () => { throw new Error("still reported"); },
  "GET /seen": () => new kept.Response(`${leaked.length} of ${seen.length}`),
};
"""


async def test_changed_prototypes_neither_leak_nor_stop_the_runtime(tmp_path):
    async with running(tmp_path, POLLUTION) as program:
        await program.call("GET /pollute")
        hello = await program.call("GET /hello", params={"a": "b"})
        later = await program.call("GET /async")
        with pytest.raises(Failed) as failure:
            await program.call("GET /throws")
        line = await program.logged("still logged")
        seen = await program.call("GET /seen")

    assert (hello.text, later.text) == ("hello", "hello")
    assert failure.value.message == "still reported"
    assert (line.file, line.call) == ("main.ts", 2)
    assert seen.text.startswith("0 of")


async def test_functions_keep_own_properties_of_any_name(tmp_path):
    source = """
    const f = () => 1;
    f.call = () => "own call";
    class A { static bind() { return "own bind"; } }
    function g(a) { return [this?.x, a]; }
    export default {
      fetch: () => Response.json([f.call(), A.bind(), g.call({ x: 1 }, 2), g.bind({ x: 3 })(4)]),
    };
    """
    async with running(tmp_path, source) as program:
        answer = await program.call("fetch")

    assert answer.json == ["own call", "own bind", [1, 2], [3, 4]]


async def test_globals_can_be_replaced_by_the_author_for_the_author(tmp_path):
    source = """
    const { Response: Kept, Headers: KeptHeaders } = globalThis;
    function replace() {
      for (const name of Object.getOwnPropertyNames(globalThis)) {
        if (!["globalThis", "Infinity", "NaN", "undefined"].includes(name)) {
          try { globalThis[name] = null; } catch { /* it can't be replaced */ }
        }
      }
      return new Kept("replaced");
    }
    export const routes = {
      "GET /replace": replace,
      "GET /throws": (request) => { throw 7; },
      "GET /text": () => new Kept("text"),
      "GET /bytes": () => new Kept(new Kept("bytes").body),
      "GET /works": (request, env, ctx) => {
        ctx.waitUntil((async () => {})());
        return Kept.json({ agent: request.headers.get("user-agent"), is: request.signal.aborted });
      },
    };
    """
    async with running(tmp_path, source) as program:
        await program.call("GET /replace")
        with pytest.raises(Failed, match="threw 7"):
            await program.call("GET /throws")
        text = await program.call("GET /text")
        data = await program.call("GET /bytes")
        works = await program.call("GET /works", headers=[("user-agent", "curl")])

    assert (text.text, data.text) == ("text", "bytes")
    assert works.json == {"agent": "curl", "is": False}


async def test_standard_output_is_not_written_by_a_program(tmp_path):
    source = """
    console.log("a"); console.error("b"); console.table([{ a: 1 }]);
    reportError(new Error("reported"));
    export default { fetch: () => new Response("x") };
    """
    async with running(tmp_path, source) as program:
        await program.call("fetch")
        line = await program.logged("reported")

    assert line.level == "error"
    assert program.errors == b""
