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
    .filter(belongs);

/**
 * The same for dropped files, whose paths begin with the name of the folder if one was dropped.
 * @template {{ path: string }} T
 * @param {readonly T[]} uploads
 * @returns {{ folder: string, uploads: T[] }} folder: the one that they are all in; empty for none
 */
export function withoutFolder(uploads) {
  const [first = ""] = uploads.map(({ path }) => path.slice(0, path.indexOf("/") + 1));
  const isIn = first !== "" && uploads.every(({ path }) => path.startsWith(first));
  const start = isIn ? first.length : 0;
  return {
    folder: isIn ? first.slice(0, -1) : "",
    uploads: uploads.map((one) => ({ ...one, path: one.path.slice(start) })).filter(belongs),
  };
}

/** @param {{ path: string }} upload */
const belongs = ({ path }) => !FOR_EDITORS.has(path) && !path.split("/").some(isLeftOut);

/** Whether a file or folder of this name is no part of a script. @param {string} name */
export const isLeftOut = (name) =>
  name.startsWith(".") || name === "node_modules" || name === "Thumbs.db";
