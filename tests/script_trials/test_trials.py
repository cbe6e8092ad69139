"""Tests of scripts and evaluated snippets: results with places, and nothing is kept."""

import pytest

from aiwebengine.core.errors import BadUserInput, Forbidden
from aiwebengine.script_calls.types import Kind
from aiwebengine.script_trials.types import OutcomeOfTest
from aiwebengine.scripts.errors import NotLoadable
from aiwebengine.scripts.files import tree_of

MAIN = """
import { double } from "./lib.ts";
let count = 0;
export const routes = { "GET /one": () => new Response(String(double(++count))) };
const secret = () => "of the entry";
"""
LIB = "export const double = (n: number): number => 2 * n;\n"
TESTS = """
import { double } from "./lib.ts";

describe("double", () => {
  let before: number[] = [];
  beforeEach(() => before.push(1));
  afterEach(() => { before = []; });

  test("numbers", () => {
    expect(double(2)).toBe(4);
    expect(before).toEqual([1]);
  });
  it("fails", async () => {
    expect(await double(2)).toBe(5);
  });
  test.skip("later", () => {});
});
test("waits", async () => {
  await expect(Promise.reject(new Error("no luck"))).rejects.toThrow("luck");
  await new Promise((done) => setTimeout(done, 1));
  console.log("waited");
});
test("writes", async (env, ctx) => {
  expect(typeof env.kv.get + typeof ctx.waitUntil).toBe("functionfunction");
  await host.ask("notes.add", ["a"]);
  expect((await host.ask("notes.count", [])).value).toBe(1);
});
test("writes again", async () => {
  await host.ask("notes.add", ["b"]);
  expect((await host.ask("notes.count", [])).value).toBe(1);
});
"""


def files(tests=TESTS, main=MAIN):
    texts = {"main.ts": main, "lib.ts": LIB, "lib.test.ts": tests}
    return tree_of({path: text.encode() for path, text in texts.items()})


@pytest.fixture
async def saved(engine, edith):
    await engine.services.scripts.put(edith, "one", files())


async def test_tests_run_with_places_and_nothing_is_kept(trials, saved, edith, notes):
    run = await trials.test(edith, "one")

    seen = [(one.name, one.status, one.file, one.line) for one in run.tests]
    passed, failed, skipped = OutcomeOfTest.PASSED, OutcomeOfTest.FAILED, OutcomeOfTest.SKIPPED
    assert seen == [
        ("double > numbers", passed, "lib.test.ts", 9),
        ("double > fails", failed, "lib.test.ts", 13),
        ("double > later", skipped, "lib.test.ts", 16),
        ("waits", passed, "lib.test.ts", 18),
        ("writes", passed, "lib.test.ts", 23),
        ("writes again", passed, "lib.test.ts", 28),
    ]
    assert (run.passed, run.failed, run.skipped, run.version) == (4, 1, 1, 1)
    error = run.tests[1].error
    assert error.message == "AssertionError: expected 4 to be 5"
    assert (error.file, error.line) == ("lib.test.ts", 14)
    assert [line.text for line in run.log] == ["waited"]
    assert await notes() == []


async def test_files_that_are_not_saved_and_a_name(trials, saved, edith):
    tests = "test('a', () => {}); test('b', () => { throw new Error('no'); });"

    run = await trials.test(edith, "one", tree=files(tests), name="a")

    assert [one.status for one in run.tests] == [OutcomeOfTest.PASSED, OutcomeOfTest.SKIPPED]
    assert run.version == 0


async def test_a_test_that_hangs_fails_and_the_others_run(engine, trials, saved, edith):
    await engine.services.scripts.set_limits(edith, "one", {"call_timeout_secs": 1.0})
    tests = """
    test("loops", () => { for (;;); });
    test("never", () => new Promise(() => {}));
    test("works", () => {});
    """

    run = await trials.test(edith, "one", tree=files(tests))

    assert [one.status.value for one in run.tests] == ["failed", "failed", "passed"]
    assert run.tests[0].error.message == "No answer within 1 s."


async def test_tests_of_the_classic_form_find_what_init_wrote(trials, deploy, edith, notes):
    await deploy("function init() {}")
    main = "function init() { host.askNow('notes.add', ['of init']); }"
    tests = """
    const count = () => host.askNow("notes.count", []).value;
    test("first", () => { host.askNow("notes.add", ["x"]); expect(count()).toBe(2); });
    test("second", (context) => { expect(count()).toBe(1); expect(context.kind).toBe("test"); });
    """
    tree = tree_of({"main.js": main.encode(), "main.test.js": tests.encode()})

    run = await trials.test(edith, "one", tree=tree)

    assert [one.error for one in run.tests] == [None, None]
    assert await notes() == []


async def test_what_is_no_test_is_refused(trials, saved, edith, alan, deploy):
    with pytest.raises(NotLoadable, match=r"lib\.test\.ts"):
        await trials.test(edith, "one", tree=files("test('a', () => {"))
    with pytest.raises(Forbidden):
        await trials.test(alan, "one")
    await deploy("export const routes = {};export default { fetch() {} };", "two")
    with pytest.raises(BadUserInput, match="two has no tests"):
        await trials.test(edith, "two")


async def test_a_snippet_sees_the_entry_and_its_writes_are_undone(trials, saved, edith, notes):
    value = await trials.evaluate(
        edith, "one", "({ a: secret(), b: await double(4), c: !env.kv, d: ctx.user })"
    )
    statements = await trials.evaluate(
        edith, "one", "const n = double(1); console.log('seen'); return new Map([[n, 1]]);"
    )
    writes = await trials.evaluate(edith, "one", "(await host.ask('notes.add', ['a'])).value")
    throws = await trials.evaluate(edith, "one", "double.missing.member")

    assert value.json == '{"a":"of the entry","b":8,"c":false,"d":null}'
    assert statements.text == "Map(1) { 2 => 1 }"
    assert [line.text for line in statements.log] == ["seen"]
    assert (writes.json, writes.error) == ("null", None)
    assert throws.error.message.startswith("TypeError: Cannot read properties of undefined")
    assert await notes() == []


@pytest.mark.parametrize(
    ("source", "message", "line", "column"),
    [
        ("nope(", "SyntaxError: Unexpected end of the snippet", 1, 6),
        ("const a = 1;\n  nope(;\nreturn a;", "SyntaxError: Unexpected token ';'", 2, 8),
        ("1 +\n'open", "SyntaxError: Invalid or unexpected token", 2, 1),
        ("let a; let a;", "SyntaxError: Identifier 'a' has already been declared", 1, 12),
        ("1 +\n double.missing.member", "TypeError: Cannot read properties", 2, 17),
        ("const f = () => {\n  throw new Error('no');\n};\nf();", "no", 2, 9),
    ],
)
async def test_an_error_in_a_snippet_names_its_place_there(
    trials, saved, edith, source, message, line, column
):
    error = (await trials.evaluate(edith, "one", source)).error

    assert error.message.startswith(message)
    assert (error.file, error.line, error.column) == ("(snippet)", line, column)
    assert f"(snippet):{line}:{column}" in error.stack
    assert "__aiwebengine" not in error.stack


async def test_an_error_in_the_entry_names_its_place_in_a_snippet_too(trials, saved, edith):
    error = (await trials.evaluate(edith, "one", "\ndouble({ valueOf: () => null.x })")).error

    assert (error.file, error.line) == ("(snippet)", 2)


async def test_a_snippet_may_keep_its_writes_and_is_audited(engine, trials, saved, edith, notes):
    await trials.evaluate(edith, "one", "host.ask('notes.add', ['kept'])", keep=True)

    assert await notes() == ["kept"]
    after = await engine.db.value(
        "select after from audit_events where action = 'script.evaluated'"
    )
    source = "host.ask('notes.add', ['kept'])"
    assert after == {"version": 1, "kept": True, "source": source}


async def test_visitors_do_not_notice_a_trial(scripting, trials, saved, edith):
    await trials.evaluate(edith, "one", "count = 100; globalThis.routes = null;")
    head = {"method": "GET", "url": "http://test/", "path": "/", "headers": [], "params": {}}

    async with scripting.caller.open("one", Kind.HTTP, "GET /one", head) as call:
        assert call.answer.body == b"2"


@pytest.mark.parametrize("source", ["", "  ", "x" * 100_001])
async def test_a_snippet_has_a_size(trials, saved, edith, source):
    with pytest.raises(BadUserInput, match="source: found"):
        await trials.evaluate(edith, "one", source)
