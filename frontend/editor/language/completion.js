// @ts-check
/** Completion: the engine's interface, the script's own exports, and import paths. */
import { autocompletion } from "@codemirror/autocomplete";
import { ensureSyntaxTree, syntaxTree } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { chainBefore } from "./chains.js";
import { documentation } from "./documentation.js";
import { importEdit, importsOf, pathBefore, resolved, specifierOf } from "./imports.js";
import { STANDARD } from "./standard.js";

/**
 * @typedef {import("@codemirror/autocomplete").CompletionContext} CompletionContext
 * @typedef {import("@codemirror/autocomplete").CompletionResult} CompletionResult
 * @typedef {import("@codemirror/autocomplete").Completion} Completion
 * @typedef {import("./exports.js").ExportIndex} ExportIndex
 * @typedef {import("./exports.js").Export} Export
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {{ workspace: Workspace, path: string, index: ExportIndex }} File
 */

/** Of the script's own names in one list. */
const MOST_OWN = 500;
/** So long the syntax up to the cursor may take; without it names are offered in texts as well. */
const PARSE_MS = 50;
const WORD = /^[\w$]*$/;
const NO_NAMES = new Set([
  "String",
  "TemplateString",
  "LineComment",
  "BlockComment",
  "RegExp",
  "JSXText",
  "PropertyDefinition",
]);

/** @param {File} file @returns {import("@codemirror/state").Extension} */
export function completion(file) {
  const sources = [
    (/** @type {CompletionContext} */ context) => interfaceNames(context, file),
    (/** @type {CompletionContext} */ context) => ownNames(context, file),
    (/** @type {CompletionContext} */ context) => importPaths(context, file),
  ];
  return [
    autocompletion({ icons: false, maxRenderedOptions: 60 }),
    EditorState.languageData.of(() => sources.map((autocomplete) => ({ autocomplete }))),
  ];
}

/**
 * Names of the engine's interface, and a few of the web's, by the chain before the cursor.
 * @param {CompletionContext} context @param {File} file @returns {Promise<CompletionResult | null>}
 */
export async function interfaceNames(context, { workspace }) {
  const chain = chainAround(context);
  if (!chain) return null;
  const { formOfScript, interfaceOf } = await import("./interface-of.js");
  const names = interfaceOf(formOfScript(workspace)).below(chain.parent);
  const standard = STANDARD[chain.parent] ?? [];
  if (names.length + standard.length === 0) return null;
  /** @type {Completion[]} */
  const options = names.map(({ label, name }) => ({
    label,
    type: name ? (name.isFunction ? "function" : "property") : "namespace",
    detail: name?.signature,
    info: name ? () => documentation(name) : undefined,
    boost: chain.parent ? 2 : 1,
  }));
  options.push(...standard.map(([label, detail]) => ({ label, detail, type: "property" })));
  return { from: context.pos - chain.word.length, options, validFor: WORD };
}

/**
 * Exports of the other files; choosing one imports it.
 * @param {CompletionContext} context @param {File} file @returns {CompletionResult | null}
 */
export function ownNames(context, { workspace, path, index }) {
  const chain = chainAround(context);
  if (!chain || chain.parent || (!chain.word && !context.explicit)) return null;
  const known = importsOf(path, context.state.sliceDoc(0, 20_000));
  const own = new Set(index.of(path).map(({ name }) => name));
  const options = index
    .outside(path)
    .filter(({ found }) => !known.has(found.name) && !own.has(found.name))
    .slice(0, MOST_OWN)
    .map(({ path: from, found }) => ownOption(path, from, found));
  if (options.length === 0 || workspace.paths().length === 0) return null;
  return { from: context.pos - chain.word.length, options, validFor: WORD };
}

/** @param {string} path @param {string} from @param {Export} found @returns {Completion} */
function ownOption(path, from, found) {
  return {
    label: found.name,
    type: found.kind,
    detail: from,
    info: () => documentation({ path: found.signature, signature: "", doc: found.doc }),
    apply: (view, completion, begin, end) => {
      const edit = importEdit(view.state.doc.toString(), path, { path: from, name: found.name });
      view.dispatch({
        changes: [
          { from: edit.at, insert: edit.insert },
          { from: begin, to: end, insert: found.name },
        ],
        selection: { anchor: begin + edit.insert.length + found.name.length },
        userEvent: "input.complete",
        scrollIntoView: true,
      });
    },
  };
}

/**
 * Files of the script, in the quotes of an import.
 * @param {CompletionContext} context @param {File} file @returns {CompletionResult | null}
 */
export function importPaths(context, { workspace, path }) {
  const line = context.state.doc.lineAt(context.pos);
  const written = pathBefore(line.text.slice(0, context.pos - line.from));
  if (written === null) return null;
  const options = workspace
    .paths()
    .filter((other) => other !== path && resolved(path, specifierOf(path, other)) === other)
    .map((other) => ({ label: specifierOf(path, other), type: "text" }));
  return { from: context.pos - written.length, options, validFor: /^[^"'\n]*$/ };
}

/** The chain before the cursor, where names of the program can stand. @param {CompletionContext} context */
function chainAround({ state, pos, explicit }) {
  const tree = ensureSyntaxTree(state, pos, PARSE_MS) ?? syntaxTree(state);
  const node = tree.resolveInner(pos, -1);
  if (NO_NAMES.has(node.name)) return null;
  const line = state.doc.lineAt(pos);
  const chain = chainBefore(line.text.slice(0, pos - line.from));
  if (!chain || (!chain.parent && !chain.word && !explicit)) return null;
  return chain;
}
