// @ts-check
/** Syntax errors of the open file, until the server has checked it: its answer replaces them. */

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("../workspace/files.js").FoundProblem} FoundProblem
 */

/**
 * Files in which the editor's grammar found errors and the server none: they have something new that
 * the grammar doesn't know. @type {WeakMap<Workspace, Set<string>>}
 */
const UNKNOWN = new WeakMap();

/** @param {Workspace} workspace */
function unknownTo(workspace) {
  const found = UNKNOWN.get(workspace) ?? new Set();
  UNKNOWN.set(workspace, found);
  return found;
}

/** Shows what the grammar finds in a file. @param {Workspace} workspace @param {string} path @param {readonly FoundProblem[]} found */
export function showSyntax(workspace, path, found) {
  const unknown = unknownTo(workspace);
  if (found.length === 0) unknown.delete(path);
  show(workspace, unknown.has(path) ? [] : found);
}

/** The server has checked what is there now. @param {Workspace} workspace */
export function replaceSyntax(workspace) {
  const { problems } = workspace;
  const isKnown = (/** @type {string | null} */ path) =>
    problems.some(
      ({ source, file, severity }) => source !== "syntax" && file === path && severity === "ERROR",
    );
  for (const { source, file } of problems)
    if (source === "syntax" && file && !isKnown(file)) unknownTo(workspace).add(file);
  show(workspace, []);
}

/** @param {Workspace} workspace @param {readonly FoundProblem[]} found */
function show(workspace, found) {
  const isShown = workspace.problems.some(({ source }) => source === "syntax");
  if (found.length > 0 || isShown) workspace.setProblems("syntax", found);
}
