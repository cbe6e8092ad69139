// @ts-check
/** Stores and removes files of a script by REST, which takes bytes as they are. */
import { GraphQLRefusal } from "../../lib/gql.js";
import { addressOf } from "./file-address.js";

/** Of one file; the server refuses larger ones. */
const LARGEST_BYTES = 10_000_000;

/**
 * Stores a file in place of the one whose content has the hash *base*; null: where there is none.
 * @param {string} slug @param {string} path @param {Blob} content @param {string | null} base
 */
export async function store(slug, path, content, base) {
  if (content.size > LARGEST_BYTES)
    throw new Error(`${path} is larger than 10 MB, which is the limit.`);
  /** @type {Record<string, string>} */
  const headers = base === null ? { "If-None-Match": "*" } : { "If-Match": `"${base}"` };
  await mustBeOk(await send(addressOf(slug, path), { method: "PUT", body: content, headers }));
}

/** Removes a stored file whose content has this hash. @param {string} slug @param {string} path @param {string} hash */
export async function remove(slug, path, hash) {
  const headers = { "If-Match": `"${hash}"` };
  await mustBeOk(await send(addressOf(slug, path), { method: "DELETE", headers }));
}

/** @param {string} address @param {RequestInit} request */
async function send(address, request) {
  const response = await fetch(address, request).catch(() => null);
  if (!response) throw new GraphQLRefusal("The engine does not answer.", "UNAVAILABLE");
  return response;
}

/** @param {Response} response */
async function mustBeOk(response) {
  if (response.ok) return;
  const problem = /** @type {{ detail?: string, code?: string, requestId?: string } | null} */ (
    await response.json().catch(() => null)
  );
  throw new GraphQLRefusal(
    problem?.detail ?? `The engine answered with status ${response.status}.`,
    problem?.code ?? "INTERNAL",
    problem?.requestId,
  );
}
