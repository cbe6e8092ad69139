"""Log lines have a level, a place and their call."""

import asyncio

from tests.runtimes.programs import running

LOGS = """interface A { a: 1 }

console.log("while loading");
export const routes = {
  "GET /levels": () => {
    console.log("log"); console.info("info"); console.debug("debug");
    console.warn("warn");
    console.error("error");
    return new Response("x");
  },
  "GET /values": () => {
    console.log("text", 1, null, undefined, { a: [1, { b: 2 }] }, new Map([["k", 1]]), 10n);
    const circular: any = {}; circular.self = circular;
    console.log(circular);
    console.error("failed:", new TypeError("bad"));
    console.log({ [Symbol.for("Deno.customInspect")]() { throw 1; } });
    console.log("x".repeat(30_000));
    console.log("ümlaut \\u2028 \\ud83d\\ude00 \\ud800");
    return new Response("x");
  },
  "GET /others": () => {
    console.dir({ a: 1 }); console.table([1]); console.trace("here"); console.assert(1 > 2, "sums");
    console.assert(true, "never"); console.count(); console.count(); console.countReset();
    console.time("t"); console.timeLog("t"); console.timeEnd("t");
    console.group("G"); console.groupEnd(); console.groupCollapsed("H");
    return new Response("x");
  },
  "GET /turns": async (request, env, ctx) => {
    for (let turn = 0; turn < 3; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      console.log(`${ctx.params.n}`);
    }
    return new Response("x");
  },
  "GET /late": () => {
    setTimeout(() => console.log("after the end"), 20);
    return new Response("x");
  },
};
"""


async def test_lines_have_level_place_and_call(tmp_path):
    async with running(tmp_path, LOGS) as program:
        await program.call("GET /levels")

    assert [
        (line.call, line.level, line.text, line.line, line.column) for line in program.logs
    ] == [
        (0, "info", "while loading", 3, 9),
        (1, "info", "log", 6, 13),
        (1, "info", "info", 6, 33),
        (1, "debug", "debug", 6, 55),
        (1, "warn", "warn", 7, 13),
        (1, "error", "error", 8, 13),
    ]
    assert {line.file for line in program.logs} == {"main.ts"}


async def test_values_are_shown(tmp_path):
    async with running(tmp_path, LOGS) as program:
        await program.call("GET /values")
    texts = [line.text for line in program.logs[1:]]

    assert texts[0] == ('text 1 null undefined { a: [ 1, { b: 2 } ] } Map(1) { "k" => 1 } 10n')
    assert "[Circular" in texts[1]
    assert texts[2].splitlines()[:2] == [
        "failed: TypeError: bad",
        "    at GET /values (main.ts:15:30)",
    ]
    assert texts[3] == "[a value that can't be shown]"
    assert texts[4] == "x" * 20_000 + "…"
    assert texts[5].startswith("ümlaut \u2028 😀 ")


async def test_the_other_functions_of_console_exist(tmp_path):
    async with running(tmp_path, LOGS) as program:
        await program.call("GET /others")
    texts = [line.text for line in program.logs[1:]]

    assert texts[0] == "{ a: 1 }"
    assert texts[2].startswith("Trace: here Error: trace") or "Trace: here" in texts[2]
    assert texts[3] == "Assertion failed: sums"
    assert texts[4:6] == ["default: 1", "default: 2"]
    assert texts[6].startswith("t: ")
    assert texts[8:] == ["G", "H"]
    assert {line.file for line in program.logs} == {"main.ts"}


async def test_lines_of_calls_at_once_are_told_apart(tmp_path):
    async with running(tmp_path, LOGS) as program:
        calls = {str(n): program.open("GET /turns", params={"n": str(n)}) for n in range(20)}
        await asyncio.gather(*(program.answer(call) for call in calls.values()))

    lines = program.logs[1:]
    assert len(lines) == 60
    assert all(line.call == calls[line.text] for line in lines)


async def test_a_line_after_the_end_of_its_call_belongs_to_none(tmp_path):
    async with running(tmp_path, LOGS) as program:
        await program.call("GET /late")
        line = await program.logged("after the end")

    assert line.call == 0
    assert line.line == 36
