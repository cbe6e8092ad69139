// @ts-check
/** Syntax errors that the editor's own grammar finds at once, until the server has checked the text. */
import { ensureSyntaxTree } from "@codemirror/language";
import { ViewPlugin } from "@codemirror/view";
import { showSyntax } from "../problems/syntax-problems.js";
import { isSource } from "./exports.js";

/**
 * @typedef {import("../workspace/files.js").FoundProblem} FoundProblem
 * @typedef {import("@codemirror/state").EditorState} EditorState
 * @typedef {import("@codemirror/view").EditorView} EditorView
 */

/** So long after the last key: what is half typed is no error yet. */
const PAUSE_MS = 300;
const MOST = 20;
/** So long reading a text may take; else only what is in view is read. */
const PARSE_MS = 50;
const LONGEST_SHOWN = 20;

/**
 * Where the grammar lags behind TypeScript and JavaScript: types, and heads of modules. What follows
 * such an error may be read wrongly too, so nothing behind it is marked.
 */
const LAGS =
  /Type$|^Type(?:Annotation|AliasDeclaration|ParamList|ArgList)$|Signature$|^(?:Interface|Enum)Declaration$/;
const LAGS_DIRECTLY = new Set([
  "ImportDeclaration",
  "ExportDeclaration",
  "NamespaceDeclaration",
  "AmbientDeclaration",
  "WithStatement",
]);
/** Of a function that narrows the type of its argument. */
const PREDICATE = /^\s*is\b/;
const LONGEST_KEYWORD = 20;

/** @param {string} path */
export const hasSyntax = (path) => isSource(path) || path.endsWith(".json");

/** Marks syntax errors while somebody types. @param {import("./completion.js").File} file */
export const syntax = ({ workspace, path }) =>
  ViewPlugin.define((view) => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const look = () => {
      const found = syntaxErrors(view.state, path, view.viewport.to);
      if (found) showSyntax(workspace, path, found);
    };
    return {
      update({ docChanged }) {
        if (!docChanged) return;
        clearTimeout(timer);
        timer = setTimeout(look, PAUSE_MS);
      },
      destroy: () => clearTimeout(timer),
    };
  });

/**
 * The first syntax errors of a text, at most one in a line; null when it could not be read in time.
 * @param {EditorState} state @param {string} path @param {number} visible the end of what is in view
 * @param {number} [milliseconds]
 * @returns {FoundProblem[] | null}
 */
export function syntaxErrors(state, path, visible, milliseconds = PARSE_MS) {
  const { doc } = state;
  const tree =
    ensureSyntaxTree(state, doc.length, milliseconds) ??
    ensureSyntaxTree(state, visible, milliseconds);
  if (!tree) return null;
  /** @type {Map<number, FoundProblem>} */
  const found = new Map();
  let isDoubtful = false;
  tree.iterate({
    enter({ type, from, to, node }) {
      if (isDoubtful || found.size >= MOST) return false;
      // A tree of the beginning ends with an error of its own.
      if (!type.isError || (tree.length < doc.length && to >= tree.length)) return true;
      isDoubtful = lags(node) || PREDICATE.test(doc.sliceString(from, from + LONGEST_KEYWORD));
      if (isDoubtful) return false;
      const line = doc.lineAt(from);
      if (!found.has(line.number))
        found.set(line.number, {
          severity: "ERROR",
          message: messageOf(doc.sliceString(from, Math.min(to, line.to))),
          file: path,
          line: line.number,
          column: from - line.from + 1,
        });
      return true;
    },
  });
  const errors = [...found.values()];
  return path.endsWith(".json") && errors.length > 0 && hasComments(doc.toString()) ? [] : errors;
}

/** @param {import("@lezer/common").SyntaxNode} node */
function lags({ parent }) {
  if (parent && LAGS_DIRECTLY.has(parent.name)) return true;
  for (let at = parent; at; at = at.parent) {
    if (at.name === "Block" || at.name === "ClassBody") return false;
    if (LAGS.test(at.name)) return true;
  }
  return false;
}

/** @param {string} text what does not belong there */
function messageOf(text) {
  const word = text.trim();
  if (!word) return "Syntax error: something is missing here.";
  const short = word.length > LONGEST_SHOWN ? `${word.slice(0, LONGEST_SHOWN)}…` : word;
  return `Syntax error: unexpected “${short}”.`;
}

/** Configurations of tools may have comments, which the grammar of JSON has not. @param {string} text */
const hasComments = (text) => /^\s*\/[/*]|[,{[\]}]\s*\/[/*]/m.test(text);
