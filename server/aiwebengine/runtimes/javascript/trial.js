// Tests of a script, and snippets that are evaluated in it: only in processes started for that.

import { assert, expect } from "./expect.js";
import { SNIPPET } from "./positions.js";
import { exec, freeze, stringify } from "./safe.js";

// Author code can replace the globals.
const { Error, SyntaxError, TypeError, encodeURIComponent } = globalThis;

const MOST_TESTS = 1_000;
const LONGEST_VALUE = 100_000;

let positions;
let inspect;
let evaluateInEntry;
const tests = [];
// The open `describe` blocks, the outermost first.
let open = [{ name: "", before: [], after: [] }];

/** The globals of test files. */
export function globalsOfTests(use) {
  ({ positions, inspect } = use);
  const test = (name, run) => void add(name, run, false);
  test.skip = (name, run) => void add(name, run, true);
  return {
    test,
    it: test,
    describe,
    beforeEach: (run) => void open.at(-1).before.push(run),
    afterEach: (run) => void open.at(-1).after.push(run),
    expect,
    assert,
  };
}

/** The entry has been loaded: its exports as the runtime sees them. */
export function entryLoaded(namespace) {
  evaluateInEntry = namespace.__aiwebengine_evaluate;
}

/** What the test files have registered, for READY. */
export const registeredTests = () =>
  tests.map(({ name, place, isSkipped }) => ({ kind: "test", name, isSkipped, ...place }));

function describe(name, run) {
  const outer = open;
  open = [...outer, { name, before: [], after: [] }];
  try {
    if (run() instanceof Promise) throw new TypeError(`describe("${name}") must not be async`);
  } finally {
    open = outer;
  }
}

function add(name, run, isSkipped) {
  if (typeof run !== "function") throw new TypeError(`the test "${name}" has no function`);
  if (tests.length >= MOST_TESTS) throw new Error(`there are more than ${MOST_TESTS} tests`);
  const names = [...open.slice(1).map((block) => block.name), String(name)];
  const place = positions.find(new Error().stack);
  tests.push({ name: names.join(" > "), run, isSkipped, blocks: open, place });
}

async function runTest({ head, env, ctx, context }) {
  const given = context === undefined ? [env, ctx] : [context];
  const test = tests[head.index];
  if (test === undefined) throw new TypeError(`there is no test ${head.index}`);
  let failure = null;
  const attempt = async (run) => {
    try {
      await run(...given);
    } catch (error) {
      failure ??= { error };
    }
  };
  for (const { before } of test.blocks) {
    for (const run of before) if (failure === null) await attempt(run);
  }
  if (failure === null) await attempt(test.run);
  for (const { after } of [...test.blocks].reverse()) {
    for (const run of after) await attempt(run);
  }
  return { failure: failure === null ? null : positions.describe(failure.error) };
}

/** The value of an expression, or what statements return. */
async function evaluate({ head, env, ctx, context }) {
  if (evaluateInEntry === undefined) throw new TypeError("snippets are not evaluated here");
  const wrapped = (start, end) =>
    `(async () => ${start}\n${head.source}\n${end})()\n//# sourceURL=${positions.address(SNIPPET)}`;
  let running;
  try {
    running = evaluateInEntry(wrapped("(", ")"), env, ctx, context);
  } catch {
    // Not an expression. What it throws while it runs comes as a rejection.
    try {
      running = evaluateInEntry(wrapped("{", "}"), env, ctx, context);
    } catch (error) {
      throw await unparsable(head.source, error);
    }
  }
  const value = await running;
  const text = inspect(value, { colors: false, depth: 4, strAbbreviateSize: LONGEST_VALUE });
  return { json: asJson(value), text: text.slice(0, LONGEST_VALUE) };
}

/** *error* with its place in a snippet that can't be parsed: `eval` does not report one. */
async function unparsable(source, error) {
  let found = null;
  try {
    // Loaded as a module, which runs nothing of it.
    await import(`data:text/javascript,${encodeURIComponent(`async () => {\n${source}\n}`)}`);
  } catch (reported) {
    found = exec(/\bdata:\S*:(\d+):(\d+)$/m, reported.message);
  }
  const lines = source.split("\n");
  const isAtEnd = found !== null && found[1] > lines.length + 1;
  const placed = new SyntaxError(isAtEnd ? "Unexpected end of the snippet" : error.message);
  const [line, column] = isAtEnd
    ? [lines.length + 1, lines.at(-1).length + 1]
    : [found?.[1], found?.[2]];
  const place = `\n    at ${positions.address(SNIPPET)}:${line}:${column}`;
  placed.stack = `${placed}${found === null ? "" : place}`;
  return placed;
}

function asJson(value) {
  try {
    const text = stringify(value);
    return text !== undefined && text.length <= LONGEST_VALUE ? text : null;
  } catch {
    return null;
  }
}

const calls = freeze({ test: runTest, eval: evaluate });
export const moduleCalls = calls;
export const classicCalls = calls;
