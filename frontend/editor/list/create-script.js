// @ts-check
/** Creates a script with its files. */

/**
 * @typedef {{ slug: string, version: number, active: number | null,
 *   routes: { method: string, path: string }[] }} Created
 * @typedef {{ detail?: string, code?: string, requestId?: string, diagnostics?: unknown }} Problem
 *   as RFC 9457 has it, diagnostics: of files that do not load
 */

const NOT_CREATED = "The script was not created.";

/** A script that was not created, as `refusalOf` reads it. */
class CreateRefused extends Error {
  /** @param {string} message @param {string} code @param {string} [requestId] */
  constructor(message, code, requestId) {
    super(message);
    this.code = code;
    this.requestId = requestId;
  }
}

/**
 * Creates a script in one step: if anything is wrong, nothing changes. By REST, which takes larger
 * files than GraphQL.
 * @param {{ slug: string, title: string, files: Record<string, string | { base64: string }>,
 *   message: string, deploy: boolean }} wanted
 * @returns {Promise<Created>}
 * @throws {CreateRefused}
 */
export async function createScript({ slug, ...body }) {
  const response = await fetch(`/api/engine/scripts/${encodeURIComponent(slug)}`, {
    method: "PUT",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json",
      "If-None-Match": "*",
    },
    body: JSON.stringify(body),
  }).catch(() => null);
  const answer = /** @type {Created & Problem | null | undefined} */ (
    await response?.json().catch(() => null)
  );
  if (response?.ok && answer) return answer;
  // PreconditionFailed says it in words for programs.
  if (response?.status === 412)
    throw new CreateRefused(`There is a script ${slug} already. Choose another name.`, "CONFLICT");
  if (!answer) throw new CreateRefused("The engine does not answer.", "UNAVAILABLE");
  const { detail = NOT_CREATED, code = "INTERNAL", requestId, diagnostics } = answer;
  throw new CreateRefused(diagnostics ? `It does not load. ${detail}` : detail, code, requestId);
}
