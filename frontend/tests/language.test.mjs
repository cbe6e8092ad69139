/** The modules of the editor's language without a browser. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CompletionContext } from "@codemirror/autocomplete";
import { javascript } from "@codemirror/lang-javascript";
import { ensureSyntaxTree } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { chainAt, chainBefore } from "../editor/language/chains.js";
import { importPaths, interfaceNames, ownNames } from "../editor/language/completion.js";
import { definitionOf } from "../editor/language/definitions.js";
import { ExportIndex, exportsOf } from "../editor/language/exports.js";
import { knownName } from "../editor/language/hover.js";
import {
  importEdit,
  importsOf,
  pathBefore,
  resolved,
  specifierOf,
} from "../editor/language/imports.js";
import { formOf } from "../editor/language/interface.js";
import { Workspace } from "../editor/workspace/files.js";

const NUMBERS = `/**
 * Twice a number.
 */
export const double = (value: number): number => 2 * value;

// How many.
export function count<T>(
  items: T[],
): number {
  return items.length;
}
export interface Shop { name: string }
const hidden = 1;
export { hidden as shown, double as twice };
export default class Till {}
`;
const MAIN = `import { double } from "./lib/numbers.ts";

export const routes = {
  "GET /": (request, env, ctx) => env.kv.
};
`;

/** @param {Record<string, string>} [more] */
function file(more = {}, path = "main.ts") {
  const workspace = new Workspace({ slug: "shop" });
  const files = { "main.ts": MAIN, "lib/numbers.ts": NUMBERS, ...more };
  workspace.load(
    1,
    Object.entries(files).map(([path, text]) => ({ path, text, base64: null })),
  );
  return { workspace, path, index: new ExportIndex(workspace) };
}

/** A cursor at `|` in the text. @param {string} text */
function at(text, explicit = false) {
  const pos = text.indexOf("|");
  const state = EditorState.create({
    doc: text.replace("|", ""),
    extensions: javascript({ typescript: true }),
  });
  ensureSyntaxTree(state, pos, 30_000);
  return new CompletionContext(state, pos, explicit);
}

/** @param {{ options: readonly { label: string }[] } | null} found */
const labels = (found) => found?.options.map(({ label }) => label) ?? null;

test("chains of names", () => {
  assert.deepEqual(chainBefore("  await env.kv.ge"), { parent: "env.kv", word: "ge" });
  assert.deepEqual(chainBefore("env . kv ?. "), { parent: "env.kv", word: "" });
  assert.deepEqual(chainBefore("f(a, en"), { parent: "", word: "en" });
  assert.equal(chainBefore("f().js"), null);
  assert.equal(chainBefore("1."), null);
  assert.deepEqual(chainAt("await env.kv.get(a)", 14), {
    path: "env.kv.get",
    word: "get",
    from: 13,
    to: 16,
  });
  assert.equal(chainAt("env.kv.get", 5)?.path, "env.kv");
  assert.equal(chainAt("a + b", 2), null);
});

test("paths of imports", () => {
  assert.equal(resolved("lib/a.ts", "../main.ts"), "main.ts");
  assert.equal(resolved("main.ts", "./lib/a.ts"), "lib/a.ts");
  assert.equal(resolved("main.ts", "../out.ts"), null);
  assert.equal(resolved("main.ts", "lodash"), null);
  assert.equal(specifierOf("main.ts", "lib/a.ts"), "./lib/a.ts");
  assert.equal(specifierOf("lib/a.ts", "lib/b/c.ts"), "./b/c.ts");
  assert.equal(specifierOf("lib/b/c.ts", "main.ts"), "../../main.ts");
  assert.equal(pathBefore('import { a } from "./li'), "./li");
  assert.equal(pathBefore('await import("./li'), "./li");
  assert.equal(pathBefore('const a = "./li'), null);
});

test("imported names", () => {
  const found = importsOf(
    "lib/a.ts",
    'import Till, { double as twice, type Shop } from "./numbers.ts";\nimport x from "lodash";\n',
  );
  assert.deepEqual(Object.fromEntries(found), {
    Till: { path: "lib/numbers.ts", name: "default" },
    twice: { path: "lib/numbers.ts", name: "double" },
    Shop: { path: "lib/numbers.ts", name: "Shop" },
  });
});

test("an import is added where it belongs", () => {
  const wanted = { path: "lib/numbers.ts", name: "count" };
  const edited = (/** @type {string} */ text) => {
    const { at, insert } = importEdit(text, "main.ts", wanted);
    return text.slice(0, at) + insert + text.slice(at);
  };
  const from = 'from "./lib/numbers.ts";\n';
  assert.equal(edited("const a = 1;\n"), `import { count } ${from}const a = 1;\n`);
  assert.equal(edited(`import { double } ${from}`), `import { double, count } ${from}`);
  assert.equal(edited(`import {\n  double,\n} ${from}`), `import {\n  double, count\n} ${from}`);
  assert.equal(
    edited('import a from "./a.ts";\n\nrun();\n'),
    `import a from "./a.ts";\nimport { count } ${from}\nrun();\n`,
  );
  assert.equal(
    edited('import a from "./a.ts"'),
    'import a from "./a.ts"\nimport { count } from "./lib/numbers.ts";',
  );
});

test("exports of a file", () => {
  const found = exportsOf(NUMBERS);
  const shown = found.map(({ name, kind, line, column }) => [name, kind, line, column]);
  assert.deepEqual(shown, [
    ["double", "constant", 4, 14],
    ["count", "function", 7, 17],
    ["Shop", "type", 12, 18],
    ["Till", "class", 15, 22],
    ["shown", "constant", 13, 7],
    ["twice", "constant", 4, 14],
  ]);
  assert.equal(found[0].doc, "Twice a number.");
  assert.equal(found[0].signature, "const double = (value: number): number");
  assert.equal(found[1].doc, "How many.");
  assert.equal(found[4].doc, "");
  assert.deepEqual(exportsOf("x".repeat(600_000)), []);
});

test("a large file is read in no time, and again only when it changes", () => {
  const lines = Array.from(
    { length: 9_000 },
    (_, number) => `export const a${number} = ${number};`,
  );
  const { workspace, index } = file({ "many.ts": lines.join("\n") });
  const first = index.of("many.ts");
  assert.equal(first.at(-1)?.line, 9_000);
  assert.equal(index.of("many.ts"), first);
  workspace.setText("many.ts", "export const b = 1;");
  assert.deepEqual(
    index.of("many.ts").map(({ name }) => name),
    ["b"],
  );
});

test("names of the interface are completed by their chain", async () => {
  const members = await interfaceNames(at("async (request, env) => env.kv.|"), file());
  assert.ok(labels(members)?.includes("get"));
  assert.ok(!labels(members)?.includes("env"));
  const get = members?.options.find(({ label }) => label === "get");
  assert.match(get?.detail ?? "", /^</);
  assert.ok(labels(await interfaceNames(at("const a = en|"), file()))?.includes("env"));
  assert.ok(labels(await interfaceNames(at("request.|"), file()))?.includes("json"));
  assert.equal(await interfaceNames(at('const a = "env.|"'), file()), null);
  assert.equal(await interfaceNames(at("// env.|"), file()), null);
  assert.equal(await interfaceNames(at("unknown.|"), file()), null);
});

test("each form has its own names", async () => {
  const classic = file({ "main.ts": "function init() {}\n" });
  const found = labels(await interfaceNames(at("r|"), classic));
  assert.ok(found?.includes("routeRegistry"));
  assert.ok(!labels(await interfaceNames(at("r|"), file()))?.includes("routeRegistry"));
  assert.equal(formOf("export default { fetch() {} }\nfunction init() {}"), "module");
  assert.equal(formOf(""), "module");
});

test("exports of other files are completed, with their import", () => {
  const found = ownNames(at("cou|"), file());
  assert.deepEqual(labels(found), ["double", "count", "Shop", "Till", "shown", "twice"]);
  // What is imported is a name of the file, which the language completes.
  const imported = ownNames(at('import { double } from "./lib/numbers.ts";\ndou|'), file());
  assert.ok(!labels(imported)?.includes("double"));
  assert.equal(ownNames(at("env.cou|"), file()), null);
});

test("import paths are completed", () => {
  const more = { "lib/more.ts": "", "page.html": "" };
  const found = importPaths(at('import { a } from "./|";'), file(more));
  assert.deepEqual(labels(found), ["./lib/more.ts", "./lib/numbers.ts", "./page.html"]);
  assert.equal(importPaths(at('const a = "./|";'), file(more)), null);
});

test("what a name under the pointer is", async () => {
  assert.match((await knownName("env.kv.get", file(), MAIN))?.doc ?? "", /value/);
  const own = await knownName("double", file(), MAIN);
  assert.equal(own?.doc, "Twice a number.");
  assert.equal(own?.signature, "\nlib/numbers.ts");
  assert.equal(await knownName("nothing", file(), MAIN), null);
});

test("where a name is defined", () => {
  const found = definitionOf("double", file(), MAIN);
  assert.deepEqual([found?.path, found?.found?.line], ["lib/numbers.ts", 4]);
  const local = definitionOf("later", file(), "const a = 1;\n  const later = 2;\n");
  assert.deepEqual([local?.found?.line, local?.found?.column], [2, 9]);
  assert.equal(definitionOf("nothing", file(), MAIN), null);
});
