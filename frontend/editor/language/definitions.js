// @ts-check
/** Where a name of the script is defined, and the key that leads there. */
import { EditorView, keymap } from "@codemirror/view";
import { chainAt } from "./chains.js";
import { declarationOf } from "./exports.js";
import { importsOf, resolved } from "./imports.js";

/**
 * @typedef {import("./completion.js").File} File
 * @typedef {{ path: string, found: import("./exports.js").Export | null }} Definition
 *   found: null for a whole file
 */

/** F12, or a click with Ctrl or Cmd. @param {File} file */
export const definitions = (file) => [
  keymap.of([{ key: "F12", run: (view) => goTo(view, view.state.selection.main.head, file) }]),
  EditorView.domEventHandlers({
    click: (event, view) => {
      if (!event.ctrlKey && !event.metaKey) return false;
      const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
      return at !== null && goTo(view, at, file);
    },
  }),
];

/** @param {EditorView} view @param {number} at @param {File} file */
function goTo(view, at, file) {
  const line = view.state.doc.lineAt(at);
  const specifier = quotedAt(line.text, at - line.from);
  const path = specifier === null ? null : resolved(file.path, specifier);
  if (path !== null && file.workspace.has(path)) {
    file.workspace.open(path, {});
    return true;
  }
  const name = chainAt(line.text, at - line.from)?.path;
  const found = name && definitionOf(name, file, view.state.doc.toString());
  if (!found) return false;
  const { line: number = 1, column = 1 } = found.found ?? {};
  file.workspace.open(found.path, { line: number, column });
  return true;
}

/**
 * Where a name is exported or declared; null for an unknown one.
 * @param {string} name @param {File} file @param {string} text the file's text
 * @returns {Definition | null}
 */
export function definitionOf(name, { path, index }, text) {
  const imported = importsOf(path, text).get(name);
  const from = imported?.path ?? path;
  const wanted = imported?.name ?? name;
  const found = index.of(from).find((one) => one.name === wanted);
  if (found) return { path: from, found };
  if (imported) return { path: from, found: null };
  const at = declarationOf(text, name);
  if (at === null) return null;
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  const column = at - before.lastIndexOf("\n");
  const signature = text
    .slice(before.lastIndexOf("\n") + 1)
    .split("\n", 1)[0]
    .trim();
  return { path, found: { name, kind: "constant", line, column, signature, doc: "" } };
}

/** The text in quotes around a place of a line; null elsewhere. @param {string} line @param {number} at */
function quotedAt(line, at) {
  for (const { 1: text, index } of line.matchAll(/["']([^"'\n]*)["']/g)) {
    if (index <= at && at <= index + text.length + 2) return text;
  }
  return null;
}
