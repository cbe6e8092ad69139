// @ts-check
/**
 * Search and replacement over texts, without a page: a worker runs it, and tests do. It finds what the
 * code editor shows: a line break is a line feed, and stays in the text what it is.
 */
import { positionsIn, usualBreak, withLineFeeds } from "../workspace/line-breaks.js";

/**
 * @typedef {{ text: string, matchCase: boolean, isExpression: boolean, replacement: string | null }}
 *   Wanted replacement: null to only search
 * @typedef {{ path: string, text: string }} File
 * @typedef {{ line: number, column: number, before: string, match: string, after: string,
 *   replacement: string | null }} Hit before and after: what is around it in its line
 * @typedef {{ path: string, hits: Hit[], replaced: string | null }} FoundFile
 *   replaced: the whole text with all replacements
 * @typedef {{ files: FoundFile[], hits: number, isCut: boolean }} Found
 *   isCut: there are more than MOST_HITS, and nothing is replaced
 */

export const MOST_HITS = 2_000;
/** Characters of a search, and of a replacement. */
export const LONGEST_SEARCH = 1_000;
const AROUND = 80;
const LONGEST_MATCH = 200;

/**
 * @param {Wanted} wanted
 * @returns {RegExp}
 * @throws {Error} for a wrong expression, or one that is too long
 */
function expressionOf({ text, matchCase, isExpression }) {
  if (text.length > LONGEST_SEARCH)
    throw new Error(`${text.length} characters; at most ${LONGEST_SEARCH} are allowed.`);
  const source = isExpression ? text : text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  try {
    return new RegExp(source, `gm${matchCase ? "" : "i"}${isExpression ? "u" : ""}`);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw new Error(`This is not a regular expression: ${message.replace(/^.*: /, "")}.`, {
      cause: error,
    });
  }
}

/**
 * @param {readonly File[]} files @param {Wanted} wanted
 * @returns {Found}
 * @throws {Error} as `expressionOf`
 */
export function search(files, wanted) {
  const expression = expressionOf(wanted);
  /** @type {Found} */
  const found = { files: [], hits: 0, isCut: false };
  for (const { path, text } of files) {
    const hits = hitsIn(withLineFeeds(text), expression, wanted, MOST_HITS - found.hits);
    if (hits === null) {
      found.isCut = true;
      break;
    }
    if (hits.length === 0) continue;
    found.hits += hits.length;
    const replaced = wanted.replacement === null ? null : replacedIn(text, expression, wanted);
    found.files.push({ path, hits, replaced });
  }
  if (found.isCut) for (const file of found.files) file.replaced = null;
  return found;
}

/** @param {string} text @param {RegExp} expression @param {Wanted} wanted @param {number} most @returns {Hit[] | null} null: there are more */
function hitsIn(text, expression, wanted, most) {
  /** @type {Hit[]} */
  const hits = [];
  let [line, begin] = [1, 0];
  for (const match of text.matchAll(expression)) {
    // Such as `a*`, which is everywhere.
    if (match[0] === "") continue;
    if (hits.length === most) return null;
    for (let next = text.indexOf("\n", begin); next >= 0 && next < match.index;) {
      line += 1;
      begin = next + 1;
      next = text.indexOf("\n", begin);
    }
    hits.push(hitOf(text, match, { line, begin }, wanted));
  }
  return hits;
}

/** @param {string} text @param {RegExpExecArray} match @param {{ line: number, begin: number }} place @param {Wanted} wanted @returns {Hit} */
function hitOf(text, match, { line, begin }, wanted) {
  const end = match.index + match[0].length;
  const lineEnd = text.indexOf("\n", end);
  return {
    line,
    column: match.index - begin + 1,
    before: text.slice(Math.max(begin, match.index - AROUND), match.index).trimStart(),
    match: shortened(match[0]),
    after: text.slice(end, Math.min(lineEnd < 0 ? text.length : lineEnd, end + AROUND)),
    replacement: wanted.replacement === null ? null : shortened(expanded(match, wanted)),
  };
}

/** @param {string} text */
const shortened = (text) =>
  text.length > LONGEST_MATCH ? `${text.slice(0, LONGEST_MATCH - 1)}…` : text;

/** What replaces a match: of an expression, with `$1` and the like. @param {RegExpExecArray} match @param {Wanted} wanted */
function expanded(match, { replacement, isExpression }) {
  const text = replacement ?? "";
  if (!isExpression) return text;
  return text.replace(/\$(\$|&|\d{1,2}|<[^>]+>)/g, (whole, name) => {
    if (name === "$") return "$";
    if (name === "&") return match[0];
    if (name.startsWith("<")) return match.groups?.[name.slice(1, -1)] ?? "";
    return match[Number(name)] ?? (Number(name) < match.length ? "" : whole);
  });
}

/** @param {string} text @param {RegExp} expression @param {Wanted} wanted */
function replacedIn(text, expression, wanted) {
  const position = positionsIn(text);
  const lineBreak = usualBreak(text) ?? "\n";
  let made = "";
  let at = 0;
  for (const match of withLineFeeds(text).matchAll(expression)) {
    if (match[0] === "") continue;
    made += text.slice(at, position(match.index));
    made += expanded(match, wanted).replaceAll("\n", lineBreak);
    at = position(match.index + match[0].length);
  }
  return made + text.slice(at);
}
