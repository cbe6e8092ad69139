// @ts-check
/** Places in a script's files, such as `lib/orders.ts:12:5`, in what it logs. */

/** @typedef {{ text: string, file?: string, line?: number, column?: number }} Part */

const PLACE = /((?:[\w@-][\w.@-]*\/)*[\w@-][\w.@-]*\.(?:tsx?|jsx?|mjs)):(\d{1,7})(?::(\d{1,7}))?/g;
/** A line with more places is shown without links after that. */
const MOST = 100;

/**
 * A text in parts, of which those with a file are places in one that the script has.
 * @param {string} text @param {(path: string) => boolean} has
 * @returns {Part[]}
 */
export function partsOf(text, has) {
  /** @type {Part[]} */
  const parts = [];
  let done = 0;
  for (const found of text.matchAll(PLACE)) {
    if (parts.length >= 2 * MOST) break;
    const [whole, file, line, column] = found;
    if (!has(file)) continue;
    if (found.index > done) parts.push({ text: text.slice(done, found.index) });
    parts.push({ text: whole, file, line: Number(line), column: Number(column ?? 1) });
    done = found.index + whole.length;
  }
  if (done < text.length || parts.length === 0) parts.push({ text: text.slice(done) });
  return parts;
}
