// @ts-check
/** The files of a workspace or version as a tree, and a tree put into a workspace. */

/**
 * @typedef {import("./merging.js").Content} Content
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("../workspace/files.js").GivenFile} GivenFile
 */
import { fromBase64 } from "../workspace/base64.js";

/**
 * @typedef {{ path: string, text?: string | null, base64?: string | null,
 *   digest?: string | null }} AnyFile
 */

/** @param {readonly AnyFile[]} files @returns {Map<string, Content>} */
export const treeOf = (files) => new Map(files.map((file) => [file.path, contentOf(file)]));

/** @param {AnyFile} file @returns {Content} */
function contentOf({ text, base64, digest }) {
  if (typeof text === "string") return { text };
  return typeof base64 === "string" ? { base64 } : { digest: digest ?? "" };
}

/**
 * Changes files of the workspace, without saving them; null removes one. Returns why a file could
 * not be put there.
 * @param {Workspace} workspace @param {Iterable<[string, Content | null]>} changes
 * @returns {string[]}
 */
export function putFiles(workspace, changes) {
  const all = [...changes];
  // First what is removed: a file may take the place of a folder.
  for (const [path, content] of all) if (!content) workspace.remove(path);
  return all.flatMap(([path, content]) => {
    try {
      if (content) put(workspace, path, content);
      return [];
    } catch (error) {
      return [String(error instanceof Error ? error.message : error)];
    }
  });
}

/** @param {Workspace} workspace @param {string} path @param {Content} content */
function put(workspace, path, content) {
  // Of a file that is too large for the page there is only the one of the version.
  if ("digest" in content) return;
  const isText = "text" in content;
  if (workspace.has(path)) {
    if (isText && !workspace.isBinary(path)) {
      workspace.setText(path, content.text);
      return;
    }
    workspace.remove(path);
  }
  workspace.create(path, isText ? content.text : fromBase64(content.base64));
}

/**
 * Loads a version and puts changes on top; the open tabs stay as far as their files are there.
 * @param {Workspace} workspace
 * @param {{ number: number, entry?: string, files: readonly GivenFile[] }} version
 * @param {Iterable<[string, Content | null]>} changes
 */
export function loadWith(workspace, version, changes) {
  const { tabs, current } = workspace;
  workspace.load(version.number, version.files, version.entry);
  const problems = putFiles(workspace, changes);
  workspace.tabs = tabs.filter((path) => workspace.has(path));
  if (current && workspace.has(current.path)) workspace.open(current.path);
  return problems;
}
