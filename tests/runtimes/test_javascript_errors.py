"""Errors have the author's file, line and column."""

import pytest
from tests.runtimes.programs import running

from aiwebengine.runtimes.types import Failed


def place(failure: Failed) -> tuple[str | None, int | None, int | None]:
    return (failure.file, failure.line, failure.column)


THROWS = """interface Shape { a: number;
  b: string }

type Kind = "x" | "y";
enum Color { Red, Green }

function deep(shape: Shape): never {
  throw new RangeError(`bad ${shape.a} ${Color.Green}`);
}
export const routes = {
  "GET /throws": () => deep({ a: 1, b: "" }),
  "GET /rejects": async () => {
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
    const nothing: any = null;
    return nothing.name;
  },
  "GET /parses": () => JSON.parse("{"),
  "GET /text": () => { throw "a text"; },
  "GET /object": () => { throw { code: 1 }; },
  "GET /null": () => Promise.reject(null),
  "GET /recursion": function again() { return again() + again(); },
  "GET /cause": () => {
    try { deep({ a: 2, b: "" }); } catch (cause) { throw new Error("outer", { cause }); }
  },
  "GET /hostile": () => {
    const error = new Error("x");
    Object.defineProperty(error, "message", { get() { throw error; } });
    throw error;
  },
  "GET /stackless": () => { const e = new Error("bare"); e.stack = undefined; throw e; },
};
"""


async def test_an_exception_has_the_line_of_the_typescript(tmp_path):
    async with running(tmp_path, THROWS) as program:
        with pytest.raises(Failed) as failure:
            await program.call("GET /throws")

    assert failure.value.message == "RangeError: bad 1 1"
    assert place(failure.value) == ("main.ts", 8, 9)
    assert failure.value.stack.splitlines() == [
        "RangeError: bad 1 1",
        "    at deep (main.ts:8:9)",
        "    at GET /throws (main.ts:11:24)",
    ]


async def test_an_asynchronous_rejection_has_its_line(tmp_path):
    async with running(tmp_path, THROWS) as program:
        with pytest.raises(Failed) as failure:
            await program.call("GET /rejects")

    assert failure.value.message.startswith("TypeError: Cannot read properties of null")
    assert place(failure.value) == ("main.ts", 15, 20)


async def test_an_error_of_a_builtin_has_the_line_that_called_it(tmp_path):
    async with running(tmp_path, THROWS) as program:
        with pytest.raises(Failed) as failure:
            await program.call("GET /parses")

    assert failure.value.message.startswith("SyntaxError: ")
    assert (failure.value.file, failure.value.line) == ("main.ts", 17)


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("GET /text", "a text"),
        ("GET /object", "threw [object Object]"),
        ("GET /null", "threw null"),
        ("GET /hostile", "an error that can't be shown"),
        ("GET /stackless", "bare"),
    ],
)
async def test_whatever_is_thrown_is_reported(tmp_path, handler, message):
    async with running(tmp_path, THROWS) as program:
        with pytest.raises(Failed) as failure:
            await program.call(handler)
        assert failure.value.message == message
        with pytest.raises(Failed, match="bad 1"):
            await program.call("GET /throws")


async def test_endless_recursion_is_an_exception(tmp_path):
    async with running(tmp_path, THROWS) as program:
        with pytest.raises(Failed) as failure:
            await program.call("GET /recursion")

    assert failure.value.message == "RangeError: Maximum call stack size exceeded"
    assert failure.value.line == 21


async def test_causes_are_in_the_stack(tmp_path):
    async with running(tmp_path, THROWS) as program:
        with pytest.raises(Failed) as failure:
            await program.call("GET /cause")

    assert failure.value.line == 23
    assert "Caused by: RangeError: bad 2 1\n    at deep (main.ts:8:9)" in failure.value.stack


@pytest.mark.parametrize(
    ("files", "message", "expected"),
    [
        (
            {"main.ts": "const a: number = 1;\nconst b: string = ;\n"},
            "SyntaxError: Expression expected",
            ("main.ts", 2, 19),
        ),
        (
            {"main.js": "const a = 1;\nlet b = ;\n"},
            "SyntaxError: Expression expected",
            ("main.js", 2, 9),
        ),
        (
            {"main.ts": 'import "./a/b.ts";', "a/b.ts": "\n\nexport const x = {;"},
            "SyntaxError: ",
            ("a/b.ts", 3, 19),
        ),
        (
            {"main.ts": '// one\nimport { a } from "./missing.ts";\na();'},
            "missing.ts does not exist",
            ("main.ts", 2, 19),
        ),
        (
            {"main.ts": '\nimport { b } from "./a.ts";\nb();', "a.ts": "export const a = 1;"},
            "SyntaxError: The requested module './a.ts' does not provide an export named 'b'",
            ("main.ts", 2, 10),
        ),
        (
            {
                "main.ts": 'import { run } from "./my lib/a.ts"; run();',
                "my lib/a.ts": 'export function run() {\n  throw new Error("while loading");\n}',
            },
            "while loading",
            ("my lib/a.ts", 2, 9),
        ),
        (
            {"main.ts": 'import "./lib/a";', "lib/a.ts": ""},
            "lib/a does not exist: did you mean lib/a.ts?",
            ("main.ts", 1, 8),
        ),
        (
            {"main.ts": 'import "./lib/a.js";', "lib/a.ts": ""},
            "lib/a.js does not exist: is its extension .ts?",
            ("main.ts", 1, 8),
        ),
        (
            {"main.ts": 'import "./lib";', "lib/index.ts": ""},
            "lib is a folder: did you mean lib/index.ts?",
            ("main.ts", 1, 8),
        ),
        ({"main.ts": 'await Promise.reject(new Error("top"));'}, "top", ("main.ts", 1, 22)),
        (
            {"main.ts": "undefinedName();"},
            "ReferenceError: undefinedName is not defined",
            ("main.ts", 1, 1),
        ),
    ],
)
async def test_what_can_not_be_loaded_has_its_place(tmp_path, files, message, expected):
    with pytest.raises(Failed) as failure:
        async with running(
            tmp_path / "a folder; (with) [ümlaut] 100%", files, entry=next(iter(files))
        ):
            pass

    assert failure.value.message.startswith(message)
    assert place(failure.value) == expected
    assert str(tmp_path) not in failure.value.message + failure.value.stack


async def test_uncaught_errors_are_logged_and_end_nothing(tmp_path):
    source = """
export const routes = {
  "GET /timer": () => {
    setTimeout(() => { throw new Error("in a timer"); }, 1);
    return new Response("x");
  },
  "GET /forgotten": () => {
    void Promise.reject(new Error("forgotten"));
    return new Response("x");
  },
};
"""
    async with running(tmp_path, source) as program:
        await program.call("GET /timer")
        timer = await program.logged("in a timer")
        await program.call("GET /forgotten")
        forgotten = await program.logged("forgotten")
        await program.call("GET /timer")

    assert (timer.level, timer.file, timer.line) == ("error", "main.ts", 4)
    assert (forgotten.level, forgotten.file, forgotten.line) == ("error", "main.ts", 8)


LONG = """
const long = "x".repeat(2_000_000);
export const routes = {
  "GET /message": () => { throw new Error(long); },
  "GET /stack": () => {
    const error = new Error("s");
    error.stack += `\\n    at ${long} (main.ts:1:1)`;
    throw error;
  },
  "GET /cause": () => { throw new Error(long, { cause: new Error(long) }); },
  "GET /text": () => { throw long; },
  "GET /headers": () => new Response("x", { headers: { long } }),
  "GET /streamed": () => new Response(new Response("x").body, { headers: { long } }),
};
"""


@pytest.mark.parametrize("what", ["message", "stack", "cause", "text", "headers", "streamed"])
async def test_what_is_reported_is_short_enough_for_the_host(tmp_path, what):
    async with running(tmp_path, LONG) as program:
        with pytest.raises(Failed) as failure:
            await program.call(f"GET /{what}")

    assert len(failure.value.message) < 20_000
    assert len(failure.value.stack) < 40_000
    if what == "message":
        assert failure.value.stack.endswith("(main.ts:4:33)")
    if what in ("headers", "streamed"):
        assert "the answer's headers have 20000" in failure.value.message
