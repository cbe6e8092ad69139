// @ts-check
/** The texts that a search reads. */

/** Of one search, in characters; a version may have more in pictures. */
export const LARGEST_SEARCHED = 20_000_000;

/**
 * The texts of all files, and the paths of those that are left out: files that are too large for the
 * page, and texts once there are too many.
 * @param {import("../workspace/files.js").Workspace} workspace
 */
export function textsOf(workspace, most = LARGEST_SEARCHED) {
  /** @type {import("./search.js").File[]} */
  const files = [];
  /** @type {string[]} */
  const left = [];
  let size = 0;
  for (const path of workspace.paths()) {
    const length = workspace.document(path)?.length ?? 0;
    if (workspace.digest(path) !== null || size + length > most) left.push(path);
    else if (!workspace.isBinary(path)) {
      files.push({ path, text: workspace.text(path) ?? "" });
      size += length;
    }
  }
  return { files, left };
}
