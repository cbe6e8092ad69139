// @ts-check
/** The smallest change that makes one text of another, so that a cursor elsewhere stays. */

/**
 * @param {string} before @param {string} after
 * @returns {{ from: number, to: number, insert: string } | null} null when they are equal
 */
export function replacement(before, after) {
  if (before === after) return null;
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  let end = 0;
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}
