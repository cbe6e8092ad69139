// @ts-check
/** What the code editor knows of the language and of the engine's interface. */
import { completion } from "./completion.js";
import { definitions } from "./definitions.js";
import { ExportIndex, isSource } from "./exports.js";
import { formatting } from "./formatting.js";
import { hover } from "./hover.js";
import { hasSyntax, syntax } from "./syntax.js";
import { languageTheme } from "./theme.js";

/** @typedef {import("../workspace/files.js").Workspace} Workspace */

/** @type {WeakMap<Workspace, ExportIndex>} */
const INDEXES = new WeakMap();

/**
 * The extensions for a file.
 * @param {Workspace} workspace @param {string} path
 * @returns {import("@codemirror/state").Extension[]}
 */
export function languageExtensions(workspace, path) {
  const index = INDEXES.get(workspace) ?? new ExportIndex(workspace);
  INDEXES.set(workspace, index);
  const file = { workspace, path, index };
  const always = [formatting(file), hasSyntax(path) ? syntax(file) : []];
  if (!isSource(path)) return always;
  return [...always, completion(file), hover(file), definitions(file), languageTheme];
}
