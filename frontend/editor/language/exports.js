// @ts-check
/** What the files of a script export: names, kinds, places and documentation. */
import { withLineFeeds } from "../workspace/line-breaks.js";

/**
 * @typedef {{ name: string, kind: "function" | "class" | "constant" | "type", line: number,
 *   column: number, signature: string, doc: string }} Export
 *   line and column: from 1, of the name
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 */

/** Longer files are not looked at for exports. */
const LONGEST_TEXT = 500_000;
const LONGEST_SIGNATURE = 200;
const LONGEST_DOC = 500;

const DECLARED =
  /^export\s+(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(function\*?|class|const|let|var|type|interface|enum)\s+([\w$]+)/gm;
const LISTED = /^export\s*\{([^}]*)\}(?!\s*from)/gm;
const SOURCE = /\.(?:ts|tsx|mts|js|jsx|mjs)$/;

/** @type {Record<string, Export["kind"]>} */
const KINDS = {
  function: "function",
  "function*": "function",
  class: "class",
  enum: "class",
  type: "type",
  interface: "type",
};

/** Whether exports are looked for in a file with this path. @param {string} path */
export const isSource = (path) => SOURCE.test(path);

/** What a text exports. @param {string} given @returns {Export[]} */
export function exportsOf(given) {
  if (given.length > LONGEST_TEXT) return [];
  const text = withLineFeeds(given);
  const lines = new Lines(text);
  const found = [];
  for (const match of text.matchAll(DECLARED)) {
    const [declaration, keyword, name] = match;
    const at = match.index + declaration.length - name.length;
    found.push({
      name,
      kind: KINDS[keyword] ?? "constant",
      ...lines.place(at),
      signature: signatureAt(text, match.index),
      doc: docBefore(text, match.index),
    });
  }
  for (const match of text.matchAll(LISTED)) {
    for (const one of match[1].split(",")) {
      const [, name, as = name] = /^\s*([\w$]+)(?:\s+as\s+([\w$]+))?\s*$/.exec(one) ?? [];
      if (name) found.push({ ...declaredAs(text, lines, name, match.index), name: as });
    }
  }
  return found;
}

/** The local declaration of a name that is exported elsewhere. @param {string} text @param {Lines} lines @param {string} name @param {number} elsewhere @returns {Export} */
function declaredAs(text, lines, name, elsewhere) {
  const found = declarationOf(text, name);
  const at = found ?? elsewhere;
  const begin = text.lastIndexOf("\n", at - 1) + 1;
  const line = text.slice(begin, at);
  const keyword = /(function\*?|class|type|interface|enum)\s+$/.exec(line)?.[1] ?? "";
  return {
    name,
    kind: KINDS[keyword] ?? "constant",
    ...lines.place(at),
    signature: signatureAt(text, begin),
    doc: docBefore(text, begin),
  };
}

/** Where a name is declared at the beginning of a line, as a position; null if nowhere. @param {string} text @param {string} name */
export function declarationOf(text, name) {
  const escaped = name.replace(/[$]/g, "\\$&");
  const found = new RegExp(
    `^[ \\t]*(?:export\\s+)?(?:default\\s+)?(?:async\\s+)?(?:function\\*?|class|const|let|var|type|interface|enum)\\s+(${escaped})(?![\\w$])`,
    "m",
  ).exec(text);
  return found ? found.index + found[0].length - name.length : null;
}

/** The end of a declaration's head. */
const HEAD_END = /\s*(?:=>|;|\{\s*(?:\n|$)|\n(?![ \t)]))/;

/** A declaration without its body, on one line. @param {string} text @param {number} begin */
function signatureAt(text, begin) {
  const rest = text.slice(begin, begin + 2 * LONGEST_SIGNATURE);
  const end = HEAD_END.exec(rest)?.index ?? rest.length;
  const whole = rest.slice(0, end).replace(/^export\s+(?:default\s+)?/, "");
  const short = whole.replace(/\s+/g, " ").trim();
  return short.length > LONGEST_SIGNATURE ? `${short.slice(0, LONGEST_SIGNATURE - 1)}…` : short;
}

/** The comment above a declaration, without its stars. @param {string} text @param {number} begin */
function docBefore(text, begin) {
  const before = text.slice(Math.max(0, begin - 4 * LONGEST_DOC), begin).trimEnd();
  if (before.endsWith("*/")) {
    const start = before.lastIndexOf("/**");
    if (start < 0) return "";
    const inside = before.slice(start + 3, -2);
    return cut(inside.replace(/^[ \t]*\*[ \t]?/gm, "").trim());
  }
  const lines = [];
  for (const line of before.split("\n").reverse()) {
    const [, comment] = /^\s*\/\/ ?(.*)$/.exec(line) ?? [];
    if (comment === undefined) break;
    lines.unshift(comment);
  }
  return cut(lines.join("\n"));
}

/** @param {string} doc */
const cut = (doc) => (doc.length > LONGEST_DOC ? `${doc.slice(0, LONGEST_DOC - 1)}…` : doc);

/** Finds lines in a text that is read from its beginning to its end. */
class Lines {
  #line = 1;
  #begin = 0;

  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  /** @param {number} at a position @returns {{ line: number, column: number }} */
  place(at) {
    if (at < this.#begin) [this.#line, this.#begin] = [1, 0];
    for (;;) {
      const next = this.text.indexOf("\n", this.#begin);
      if (next < 0 || next >= at) break;
      this.#line += 1;
      this.#begin = next + 1;
    }
    return { line: this.#line, column: at - this.#begin + 1 };
  }
}

/** The exports of all files, each read again only once its text has changed. */
export class ExportIndex {
  /** @type {WeakMap<object, Export[]>} */
  #known = new WeakMap();

  /** @param {Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
  }

  /** What a file exports. @param {string} path @returns {Export[]} */
  of(path) {
    const document = this.workspace.document(path);
    if (!document || !isSource(path)) return [];
    let found = this.#known.get(document);
    if (!found) {
      found = exportsOf(this.workspace.text(path) ?? "");
      this.#known.set(document, found);
    }
    return found;
  }

  /** What other files than this export. @param {string} path @returns {{ path: string, found: Export }[]} */
  outside(path) {
    return this.workspace
      .paths()
      .filter((other) => other !== path)
      .flatMap((other) => this.of(other).map((found) => ({ path: other, found })));
  }
}
