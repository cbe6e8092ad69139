/** Checks that follow typing, the order of problems, and search over all files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LARGEST_REQUEST } from "../editor/history/request-size.js";
import { Checks } from "../editor/problems/checks.js";
import { byFile, nextProblem } from "../editor/problems/order.js";
import { MOST_HITS, search } from "../editor/search/search.js";
import { Workspace } from "../editor/workspace/files.js";

/** A clock that the test moves. */
class Clock {
  /** @type {Map<number, { act: () => void, milliseconds: number }>} */
  waiting = new Map();
  #next = 1;

  /** @param {() => void} act @param {number} milliseconds */
  set = (act, milliseconds) => {
    this.waiting.set(this.#next, { act, milliseconds });
    return this.#next++;
  };

  /** @param {any} timer */
  clear = (timer) => void this.waiting.delete(timer);

  async ring() {
    const due = [...this.waiting.values()];
    this.waiting.clear();
    due.forEach(({ act }) => act());
    // What waits for settled promises continues.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** @param {Record<string, unknown>} [answers] */
function checked(answers = {}) {
  const workspace = new Workspace({ slug: "shop" });
  workspace.load(3, [{ path: "main.ts", text: "let a = 1;", base64: null }], "main.ts");
  const asked = /** @type {[string, any][]} */ ([]);
  const check = (/** @type {string} */ name) => async (/** @type {any} */ wanted) => {
    asked.push([name, wanted]);
    const answer = answers[name] ?? { diagnostics: [] };
    if (answer instanceof Error) throw answer;
    return /** @type {any} */ (answer);
  };
  const clock = new Clock();
  const checks = new Checks(workspace, { load: check("load"), types: check("types") }, clock);
  return { workspace, asked, clock, checks };
}

const problem = (/** @type {Partial<import("../editor/workspace/files.js").Problem>} */ some) =>
  /** @type {const} */ ({
    severity: "WARNING",
    message: "no",
    file: "main.ts",
    line: 1,
    column: 1,
    source: "types",
    ...some,
  });

test("what is saved is checked by its number, what is typed by its text", async () => {
  const { workspace, asked, clock, checks } = checked();
  checks.start();
  await clock.ring();
  assert.deepEqual(asked, [
    ["load", { slug: "shop", version: 3 }],
    ["types", { slug: "shop", version: 3 }],
  ]);
  workspace.setText("main.ts", "let a = 2;");
  workspace.setText("main.ts", "let a = 3;");
  assert.equal(checks.state, "waiting");
  assert.equal(clock.waiting.size, 1);
  await clock.ring();
  assert.equal(asked.length, 4);
  assert.deepEqual(asked[3], [
    "types",
    { slug: "shop", files: [{ path: "main.ts", text: "let a = 3;" }], entry: "main.ts" },
  ]);
  assert.equal(checks.state, "done");
  checks.stop();
  workspace.setText("main.ts", "let a = 4;");
  assert.equal(clock.waiting.size, 0);
});

test("problems of both checks are those of the workspace", async () => {
  const { workspace, clock, checks } = checked({
    load: { diagnostics: [{ severity: "ERROR", message: "It does not load." }] },
    types: { diagnostics: [problem({})], problem: "Only the first ones." },
  });
  checks.start();
  await clock.ring();
  assert.deepEqual(
    workspace.problems.map(({ source }) => source),
    ["load", "types"],
  );
  assert.deepEqual(checks.notes, ["Only the first ones."]);
});

test("a busy server is asked again, and one that refuses is not", async () => {
  const busy = checked({ types: Object.assign(new Error("Busy."), { code: "UNAVAILABLE" }) });
  busy.checks.start();
  await busy.clock.ring();
  assert.deepEqual(busy.checks.notes, ["Types: Busy."]);
  assert.equal(busy.clock.waiting.size, 1);
  const refused = checked({ load: Object.assign(new Error("No."), { code: "FORBIDDEN" }) });
  refused.checks.start();
  await refused.clock.ring();
  assert.equal(refused.clock.waiting.size, 0);
});

test("large files are not sent at each key", async () => {
  const { workspace, asked, clock, checks } = checked();
  workspace.create("picture.png", new Uint8Array(LARGEST_REQUEST + 1));
  checks.start();
  await clock.ring();
  assert.deepEqual(
    asked.map(([name]) => name),
    ["types"],
  );
  assert.deepEqual(asked[0][1].files[1], { path: "picture.png", text: "" });
  assert.match(checks.notes[0], /loaded after Save/);
});

test("a text that only its bytes make too large is not sent", async () => {
  const { workspace, asked, clock, checks } = checked();
  workspace.create("words.ts", "é".repeat(LARGEST_REQUEST / 2));
  checks.start();
  await clock.ring();
  assert.deepEqual(asked, []);
  assert.equal(checks.notes.length, 2);
});

test("problems are in order, and the next one follows the cursor", () => {
  const list = [
    problem({ file: "b.ts", line: 2 }),
    problem({ file: "a.ts", line: 9, severity: "ERROR", source: "load" }),
    problem({ file: "a.ts", line: 9, severity: "ERROR" }),
    problem({ file: "a.ts", line: 3 }),
    problem({ file: null, line: null }),
  ];
  const groups = byFile(list).map(({ file, problems }) => [file, problems.length]);
  assert.deepEqual(groups, [
    [null, 1],
    ["a.ts", 2],
    ["b.ts", 1],
  ]);
  const line = (/** @type {ReturnType<typeof nextProblem>} */ one) => `${one?.file}:${one?.line}`;
  assert.equal(line(nextProblem(list, null)), "a.ts:3");
  assert.equal(line(nextProblem(list, { path: "a.ts", line: 3, column: 1 })), "a.ts:9");
  assert.equal(line(nextProblem(list, { path: "b.ts", line: 2, column: 1 })), "a.ts:3");
  assert.equal(line(nextProblem(list, { path: "a.ts", line: 3, column: 1 }, true)), "b.ts:2");
  assert.equal(nextProblem([], null), null);
});

test("what several checks found is one row that names them", () => {
  const rows = (/** @type {Parameters<typeof problem>[0][]} */ ...list) =>
    byFile(list.map(problem)).flatMap(({ problems }) =>
      problems.map(({ message, sources }) => `${message}: ${sources.join(" ")}`),
    );
  const error = /** @type {const} */ ({ severity: "ERROR", file: "a.ts", line: 9 });

  // The same words, at a line and at none, whichever check was first.
  assert.deepEqual(rows({ ...error }, { ...error, source: "load" }), ["no: load types"]);
  const whole = { ...error, file: null, line: null };
  assert.deepEqual(rows({ ...whole, source: "load" }, whole), ["no: load types"]);
  assert.deepEqual(rows({}, { source: "load" }), ["no: load types"]);
  // The same error in other words: those of the load.
  assert.deepEqual(
    rows(
      { ...error, source: "syntax", message: "b" },
      { ...error, message: "c" },
      { ...error, source: "load" },
    ),
    ["no: load types syntax"],
  );
  // Two errors of a line, an error and a warning, and the same words elsewhere stay apart.
  assert.equal(rows({ ...error, message: "b" }, { ...error, message: "c" }).length, 2);
  assert.equal(rows({ ...error, source: "load" }, { ...error, severity: "WARNING" }).length, 2);
  assert.equal(rows(error, { ...error, file: "b.ts", source: "load" }).length, 2);
});

const FILES = [
  { path: "a.ts", text: "let one = 1;\nlet One = one + 1;\n" },
  { path: "b.ts", text: "// nothing\n" },
  { path: "c.md", text: "one (a+b)\n" },
];
const WANTED = { text: "one", matchCase: false, isExpression: false, replacement: null };

test("search of text", () => {
  const found = search(FILES, WANTED);
  assert.deepEqual([found.hits, found.isCut], [4, false]);
  assert.deepEqual(
    found.files[0].hits.map(({ line, column }) => [line, column]),
    [
      [1, 5],
      [2, 5],
      [2, 11],
    ],
  );
  const [{ before, match, after }] = found.files[0].hits;
  assert.deepEqual([before, match, after], ["let ", "one", " = 1;"]);
  assert.equal(search(FILES, { ...WANTED, matchCase: true }).hits, 3);
  assert.equal(search(FILES, { ...WANTED, text: "(a+b)" }).hits, 1);
});

test("search by expression, and replacement with a preview", () => {
  const wanted = { ...WANTED, text: "let (\\w+) = (.)", isExpression: true };
  const found = search(FILES, { ...wanted, replacement: "const $1 =$$ $2$3" });
  assert.equal(found.files[0].hits[0].replacement, "const one =$ 1$3");
  assert.equal(found.files[0].replaced, "const one =$ 1$3;\nconst One =$ o$3ne + 1;\n");
  const plain = search(FILES, { ...WANTED, replacement: "$1" });
  assert.equal(plain.files[1].replaced, "$1 (a+b)\n");
  assert.equal(search(FILES, { ...wanted, text: "x*" }).hits, 0);
  assert.equal(search(FILES, { ...wanted, text: "^let" }).hits, 2);
});

test("a search has bounds", () => {
  const many = [{ path: "a.ts", text: "x ".repeat(MOST_HITS + 1) }];
  const found = search(many, { ...WANTED, text: "x", replacement: "y" });
  assert.deepEqual([found.isCut, found.files.length], [true, 0]);
  assert.equal(
    search([{ path: "a", text: "x ".repeat(MOST_HITS) }], { ...WANTED, text: "x" }).hits,
    MOST_HITS,
  );
  const wrong = { ...WANTED, text: "(", isExpression: true };
  assert.throws(() => search(FILES, wrong), /not a regular expression/);
  assert.throws(() => search(FILES, { ...WANTED, text: "x".repeat(1_001) }), /1001 characters/);
});
