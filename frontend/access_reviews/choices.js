// @ts-check
/** Decisions that a reviewer has not submitted yet, kept until the page is closed. */

/** @typedef {import("../types/schema").Role} Role */
/** @typedef {{ decision: "KEEP" | "REVOKE", note: string }} Choice */
/** @typedef {Choice & { userId: string, role: Role }} EntryChoice */

/** The maximum number of decisions in one request. */
export const MAX_AT_ONCE = 500;

/** By review, then by user and role: they survive a visit of another page.
 * @type {Map<string, Map<string, EntryChoice>>} */
const chosen = new Map();

/** @param {string} review */
export function choicesOf(review) {
  if (!chosen.has(review)) chosen.set(review, new Map());
  return /** @type {Map<string, EntryChoice>} */ (chosen.get(review));
}

/** @param {{ userId: string, role: string }} entry */
export const keyOf = (entry) => `${entry.userId} ${entry.role}`;

/**
 * The choices in portions that the server accepts.
 * @param {Iterable<EntryChoice>} choices
 */
export function portions(choices) {
  const all = [...choices].map((one) => ({ ...one, note: one.note.trim() || null }));
  const count = Math.ceil(all.length / MAX_AT_ONCE);
  return Array.from({ length: count }, (_, at) =>
    all.slice(at * MAX_AT_ONCE, (at + 1) * MAX_AT_ONCE),
  );
}
