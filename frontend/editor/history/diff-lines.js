// @ts-check
/** Lines of a unified diff, with their numbers in both versions. */

/**
 * @typedef {{ kind: "same" | "added" | "removed" | "place" | "note", text: string,
 *   before: number | null, after: number | null }} DiffLine
 */

const PLACE = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

/** @param {string} diff @returns {DiffLine[]} */
export function linesOf(diff) {
  let [before, after] = [0, 0];
  let isInside = false;
  /** @type {DiffLine[]} */
  const found = [];
  for (const line of diff.replace(/\n$/, "").split("\n")) {
    const place = PLACE.exec(line);
    if (place) {
      [before, after] = [Number(place[1]), Number(place[2])];
      isInside = true;
      found.push({ kind: "place", text: line, before: null, after: null });
    } else if (isInside) {
      const text = line.slice(1);
      if (line.startsWith("+")) found.push({ kind: "added", text, before: null, after: after++ });
      else if (line.startsWith("-"))
        found.push({ kind: "removed", text, before: before++, after: null });
      else if (line.startsWith("\\")) found.push({ kind: "note", text, before: null, after: null });
      else found.push({ kind: "same", text, before: before++, after: after++ });
    }
  }
  return found;
}

/** @param {readonly DiffLine[]} lines */
export const countsOf = (lines) => ({
  added: lines.filter(({ kind }) => kind === "added").length,
  removed: lines.filter(({ kind }) => kind === "removed").length,
});
