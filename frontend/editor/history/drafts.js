// @ts-check
/** The viewer's draft of a script: opened with the workspace, kept while they type. */
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { engineState } from "../../lib/state.js";
import { saveLargeDraft } from "./large.js";
import { isSame } from "./merging.js";
import { isLarge } from "./request-size.js";
import { loadWith, treeHere, treeOf } from "./trees.js";
import { versionOf } from "../workspace/script-query.js";

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("../../types/documents").EditorOpenData} EditorOpenData
 * @typedef {NonNullable<NonNullable<EditorOpenData["script"]>["draft"]>} Draft
 * @typedef {NonNullable<NonNullable<EditorOpenData["script"]>["newest"]>} Version
 * @typedef {Awaited<ReturnType<typeof versionOf>>} Base
 * @typedef {import("./draft-keeper.js").DraftServer} DraftServer
 * @typedef {{ savedAt: string, baseVersion: number, newestVersion: number, problems: string[] }} Restored
 */

const OPEN = gql(`query EditorOpen($slug: String!) {
  script(slug: $slug) {
    newest { number entry files { path text base64 size digest } }
    draft { baseVersion revision savedAt files { path text base64 isRemoved } }
  }
}`);

const SAVE = gql(`mutation EditorSaveDraft($input: SaveScriptDraftInput!) {
  saveScriptDraft(input: $input) { draft { revision } }
}`);

const DISCARD = gql(`mutation EditorDiscardDraft($input: DiscardScriptDraftInput!) {
  discardScriptDraft(input: $input) { changed }
}`);

/**
 * What is read to open a script.
 * @typedef {{ newest: Version | null, draft: Draft | null, base: Base | null }} Read
 *   base: the version that the draft is based on, or the newest
 */

/**
 * Reads the newest version, and the viewer's draft with the version that it is based on.
 * @param {string} slug @param {{ withDraft: boolean }} options
 * @returns {Promise<Read>}
 */
export async function readFiles(slug, { withDraft }) {
  const { script } = await ask(OPEN, { slug });
  const newest = script?.newest ?? null;
  const draft = withDraft ? (script?.draft ?? null) : null;
  const isOfNewest = !draft || draft.baseVersion === (newest?.number ?? 0);
  return { newest, draft, base: isOfNewest ? newest : await baseOf(slug, draft.baseVersion) };
}

/**
 * Puts what was read into the workspace, in place of everything there.
 * @param {Workspace} workspace @param {Read} read
 * @returns {{ revision: number, restored: Restored | null }}
 */
export function showFiles(workspace, { newest, draft, base }) {
  if (!draft) {
    loadWith(workspace, newest ?? EMPTY, []);
    return { revision: 0, restored: null };
  }
  const problems = loadWith(workspace, base ?? EMPTY, changesOf(draft));
  if (base !== newest && newest && hasFilesOf(workspace, newest.files)) {
    // It was saved as this version, and nobody was there to discard it.
    loadWith(workspace, newest, []);
    return { revision: draft.revision, restored: null };
  }
  const { savedAt, baseVersion, revision } = draft;
  const newestVersion = newest?.number ?? 0;
  return { revision, restored: { savedAt, baseVersion, newestVersion, problems } };
}

const EMPTY = { number: 0, files: [] };

/** @param {string} slug @param {number} number */
const baseOf = (slug, number) => (number ? versionOf(slug, number) : null);

/** @param {Draft} draft @returns {[string, import("./merging.js").Content | null][]} */
const changesOf = ({ files }) =>
  files.map(({ path, text, base64, isRemoved }) => [
    path,
    isRemoved ? null : base64 === null ? { text: text ?? "" } : { base64 },
  ]);

/** @param {Workspace} workspace @param {Parameters<typeof treeOf>[0]} files */
function hasFilesOf(workspace, files) {
  const [here, there] = [treeHere(workspace), treeOf(files)];
  return (
    here.size === there.size &&
    [...here].every(([path, content]) => isSame(content, there.get(path) ?? null))
  );
}

/** @param {string} slug @returns {DraftServer} */
export const draftServer = (slug) => ({
  async save(change) {
    if (isLarge(change.files)) return saveLargeDraft(slug, change);
    const { saveScriptDraft } = await ask(SAVE, { input: { slug, ...change } });
    return saveScriptDraft.draft?.revision ?? 0;
  },
  async discard(revision) {
    await ask(DISCARD, { input: { slug, revision } });
  },
  saveAtOnce(change) {
    sendAtOnce(SAVE.text, { slug, ...change });
  },
  discardAtOnce(revision) {
    sendAtOnce(DISCARD.text, { slug, revision });
  },
});

/** Sends what arrives after the page has gone, at most 64 kB. @param {string} query @param {object} input */
function sendAtOnce(query, input) {
  // The session may be another person's by now.
  if (engineState().state === "signed-out") return;
  const body = JSON.stringify({ query, variables: { input } });
  navigator.sendBeacon("/graphql", new Blob([body], { type: "application/json" }));
}
