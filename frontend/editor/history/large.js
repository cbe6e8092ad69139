// @ts-check
/** Saves versions and drafts that are larger than a request of GraphQL may be: by REST. */
import { GraphQLRefusal } from "../../lib/gql.js";

/**
 * @typedef {import("../workspace/files.js").ScriptFileInput} ScriptFileInput
 * @typedef {{ slug: string, files: readonly ScriptFileInput[], entry?: string,
 *   baseVersion: number, message?: string }} SaveInput
 */

/** @param {string} slug */
const addressOf = (slug) => `/api/engine/scripts/${encodeURIComponent(slug)}`;

/** Saves without loading; the number of the version. @param {SaveInput} input */
export async function saveLarge({ slug, files, entry, baseVersion, message }) {
  const contents = Object.fromEntries(
    files.map(({ path, text, base64 }) => [path, typeof text === "string" ? text : { base64 }]),
  );
  const response = await fetch(addressOf(slug), {
    method: "PUT",
    headers: { "Content-Type": "application/json", "If-Match": `"${baseVersion}"` },
    body: JSON.stringify({ files: contents, entry, message, deploy: false, load: false }),
  });
  return /** @type {{ version: number }} */ (await jsonOf(response)).version;
}

/**
 * Keeps a draft; its revision.
 * @param {string} slug @param {import("./draft-keeper.js").DraftChange} change
 */
export async function saveLargeDraft(slug, { files, ...change }) {
  const contents = Object.fromEntries(
    files.map(({ path, text, base64, removed }) => [
      path,
      removed ? null : typeof text === "string" ? text : { base64 },
    ]),
  );
  const response = await fetch(`${addressOf(slug)}/draft`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...change, files: contents }),
  });
  return /** @type {{ revision: number }} */ (await jsonOf(response)).revision;
}

/** @param {Response} response @returns {Promise<unknown>} @throws {GraphQLRefusal} as `ask` does */
async function jsonOf(response) {
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  const {
    detail = "The engine does not answer.",
    code = "UNAVAILABLE",
    requestId,
  } = /** @type {{ detail?: string, code?: string, requestId?: string }} */ (body ?? {});
  throw new GraphQLRefusal(detail, code, requestId);
}
