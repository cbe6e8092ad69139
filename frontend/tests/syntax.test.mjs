/** Syntax errors that the editor's own grammar finds, and how the server's answer replaces them. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { EditorState } from "@codemirror/state";
import { hasSyntax, syntaxErrors } from "../editor/language/syntax.js";
import { replaceSyntax, showSyntax } from "../editor/problems/syntax-problems.js";
import { languageOf } from "../editor/workspace/languages.js";
import { Workspace } from "../editor/workspace/files.js";

const ROOT = new URL("../../", import.meta.url);
/** Enough for any machine: what is found must not depend on it. */
const LONG_MS = 60_000;

/** @param {string} path @param {string} text */
function errorsOf(path, text) {
  const state = EditorState.create({ doc: text, extensions: languageOf(path) });
  return syntaxErrors(state, path, text.length, LONG_MS) ?? [];
}

/** @param {string} folder */
const sourcesIn = (folder) =>
  readdirSync(new URL(folder, ROOT), { recursive: true })
    .map((name) => `${folder}${name}`)
    .filter((path) => hasSyntax(path) && !path.includes("node_modules"));

test("no example and no template has a mark", () => {
  const paths = [
    "examples/",
    "server/aiwebengine/scripts/templates/",
    "server/aiwebengine/scripts/starter/",
  ].flatMap(sourcesIn);
  assert.ok(paths.length > 10, String(paths.length));
  for (const path of paths) {
    const text = readFileSync(new URL(path, ROOT), "utf8");
    assert.deepEqual(errorsOf(path, text), [], path);
  }
});

/** Valid, and rare. */
const VALID = {
  "a.ts": `import type { A } from "./a.ts";
type Getters<T> = { readonly [K in keyof T as \`get\${Capitalize<string & K>}\`]-?: () => T[K] };
const table = { a: 1 } satisfies Record<string, number>;
abstract class Shop<const T extends readonly unknown[] = []> {
  static #count = 0;
  declare name: string;
  private readonly items?: T;
  constructor(private place: string, protected readonly other = 1) {}
  get size(): number { return Shop.#count; }
  abstract open(): asserts this is Shop;
  static { Shop.#count ||= 1; }
  override toString() { return super.toString(); }
}
function isText(value: unknown): value is string { return typeof value === "string"; }
function over(a: string): void;
function over(a: number): void;
function over(a: unknown) { void a; }
enum Color { Red = 1 << 2, Green = "g".length }
declare global { interface Window { x?: 1 } }
namespace Inner { export const one = 1; }
let tuple: [string, number?];
const made = <T,>(value: T) => value;
const found = table!.a ?? (tuple as unknown as number);
for await (const one of [Promise.resolve(1)]) void one;
const big = 1_000n ** 2n;
const expression = /[\\p{L}--[a-z]]/v;
export default async function* () { yield* []; }
`,
  "a.js": `export const routes = { "GET /": () => new Response("hello") };
const { a = 1, ...rest } = {};
label: for (;;) break label;
class A { #x = 1; static async *y() {} has(o) { return #x in o; } }
import("./x.js").then(({ default: one }) => one?.[0]?.(a, ...rest));
`,
  "a.tsx": `const Page = <T extends object>({ of }: { of: T }) => <><p class="a" {...of}>{String(of)}</p></>;
`,
  "a.json": `{ "a": [1, -2.5e3, null, true], "b": { "c": "d" } }
`,
  "tsconfig.json": `{
  // Comments are allowed there.
  "compilerOptions": { "strict": true } /* too */
}
`,
};

/** Valid, and unknown to the grammar: each may hide the rest of its file, but is not marked. */
const UNKNOWN = [
  'import data from "./data.json" with { type: "json" };',
  'import data from "./data.json" assert { type: "json" };',
  'export type * from "./b.ts";',
  'export type * as c from "./b.ts";',
  "let tuple: [first: string, second?: number, ...rest: boolean[]];",
  "type Un = unique symbol extends infer U extends symbol ? U : never;",
  "type A = abstract new () => void;",
  'import fs = require("fs"); export = fs;',
  "class B<in out T> { one = 1; }",
  'declare module "x" { export const a: number; }',
  'type F = typeof import("./x.ts"); let z: import("./y.ts").Z;',
  'enum A { "x-y" = 1 } const enum B { C }',
  "type T = new <A>(a: A) => A;",
  "let a = (b: string, c?: number): b is string => true;",
  "function f() { let a = (b: string): b is string => true; }",
];

for (const text of UNKNOWN)
  test(`valid code has no mark: ${text}`, () =>
    assert.deepEqual(errorsOf("a.ts", `${text}\nlet last = 1;\n`), []));

for (const [path, text] of Object.entries(VALID))
  test(`valid code has no mark: ${path}`, () => assert.deepEqual(errorsOf(path, text), []));

test("an error is marked in its line, once", () => {
  const text = "const a = 1;\nconst b = = 2;\nconst c = [1, 2;\n";
  const found = errorsOf("main.ts", text);
  assert.deepEqual(
    found.map(({ line }) => line),
    [2, 3],
  );
  assert.equal(found[0].message, "Syntax error: unexpected “=”.");
  assert.ok(found.every(({ severity, file }) => severity === "ERROR" && file === "main.ts"));
});

test("at most 20 errors are marked", () => {
  assert.equal(errorsOf("main.js", "const = ;\n".repeat(500)).length, 20);
});

test("a text that is only read in part has no error at the end of that part", () => {
  const text = "export function one() {\n  return { a: [1, 2, 3] };\n}\n".repeat(5_000);
  const state = EditorState.create({ doc: text, extensions: languageOf("main.ts") });
  assert.deepEqual(syntaxErrors(state, "main.ts", 3_000, 0) ?? [], []);
});

function opened() {
  const workspace = new Workspace({ slug: "shop" });
  workspace.load(1, [{ path: "main.ts", text: "let a = ;", base64: null }], "main.ts");
  return workspace;
}

const ERROR = /** @type {const} */ ({ severity: "ERROR", message: "no", file: "main.ts", line: 1 });
const sources = (/** @type {Workspace} */ { problems }) => problems.map(({ source }) => source);

test("the server's errors replace those of the grammar", () => {
  const workspace = opened();
  showSyntax(workspace, "main.ts", [ERROR]);
  assert.deepEqual(sources(workspace), ["syntax"]);

  workspace.setProblems("load", [ERROR]);
  replaceSyntax(workspace);

  assert.deepEqual(sources(workspace), ["load"]);
  showSyntax(workspace, "main.ts", [ERROR]);
  assert.deepEqual(sources(workspace).sort(), ["load", "syntax"]);
});

test("what the server finds right is not marked again until the grammar knows it", () => {
  const workspace = opened();
  showSyntax(workspace, "main.ts", [ERROR]);
  replaceSyntax(workspace);
  assert.deepEqual(sources(workspace), []);

  showSyntax(workspace, "main.ts", [ERROR]);
  assert.deepEqual(sources(workspace), []);

  showSyntax(workspace, "main.ts", []);
  showSyntax(workspace, "main.ts", [ERROR]);
  assert.deepEqual(sources(workspace), ["syntax"]);
});
