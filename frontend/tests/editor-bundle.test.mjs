// @ts-check
/** The editor's bundle: what the first visit of a script loads, compressed as most servers do it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const FOLDER = new URL("../", import.meta.url);
const MOST_BYTES = 350_000;
/** The page itself and the answers to its requests for data: the test of the browser counts them. */
const LEFT_FOR_DATA = 20_000;
/** Of ten requests, the page and its data need four. */
const MOST_FILES = 6;
const STATIC = /(?:\bfrom|\bimport)\s*"(\.\/[\w.-]+\.js)"/g;

/** @param {string} name */
const read = (name) => readFileSync(new URL(name, FOLDER));

/** A module of the bundle with all that it imports at once. @param {string} name @param {Set<string>} found */
function withImports(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const [, other] of read(`vendor/${name}`).toString().matchAll(STATIC))
    withImports(other.slice(2), found);
  return found;
}

const MODULES = [...withImports("editor.js")];
const FIRST = ["vendor/editor.css", "vendor/inter.woff2", "theme.js", "icon.svg"].concat(
  MODULES.map((name) => `vendor/${name}`),
);

test("the first load of the editor is small", () => {
  const sizes = Object.fromEntries(FIRST.map((name) => [name, compressed(name)]));
  const sum = Object.values(sizes).reduce((one, other) => one + other, 0);
  assert.ok(sum <= MOST_BYTES - LEFT_FOR_DATA, JSON.stringify({ sum, ...sizes }));
});

test("the first load of the editor is few files", () => {
  assert.ok(FIRST.length <= MOST_FILES, FIRST.join(" "));
});

test("panels, seldom languages and the merge view are no part of the first load", () => {
  const code = MODULES.map((name) => read(`vendor/${name}`).toString()).join("\n");
  for (const part of ["panel-components", "more-languages", "merge-flow"]) {
    assert.match(code, new RegExp(`import\\("\\./editor-${part}-\\w+\\.js"\\)`));
    assert.ok(!MODULES.some((name) => name.includes(part)), part);
  }
});

/** @param {string} name */
function compressed(name) {
  const content = read(name);
  return name.endsWith(".woff2") ? content.length : gzipSync(content, { level: 6 }).length;
}

test("the record of sources has each of the editor's files", () => {
  const recorded = JSON.parse(read("vendor/sources.json").toString());
  for (const name of [
    "editor/editor.js",
    "editor/panel-components.js",
    "editor/search/search-worker.js",
    "editor/editor.css",
    "lib/parts.js",
    "package-lock.json",
    "tools/vendor.mjs",
  ])
    assert.match(recorded[name] ?? "", /^[0-9a-f]{64}$/, name);
  assert.ok(!Object.keys(recorded).some((name) => name.includes("node_modules")));
});
