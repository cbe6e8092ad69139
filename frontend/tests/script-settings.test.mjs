import assert from "node:assert/strict";
import { test } from "node:test";
import { changes, highest, hint, LIMITS } from "../editor/settings/limit-fields.js";
import { about, byFile, isTestFile, merged, summary } from "../editor/tests/results.js";
import { DEFAULTS, variables } from "../scripts/show.js";

const all = (value) => Object.fromEntries(LIMITS.map(({ name }) => [name, value]));
const result = (name, status = "PASSED", file = "main.test.ts") => ({
  name,
  status,
  file,
  line: 1,
  milliseconds: 2,
  error: null,
});

test("only limits that differ are sent, and those that are as by default as null", () => {
  const current = { ...all(5), heapMb: 64 };
  const typed = { heapMb: "5", processes: "7", logLines: " 5 ", idleSecs: "" };

  assert.deepEqual(changes(typed, current, all(5)), { heapMb: null, processes: 7 });
  assert.deepEqual(changes({}, current, all(5)), {});
  assert.deepEqual(changes({ heapMb: "" }, current, all(5)), { heapMb: null });
});

test("an owner may keep what an administrator has set, but go no higher", () => {
  const ranges = { lowest: all(1), defaults: all(5), highest: all(50) };

  assert.equal(highest("heapMb", ranges, all(5), false), 5);
  assert.equal(highest("heapMb", ranges, all(20), false), 20);
  assert.equal(highest("heapMb", ranges, all(5), true), 50);
});

test("a limit is described in the unit of its field", () => {
  const ranges = { lowest: all(0.5), defaults: all(1_500), highest: all(50_000_000) };

  for (const { name } of LIMITS)
    assert.equal(hint(name, ranges, 50_000_000), "Default 1,500; allowed: 0.5 to 50,000,000.");
});

test("running one test keeps the results of the others", () => {
  const before = [result("adds", "FAILED"), result("divides", "FAILED"), result("gone")];
  const now = [result("adds"), result("divides", "SKIPPED"), result("new", "SKIPPED")];

  const shown = merged(before, now, "adds");

  assert.deepEqual(
    shown.map(({ name, status }) => `${name} ${status}`),
    ["adds PASSED", "divides FAILED", "new SKIPPED"],
  );
  assert.equal(summary(shown), "1 passed, 1 failed, 1 skipped");
  assert.equal(merged(before, now, null), now);
});

test("tests of the same name in two files are two", () => {
  const before = [result("adds", "FAILED", "a.test.ts"), result("adds", "PASSED", "b.test.ts")];
  const now = before.map((one) => ({ ...one, status: "SKIPPED" }));

  assert.deepEqual(
    merged(before, now, "other").map(({ status }) => status),
    ["FAILED", "PASSED"],
  );
  assert.deepEqual(
    byFile(before).map(([file, found]) => [file, found.length]),
    [
      ["a.test.ts", 1],
      ["b.test.ts", 1],
    ],
  );
});

test("files are tests by their name", () => {
  const names = ["main.test.ts", "a/b.test.js", "x.test.tsx", "y.test.mjs", "test.ts", "a.test.md"];

  assert.deepEqual(names.filter(isTestFile), names.slice(0, 4));
});

test("a run says what it tested", () => {
  assert.equal(about({ version: 0, milliseconds: 1_500, tests: [] }), "Unsaved files, 1.5 s");
  assert.equal(about({ version: 3, milliseconds: 20, tests: [] }), "Version 3, 20 ms");
});

test("the address says which scripts are listed", () => {
  const shown = (change) => variables({ ...DEFAULTS, ...change });

  assert.deepEqual(shown({}), { first: 25, after: null, filter: { search: null } });
  assert.deepEqual(shown({ show: "ownerless", q: "shop" }).filter, {
    search: "shop",
    ownerless: true,
  });
  assert.deepEqual(shown({ show: "deleted" }).filter, { search: null, state: "DELETED" });
  assert.equal(shown({ size: "50" }).first, 50);
  assert.equal(shown({ size: "5000" }).first, 25);
  assert.deepEqual(shown({ show: "nonsense" }).filter, { search: null });
});
