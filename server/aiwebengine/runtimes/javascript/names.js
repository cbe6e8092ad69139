// Names that were probably meant.

import { toUpperCase } from "./safe.js";

/** The name of *known* that is closest to *name*; null if none is close. */
export function closest(name, known) {
  const most = name.length < 4 ? 1 : 2 + Math.floor(name.length / 8);
  let [best, bestDistance] = [null, most + 1];
  for (const candidate of known) {
    const distance = distanceOf(toUpperCase(name), toUpperCase(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `: did you mean X?`, or nothing. */
export function suggestion(name, known) {
  const found = closest(name, known);
  return found === null ? "" : `: did you mean ${found}?`;
}

/** How many letters differ, are missing, too many, or swapped with their neighbour. */
function distanceOf(a, b) {
  const rows = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      rows[i][j] = Math.min(change, rows[i - 1][j] + 1, rows[i][j - 1] + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.length][b.length];
}
