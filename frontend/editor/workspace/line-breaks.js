// @ts-check
/**
 * Line breaks of texts: a text comes with line feeds, carriage returns, both, or a mixture. Code that
 * counts lines or positions works on the text with line feeds, as the code editor has it.
 */

/** @typedef {{ at: number, lineBreak: string }} OtherBreak at: position in the text with line feeds */

const BREAK = /\r\n?|\n/g;

/** The text with a line feed for each line break. @param {string} text */
export const withLineFeeds = (text) =>
  text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text;

/** The line break that a text has most often, the first of equals; null for one line. @param {string} text */
export function usualBreak(text) {
  if (!text.includes("\r")) return text.includes("\n") ? "\n" : null;
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const [found] of text.matchAll(BREAK)) counts.set(found, (counts.get(found) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts.keys()].find((one) => counts.get(one) === most) ?? null;
}

/** The line breaks that are not the usual one. @param {string} text @param {string} usual @returns {OtherBreak[]} */
export function otherBreaks(text, usual) {
  if (usual === "\n" && !text.includes("\r")) return [];
  /** @type {OtherBreak[]} */
  const found = [];
  let longer = 0;
  for (const { 0: lineBreak, index } of text.matchAll(BREAK)) {
    if (lineBreak !== usual) found.push({ at: index - longer, lineBreak });
    longer += lineBreak.length - 1;
  }
  return found;
}

/** The text with another usual line break; its other ones stay. @param {string} text @param {string | null} wanted */
export function withUsualBreak(text, wanted) {
  const usual = usualBreak(text);
  if (!usual || !wanted || usual === wanted) return text;
  return text.replaceAll(BREAK, (found) => (found === usual ? wanted : found));
}

/**
 * Returns what finds positions of the text with line feeds in the text itself. They are asked in
 * ascending order.
 * @param {string} text
 */
export function positionsIn(text) {
  const pairs = text.matchAll(/\r\n/g);
  let next = pairs.next();
  let longer = 0;
  return (/** @type {number} */ at) => {
    while (!next.done && next.value.index - longer < at) {
      longer += 1;
      next = pairs.next();
    }
    return at + longer;
  };
}
