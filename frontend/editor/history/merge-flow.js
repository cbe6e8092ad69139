// @ts-check
/** Merges the workspace with the newest version, which somebody else saved. */
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { versionOf } from "../workspace/script-query.js";
import { openDialog } from "./dialogs.js";
import { MergeView } from "./merge-view.js";
import { isSame, mergeTrees } from "./merging.js";
import { loadWith, treeHere, treeOf } from "./trees.js";
import { say } from "../../lib/parts.js";

/** @typedef {import("../workspace/files.js").Workspace} Workspace */

const THEIRS = gql(`query EditorTheirs($slug: String!) {
  script(slug: $slug) {
    newest { number entry authorName createdAt message files { path text base64 size digest } }
  }
}`);

/**
 * Asks what becomes of each clash, and puts the result into the workspace, based on the newest
 * version. Until then nothing changes there.
 * @param {Workspace} workspace
 * @returns {Promise<boolean>} whether the workspace has the result
 */
export async function merge(workspace) {
  const { slug, baseVersion } = workspace;
  const { script } = await ask(THEIRS, { slug });
  const theirs = script?.newest;
  if (!theirs) return false;
  const base = baseVersion ? await versionOf(slug, baseVersion) : null;
  const theirTree = treeOf(theirs.files);
  const files = mergeTrees(treeOf(base?.files ?? []), treeHere(workspace), theirTree);
  const result = await openDialog(MergeView, { theirs, files });
  if (!result) return false;
  const changes = [...result].filter(
    ([path, content]) => !isSame(content, theirTree.get(path) ?? null),
  );
  const problems = loadWith(workspace, theirs, changes);
  if (problems.length > 0) say(problems[0]);
  return problems.length === 0;
}
