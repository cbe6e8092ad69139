// @ts-check
/** The files of a workspace or version as a tree, and a tree put into a workspace. */

/**
 * @typedef {import("./merging.js").Content} Content
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("../workspace/files.js").GivenFile} GivenFile
 */
import { fromBase64, toBase64 } from "../workspace/base64.js";
import { isSame } from "./merging.js";

/**
 * @typedef {{ path: string, text?: string | null, base64?: string | null,
 *   digest?: string | null, size?: number }} AnyFile
 */

/** @param {readonly AnyFile[]} files @returns {Map<string, Content>} */
export const treeOf = (files) => new Map(files.map((file) => [file.path, contentOf(file)]));

/** The files of a workspace as a tree. @param {Workspace} workspace */
export const treeHere = (workspace) =>
  new Map(workspace.paths().map((path) => [path, contentHere(workspace, path)]));

/** @param {AnyFile} file @returns {Content} */
function contentOf({ text, base64, digest, size }) {
  if (typeof text === "string") return { text };
  return typeof base64 === "string" ? { base64 } : { digest: digest ?? "", size: size ?? 0 };
}

/** @param {Workspace} workspace @param {string} path @returns {Content} */
function contentHere(workspace, path) {
  const bytes = workspace.bytes(path);
  if (bytes) return { base64: toBase64(bytes) };
  const digest = workspace.digest(path);
  if (digest !== null) return { digest, size: workspace.sizeOf(path) };
  return { text: workspace.text(path) ?? "" };
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
  if (workspace.has(path)) {
    if (isSame(content, contentHere(workspace, path))) return;
    if ("text" in content && !workspace.isBinary(path)) {
      workspace.setText(path, content.text);
      return;
    }
    workspace.remove(path);
  }
  workspace.create(path, given(content));
}

/** @param {Content} content */
function given(content) {
  if ("text" in content) return content.text;
  return "base64" in content ? fromBase64(content.base64) : content;
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
