// @ts-check
/** Saves the files as the newest version. */
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { say, sayRefused } from "../../lib/parts.js";

const SAVE = gql(`mutation EditorSave($input: SaveScriptInput!) {
  saveScript(input: $input) { changed version { number } }
}`);

/**
 * Returns the number of the saved version; null when it was refused, which is said.
 * @param {import("../workspace/files.js").Workspace} workspace
 * @param {{ message?: string }} options
 * @returns {Promise<number | null>}
 */
export async function saveFlow(workspace, { message }) {
  const files = workspace.asInput();
  const { slug, baseVersion, entry } = workspace;
  try {
    const input = { slug, files, entry, baseVersion, message };
    const { saveScript } = await ask(SAVE, { input });
    const { number } = saveScript.version;
    workspace.saved(number, files);
    say(saveScript.changed ? `Saved as version ${number}.` : `Version ${number} has these files.`);
    return number;
  } catch (refused) {
    sayRefused(refused);
    return null;
  }
}
