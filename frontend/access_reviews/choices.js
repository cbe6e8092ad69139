// @ts-check
/** What a reviewer has chosen and not submitted yet, kept for as long as the page lives. */

/** @typedef {import("../types/schema").AccessReviewEntry} AccessReviewEntry */
/** @typedef {{ decision: "KEEP" | "REVOKE", note: string }} Choice */

/** As many as the server takes at once. */
export const MOST_AT_ONCE = 500;

/** By review, then by holder and role: whoever looks at another page comes back to them.
 * @type {Map<string, Map<string, Choice & { userId: string, role: string }>>} */
const chosen = new Map();

/** @param {string} review */
export function choicesOf(review) {
  if (!chosen.has(review)) chosen.set(review, new Map());
  return /** @type {Map<string, Choice & { userId: string, role: string }>} */ (chosen.get(review));
}

/** @param {{ userId: string, role: string }} entry */
export const keyOf = (entry) => `${entry.userId} ${entry.role}`;

/**
 * The choices as the server takes them, in portions.
 * @param {Iterable<Choice & { userId: string, role: string }>} choices
 */
export function portions(choices) {
  const all = [...choices].map((one) => ({ ...one, note: one.note.trim() || null }));
  const count = Math.ceil(all.length / MOST_AT_ONCE);
  return Array.from({ length: count }, (_, at) =>
    all.slice(at * MOST_AT_ONCE, (at + 1) * MOST_AT_ONCE),
  );
}
