// @ts-check
/**
 * Merges two people's changes of the same version: file by file, and within a text line by line.
 * Knows neither the page nor the code editor.
 */
import { diff3Merge } from "node-diff3";
import { usualBreak, withLineFeeds, withUsualBreak } from "../workspace/line-breaks.js";

/**
 * @typedef {{ text: string } | { base64: string } |
 *   { digest: string, size: number }} Content of a file
 *   digest: of one that is too large for the page
 * @typedef {ReadonlyMap<string, Content>} Tree contents by path
 * @typedef {{ text: string }} Agreed a part of a text that is the same for both, or changed by one
 * @typedef {{ mine: string, base: string, theirs: string }} Clash a part that both have changed
 * @typedef {Agreed | Clash} Piece
 * @typedef {"mine" | "theirs" | "both"} Choice
 * @typedef {{ path: string, mine: Content | null, theirs: Content | null }} Sides null: not there
 * @typedef {Sides & ({ kind: "settled", by: Choice, content: Content | null } |
 *   { kind: "text", pieces: Piece[] } | { kind: "whole" })} MergedFile
 *   settled: nobody has to choose; text: choose for each clash; whole: choose the file of one side
 */

/** Comparing takes time that grows with the square of the lines in the worst case. */
export const MOST_COMPARED_LINES = 6_000;

/**
 * Returns what becomes of each file that at least one side has changed, by path.
 * @param {Tree} base @param {Tree} mine @param {Tree} theirs
 * @returns {MergedFile[]}
 */
export function mergeTrees(base, mine, theirs) {
  const paths = [...new Set([...base.keys(), ...mine.keys(), ...theirs.keys()])].sort();
  return paths.flatMap((path) => {
    const [was, own, other] = [base, mine, theirs].map((tree) => tree.get(path) ?? null);
    return mergeFile({ path, mine: own, theirs: other }, was) ?? [];
  });
}

/** @param {Sides} sides @param {Content | null} base @returns {MergedFile | null} null: unchanged */
function mergeFile(sides, base) {
  const { mine, theirs } = sides;
  if (isSame(mine, theirs))
    return isSame(mine, base) ? null : { ...sides, kind: "settled", by: "both", content: mine };
  if (isSame(mine, base)) return { ...sides, kind: "settled", by: "theirs", content: theirs };
  if (isSame(theirs, base)) return { ...sides, kind: "settled", by: "mine", content: mine };
  const texts = [mine, base ?? { text: "" }, theirs].map(textOf);
  const [own, was, other] = texts;
  if (own === null || was === null || other === null) return { ...sides, kind: "whole" };
  const pieces = mergeTexts(own, was, other);
  if (pieces.some(isClash)) return { ...sides, kind: "text", pieces };
  return { ...sides, kind: "settled", by: "both", content: { text: joined(pieces) } };
}

/** @param {Content | null} content */
const textOf = (content) => (content && "text" in content ? content.text : null);

/** @param {Content | null} one @param {Content | null} other */
export function isSame(one, other) {
  if (!one || !other) return one === other;
  if ("text" in one) return "text" in other && one.text === other.text;
  if ("base64" in one) return "base64" in other && one.base64 === other.base64;
  return "digest" in other && one.digest === other.digest;
}

/** @param {Piece} piece @returns {piece is Clash} */
export const isClash = (piece) => "mine" in piece;

/**
 * Merges line by line. Lines keep their breaks, so that the pieces in a row are the whole text; where
 * one side has changed the line breaks of the whole text, all pieces have the new ones.
 * @param {string} mine @param {string} base @param {string} theirs
 * @returns {Piece[]}
 */
export function mergeTexts(mine, base, theirs) {
  const [a, o, b] = withSameBreaks(mine, base, theirs).map(linesOf);
  const start = commonStart(a, o, b);
  const end = commonEnd(a, o, b, start);
  const middles = [a, o, b].map((lines) => lines.slice(start, lines.length - end));
  return tidy([
    { text: o.slice(0, start).join("") },
    ...mergeLines(middles[0], middles[1], middles[2]),
    { text: o.slice(o.length - end).join("") },
  ]);
}

/** @param {string} mine @param {string} base @param {string} theirs */
function withSameBreaks(mine, base, theirs) {
  const [own, was, other] = [mine, base, theirs].map(usualBreak);
  const wanted = own && own !== was ? own : (other ?? own);
  return [mine, base, theirs].map((text) => withUsualBreak(text, wanted));
}

/** @param {string[]} mine @param {string[]} base @param {string[]} theirs @returns {Piece[]} */
function mergeLines(mine, base, theirs) {
  if (Math.max(mine.length, base.length, theirs.length) > MOST_COMPARED_LINES)
    return [{ mine: mine.join(""), base: base.join(""), theirs: theirs.join("") }];
  return diff3Merge(mine, base, theirs, { excludeFalseConflicts: true }).map(({ ok, conflict }) =>
    conflict ? pieceOf(conflict) : { text: (ok ?? []).join("") },
  );
}

/** @param {{ a: string[], o: string[], b: string[] }} conflict @returns {Piece} */
function pieceOf(conflict) {
  const [mine, base, theirs] = [conflict.a, conflict.o, conflict.b].map((lines) => lines.join(""));
  // Nobody has to choose between line breaks.
  return withLineFeeds(mine) === withLineFeeds(theirs) ? { text: mine } : { mine, base, theirs };
}

/** @param {string} text */
const linesOf = (text) => text.split(/(?<=\n|\r(?!\n))/).filter((line) => line !== "");

/** @param {string[][]} all */
function commonStart(...all) {
  const most = Math.min(...all.map(({ length }) => length));
  let start = 0;
  while (start < most && all.every((lines) => lines[start] === all[0][start])) start++;
  return start;
}

/** @param {string[]} a @param {string[]} o @param {string[]} b @param {number} start */
function commonEnd(a, o, b, start) {
  const most = Math.min(a.length, o.length, b.length) - start;
  let end = 0;
  while (end < most && a.at(-1 - end) === o.at(-1 - end) && b.at(-1 - end) === o.at(-1 - end))
    end++;
  return end;
}

/** Joins agreed pieces that follow each other. @param {Piece[]} pieces @returns {Piece[]} */
function tidy(pieces) {
  /** @type {Piece[]} */
  const found = [];
  for (const piece of pieces) {
    const last = found.at(-1);
    if (isClash(piece)) found.push(piece);
    else if (last && !isClash(last)) found[found.length - 1] = { text: last.text + piece.text };
    else if (piece.text) found.push(piece);
  }
  return found;
}

/**
 * The text of a clash after a choice.
 * @param {Clash} clash @param {Choice} choice @param {string} [newLine] of a line without a break
 */
export function chosen({ mine, theirs }, choice, newLine = "\n") {
  if (choice !== "both") return choice === "mine" ? mine : theirs;
  const isEnded = mine === "" || /[\r\n]$/.test(mine);
  return mine + (isEnded ? "" : newLine) + theirs;
}

/** The text of all pieces; of clashes, mine. @param {Piece[]} pieces */
export const joined = (pieces) =>
  pieces.map((piece) => (isClash(piece) ? piece.mine : piece.text)).join("");

/** Where the clashes are in the joined text with line feeds, as a code editor has it. @param {Piece[]} pieces */
export function placesOf(pieces) {
  let at = 0;
  /** @type {{ from: number, to: number, clash: Clash }[]} */
  const places = [];
  for (const piece of pieces) {
    const from = at;
    at += withLineFeeds(isClash(piece) ? piece.mine : piece.text).length;
    if (isClash(piece)) places.push({ from, to: at, clash: piece });
  }
  return places;
}
