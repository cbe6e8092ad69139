// @ts-check
/** The order of problems: by file, then by line; those of no file come first. */

/** @typedef {import("../workspace/files.js").Problem} Problem */
/** @typedef {{ path: string, line: number, column: number }} Position */

/**
 * Without those that another check found at the same line: a dry load and the types both see what
 * can't be parsed.
 * @param {readonly Problem[]} problems @returns {Problem[]}
 */
function ordered(problems) {
  const errors = new Set(
    problems.filter(({ source, line }) => source === "load" && line).map(placeOf),
  );
  return problems
    .filter((one) => one.source === "load" || one.severity !== "ERROR" || !errors.has(placeOf(one)))
    .toSorted(compared);
}

/** @param {Problem} one */
const placeOf = ({ file, line }) => `${file}:${line}`;

/** @param {Problem} one @param {Problem} other */
function compared(one, other) {
  if (one.file !== other.file) return (one.file ?? "") < (other.file ?? "") ? -1 : 1;
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}

/**
 * By file, in order; null is the whole script.
 * @param {readonly Problem[]} problems @returns {{ file: string | null, problems: Problem[] }[]}
 */
export function byFile(problems) {
  /** @type {Map<string | null, Problem[]>} */
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
