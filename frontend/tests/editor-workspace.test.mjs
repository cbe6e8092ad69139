/** What the editor's workspace computes: rows of the tree, changes, marks, contents. */
import assert from "node:assert/strict";
import test from "node:test";
import { Text } from "@codemirror/state";
import { fromBase64, toBase64 } from "../editor/workspace/base64.js";
import { diagnosticsOf } from "../editor/workspace/diagnostics.js";
import { endingOf } from "../editor/workspace/endings.js";
import { replacement } from "../editor/workspace/replacement.js";
import { placeByKey } from "../editor/workspace/roving.js";
import { filesOf, rowByKey, rowsOf } from "../editor/workspace/tree-model.js";
import { contentOf, contentsOf } from "../editor/workspace/uploads.js";

const PATHS = ["README.md", "lib/deep/a.ts", "lib/b.ts", "main.ts", "main10.ts", "main9.ts"];

test("folders come before files, numbers in their order", () => {
  const rows = rowsOf(PATHS, new Set());

  assert.deepEqual(
    rows.map(({ path, level }) => `${level} ${path}`),
    [
      "1 lib",
      "2 lib/deep",
      "3 lib/deep/a.ts",
      "2 lib/b.ts",
      "1 main.ts",
      "1 main9.ts",
      "1 main10.ts",
      "1 README.md",
    ],
  );
});

test("a closed folder hides what is in it", () => {
  const rows = rowsOf(PATHS, new Set(["lib"]));

  assert.deepEqual(rows[0], {
    path: "lib",
    name: "lib",
    level: 1,
    isFolder: true,
    isOpen: false,
  });
  assert.equal(rows[1].path, "main.ts");
  assert.deepEqual(filesOf(PATHS, rows[0]), ["lib/deep/a.ts", "lib/b.ts"]);
});

test("keys move among the rows", () => {
  const rows = rowsOf(PATHS, new Set());
  const paths = (at, key) => rows[rowByKey(rows, at, key)]?.path ?? null;

  assert.equal(paths(0, "ArrowDown"), "lib/deep");
  assert.equal(paths(0, "ArrowUp"), "lib");
  assert.equal(paths(0, "ArrowRight"), "lib/deep");
  assert.equal(paths(2, "ArrowLeft"), "lib/deep");
  assert.equal(paths(0, "End"), "README.md");
  assert.equal(paths(7, "Home"), "lib");
  assert.equal(paths(4, "m"), "main9.ts");
  assert.equal(paths(6, "m"), "main.ts");
  assert.equal(paths(0, "F5"), null);
  assert.equal(paths(0, " "), null);
});

test("arrows move among tabs in a circle", () => {
  assert.equal(placeByKey("ArrowRight", 2, 3), 0);
  assert.equal(placeByKey("ArrowUp", 0, 3), 2);
  assert.equal(placeByKey("End", 0, 3), 2);
  assert.equal(placeByKey("a", 0, 3), null);
});

test("the smallest change makes one text of another", () => {
  const cases = [
    ["", ""],
    ["abc", "abc"],
    ["abc", "abXc"],
    ["aaa", "aa"],
    ["aa", "aaa"],
    ["abcabc", "abc"],
    ["x", ""],
    ["", "x"],
  ];
  for (const [before, after] of cases) {
    const change = replacement(before, after);
    const { from, to, insert } = change ?? { from: 0, to: 0, insert: "" };
    assert.equal(before.slice(0, from) + insert + before.slice(to), after);
  }
  assert.equal(replacement("same", "same"), null);
  assert.deepEqual(replacement("one two three", "one 2 three"), { from: 4, to: 7, insert: "2" });
});

test("a problem marks the word at its place, wherever the text has gone since", () => {
  const doc = Text.of(["const name = 1;", "x"]);
  const problem = (line, column) => ({
    severity: "ERROR",
    message: "no",
    file: "main.ts",
    source: "types",
    line,
    column,
  });

  const found = diagnosticsOf(doc, [
    problem(1, 7),
    problem(2, 99),
    problem(3, 1),
    problem(null, null),
  ]);

  assert.deepEqual(
    found.map(({ from, to, severity }) => [from, to, severity]),
    [
      [6, 10, "error"],
      [17, 17, "error"],
    ],
  );
});

test("bytes survive base64, however many", () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);

  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
});

test("text is text, with its mark, and anything else stays bytes", () => {
  const bytes = (...values) => Uint8Array.from(values);

  assert.equal(contentOf(new TextEncoder().encode("größe\r\n")), "größe\r\n");
  assert.equal(contentOf(bytes(0xef, 0xbb, 0xbf, 0x61)), "\ufeffa");
  assert.deepEqual(contentOf(bytes(0xff, 0xfe)), bytes(0xff, 0xfe));
  assert.deepEqual(contentOf(bytes(0x61, 0)), bytes(0x61, 0));
});

test("an upload is refused before it is read, when the server would not take it", async () => {
  const read = [];
  const file = (path, size) => ({
    path,
    file: { size, arrayBuffer: async () => (read.push(path), new ArrayBuffer(0)) },
  });

  await assert.rejects(contentsOf([file("a.bin", 10_000_001)], ""), /a file may have at most/);
  const five = ["a", "b", "c", "d", "e", "f"].map((path) => file(path, 9_000_000));
  await assert.rejects(contentsOf(five, ""), /a script may have at most/);
  const many = Array.from({ length: 1_001 }, (_, index) => file(String(index), 1));
  await assert.rejects(contentsOf(many, ""), /at most 1,000/);
  assert.deepEqual(read, []);

  const contents = await contentsOf([file("a.txt", 0)], "lib/");
  assert.deepEqual(contents, [{ path: "lib/a.txt", content: "" }]);
});

test("the ending of a name says what the file is", () => {
  assert.deepEqual(["a/b.TS", "Makefile", ".env", "a.b/c", "x.test.ts"].map(endingOf), [
    "ts",
    "",
    "env",
    "",
    "ts",
  ]);
});
