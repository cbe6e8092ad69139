// @ts-check
/** Saves the files as the newest version; what somebody else saved meanwhile is merged first. */
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { say, sayRefused } from "../../lib/parts.js";
import { refusalOf } from "../../lib/refusal.js";
import { saveLarge } from "./large.js";
import { isLarge } from "./request-size.js";

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("../workspace/files.js").ScriptFileInput} ScriptFileInput
 */

const SAVE = gql(`mutation EditorSave($input: SaveScriptInput!) {
  saveScript(input: $input) { changed version { number } }
}`);

const DIGESTS = gql(`query EditorDigests($slug: String!, $number: Int!) {
  scriptVersion(slug: $slug, number: $number) { files { path digest } }
}`);

/**
 * Returns the number of the saved version; null when it was refused, which is said, or when the
 * person has not decided yet about what somebody else saved.
 * @param {Workspace} workspace
 * @param {{ message?: string }} options
 * @returns {Promise<number | null>}
 */
export async function saveFlow(workspace, { message }) {
  try {
    return await save(workspace, message);
  } catch (refused) {
    const { code } = refusalOf(refused);
    if (code === "CONFLICT") return mergeFlow(workspace, { message });
    sayRefused(refused);
    return null;
  }
}

/**
 * Merges what is here with the newest version, and saves it.
 * @param {Workspace} workspace @param {{ message?: string }} [options]
 * @returns {Promise<number | null>}
 */
export async function mergeFlow(workspace, { message } = {}) {
  try {
    // Seldom needed, and large.
    const { merge } = await import("./merge-flow.js");
    return (await merge(workspace)) ? await saveFlow(workspace, { message }) : null;
  } catch (refused) {
    sayRefused(refused);
    return null;
  }
}

/** @param {Workspace} workspace @param {string} [message] */
async function save(workspace, message) {
  const files = workspace.asInput();
  const { slug, baseVersion, entry } = workspace;
  const sent = isLarge(files) ? await withoutKnown(workspace, files) : files;
  const input = { slug, entry, baseVersion, message };
  if (isLarge(sent) && sent.every(({ digest }) => !digest)) {
    const number = await saveLarge({ ...input, files: sent });
    return saved(workspace, files, number, number !== baseVersion);
  }
  const { saveScript } = await ask(SAVE, { input: { ...input, files: sent } });
  return saved(workspace, files, saveScript.version.number, saveScript.changed);
}

/**
 * The files, of which those that are as in the base version have only a digest.
 * @param {Workspace} workspace @param {ScriptFileInput[]} files
 * @returns {Promise<ScriptFileInput[]>}
 */
async function withoutKnown(workspace, files) {
  const { slug, baseVersion } = workspace;
  if (!baseVersion) return files;
  // Now, as the files are: while the server answers, one may become what it was.
  const known = new Set(files.map(({ path }) => path).filter((path) => !workspace.isChanged(path)));
  const { scriptVersion } = await ask(DIGESTS, { slug, number: baseVersion });
  const digests = new Map(
    scriptVersion?.files
      .filter(({ path }) => known.has(path))
      .map(({ path, digest }) => [path, digest]),
  );
  return files.map((file) => {
    const digest = digests.get(file.path);
    return digest ? { path: file.path, digest } : file;
  });
}

/**
 * @param {Workspace} workspace @param {ScriptFileInput[]} files
 * @param {number} number @param {boolean} isNew
 */
function saved(workspace, files, number, isNew) {
  workspace.saved(number, files);
  say(isNew ? `Saved as version ${number}.` : `Version ${number} has these files.`);
  return number;
}
