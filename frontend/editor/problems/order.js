// @ts-check
/** The order of problems: by file, then by line; those of no file come first. */

/** @typedef {import("../workspace/files.js").Problem} Problem */
/** @typedef {{ path: string, line: number, column: number }} Position */

/** @typedef {Problem & { sources: readonly string[] }} Row a problem, and every check that found it */

/** In which a problem keeps its words when several checks found it. */
const SOURCES = ["load", "types", "syntax"];

/**
 * One row for what several checks found: a dry load and the types both see what can't be parsed, at
 * the same line in other words, and some problems in the same words.
 * @param {readonly Problem[]} problems @returns {Row[]}
 */
export function ordered(problems) {
  /** @type {Map<string, Row>} */
  const known = new Map();
  /** @type {Row[]} */
  const rows = [];
  for (const one of problems.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const [same, error] = [sameOf(one), errorOf(one)];
    const found = known.get(same) ?? (error && known.get(error));
    // Two errors that one check found at a line are two.
    if (found && (found.source !== one.source || known.has(same))) {
      if (!found.sources.includes(one.source)) found.sources = [...found.sources, one.source];
      continue;
    }
    const row = { ...one, sources: [one.source] };
    known.set(same, row);
    if (error && one.source === "load") known.set(error, row);
    rows.push(row);
  }
  return rows.toSorted(compared);
}

/** @param {Problem} one */
const rankOf = ({ source }) => SOURCES.indexOf(source);

/** @param {Problem} one */
const sameOf = ({ severity, file, line, message }) =>
  JSON.stringify([severity, file, line, message.replace(/\s+/g, " ").trim()]);

/** Of an error at a line, which a dry load finds first. @param {Problem} one */
const errorOf = ({ severity, file, line }) =>
  line && severity === "ERROR" ? JSON.stringify([file, line]) : "";

/** @param {Problem} one @param {Problem} other */
function compared(one, other) {
  if (one.file !== other.file) return (one.file ?? "") < (other.file ?? "") ? -1 : 1;
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}

/**
 * By file, in order; null is the whole script.
 * @param {readonly Problem[]} problems @returns {{ file: string | null, problems: Row[] }[]}
 */
export function byFile(problems) {
  /** @type {Map<string | null, Row[]>} */
  const found = new Map();
  for (const one of ordered(problems)) found.set(one.file, [...(found.get(one.file) ?? []), one]);
  return [...found].map(([file, problems]) => ({ file, problems }));
}

/**
 * The next problem with a place after a position, or the first; null when there is none.
 * @param {readonly Problem[]} problems @param {Position | null} current @param {boolean} [backwards]
 */
export function nextProblem(problems, current, backwards = false) {
  const placed = ordered(problems).filter(({ file, line }) => file !== null && line !== null);
  if (backwards) placed.reverse();
  const isAfter = (/** @type {Problem} */ one) => {
    if (current === null) return true;
    const here = { ...one, file: current.path, line: current.line, column: current.column };
    return backwards ? compared(one, here) < 0 : compared(one, here) > 0;
  };
  return placed.find(isAfter) ?? placed[0] ?? null;
}
