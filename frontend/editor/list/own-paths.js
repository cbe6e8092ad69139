// @ts-check
/** Which files of one's own belong to a script, and their paths in it. */

/** Of a folder that the engine's commands made: for the author's own editor, and no part of a version. */
const FOR_EDITORS = new Set(["aiwebengine.d.ts", "tsconfig.json"]);

/**
 * The files that belong to a script, with their paths in it. The folder that they are all in does
 * not count; hidden files and packages are left out, as by `aiwebengine scripts push`.
 * @template {{ name: string, webkitRelativePath?: string }} T
 * @param {readonly T[]} files
 * @returns {{ path: string, file: T }[]}
 */
export const withPaths = (files) =>
  files
    .map((file) => ({ path: (file.webkitRelativePath || file.name).replace(/^[^/]+\//, ""), file }))
    .filter(({ path }) => !FOR_EDITORS.has(path) && !path.split("/").some(isLeftOut));

/** @param {string} name */
const isLeftOut = (name) => name.startsWith(".") || name === "node_modules" || name === "Thumbs.db";
