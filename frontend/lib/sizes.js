// @ts-check
/** Sizes and spans of time for people. */

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** "1.5 MB"; kB, MB, … count in 1,024, as PostgreSQL does. @param {number} value */
export function size(value) {
  let [left, unit] = [Math.abs(value), 0];
  while (left >= 1_024 && unit < UNITS.length - 1) [left, unit] = [left / 1_024, unit + 1];
  const sign = value < 0 ? "−" : "";
  return `${sign}${unit === 0 ? left : left.toFixed(left < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

/** "3.2 s", "5 min", "2 h", "4 d". @param {number | null} seconds */
export function span(seconds) {
  if (seconds === null) return "";
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
