// @ts-check
/** What the code editor knows of the language and of the engine's interface. */

/**
 * The extensions for a file.
 * @param {import("../workspace/files.js").Workspace} workspace @param {string} path
 * @returns {import("@codemirror/state").Extension[]}
 */
// eslint-disable-next-line no-unused-vars
export function languageExtensions(workspace, path) {
  return [];
}
