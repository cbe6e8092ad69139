// @ts-check
/** Lines of a script's log, merged and bounded. */

/** @typedef {import("./documents.js").ScriptLine} ScriptLine */

/**
 * Lines of two lists, each once, newest first, at most so many.
 * @param {readonly ScriptLine[]} some @param {readonly ScriptLine[]} others @param {number} most
 */
export function merged(some, others, most) {
  const known = new Set(some.map(({ id }) => id));
  const all = [...some, ...others.filter(({ id }) => !known.has(id))];
  return all.sort(newestFirst).slice(0, most);
}

/** Lines have numbers, which may be longer than a number is exact. @param {ScriptLine} one @param {ScriptLine} other */
function newestFirst(one, other) {
  if (one.id.length !== other.id.length) return other.id.length - one.id.length;
  return one.id < other.id ? 1 : -1;
}

/** Whether a line has the text that is searched for, as the server compares them. @param {ScriptLine} line @param {string} search */
export const hasText = ({ text }, search) => text.toLowerCase().includes(search.toLowerCase());
