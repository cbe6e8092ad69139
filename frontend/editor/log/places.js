// @ts-check
/** Places in a script's files, such as `lib/orders.ts:12:5`, in what it logs. */

/** @typedef {{ text: string, file?: string, line?: number, column?: number }} Part */

/** The end of a place. What comes before it is walked back, because a search for it would start again
 * at each character of a long line. */
const END = /\.(?:tsx?|jsx?|mjs):(\d{1,7})(?::(\d{1,7}))?/g;
const IN_PATH = /[\w.@/-]/;
/** Of a path, in characters, as the engine allows it. */
const LONGEST_PATH = 200;
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
  for (const found of text.matchAll(END)) {
    if (parts.length >= 2 * MOST) break;
    const [ending, line, column] = found;
    const from = beginOf(text, found.index, done);
    const file = text.slice(from, found.index) + ending.slice(0, ending.indexOf(":"));
    if (!has(file)) continue;
    if (from > done) parts.push({ text: text.slice(done, from) });
    done = found.index + ending.length;
    const whole = text.slice(from, done);
    parts.push({ text: whole, file, line: Number(line), column: Number(column ?? 1) });
  }
  if (done < text.length || parts.length === 0) parts.push({ text: text.slice(done) });
  return parts;
}

/** Where the path that ends at *end* begins. @param {string} text @param {number} end @param {number} least */
function beginOf(text, end, least) {
  let from = end;
  const first = Math.max(least, end - LONGEST_PATH);
  while (from > first && IN_PATH.test(text[from - 1])) from -= 1;
  while (from < end && "./".includes(text[from])) from += 1;
  return from;
}
