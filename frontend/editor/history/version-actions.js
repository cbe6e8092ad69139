// @ts-check
/** What is done with a version that was saved before. */
import { say, sayRefused } from "../../lib/parts.js";
import { versionOf } from "../workspace/script-query.js";
import { putFiles, treeOf } from "./trees.js";

/** @typedef {import("../workspace/files.js").Workspace} Workspace */

/**
 * Puts the files of a version into the workspace, as changes that are not saved yet.
 * @param {Workspace} workspace @param {number} number
 */
export async function bringBack(workspace, number) {
  const { revision } = workspace;
  try {
    const version = await versionOf(workspace.slug, number);
    if (!version) return;
    if (workspace.revision !== revision) {
      say("The files have changed meanwhile. Nothing was replaced.");
      return;
    }
    const files = treeOf(version.files);
    const gone = workspace.paths().filter((path) => !files.has(path));
    const removals = gone.map((path) => /** @type {[string, null]} */ ([path, null]));
    const [problem] = putFiles(workspace, [...removals, ...files]);
    say(problem ?? `The files are those of version ${number} now. Save to make a new version.`);
  } catch (refused) {
    sayRefused(refused);
  }
}
