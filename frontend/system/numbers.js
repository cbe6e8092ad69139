// @ts-check
/** Figures for people: sizes, durations, shares. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** @typedef {number | null | undefined} Figure */

/** At most three digits that matter. @param {number} value */
const short = (value) =>
  value.toLocaleString("en", { maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : 2 });

/** @param {Figure} value */
export const plain = (value) => (value === null || value === undefined ? "–" : short(value));

/** @param {Figure} value */
export function bytes(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  const step = size < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(size) / 10));
  return `${value < 0 ? "−" : ""}${short(size / 1_024 ** step)} ${UNITS[step]}`;
}

/** @param {Figure} value milliseconds */
export function duration(value) {
  if (value === null || value === undefined) return "–";
  return value >= 1_000 ? `${short(value / 1_000)} s` : `${short(value)} ms`;
}

/** @param {Figure} value */
export const percent = (value) =>
  value === null || value === undefined ? "–" : `${short(value)}%`;

/** @param {Figure} value */
export const perSecond = (value) =>
  value === null || value === undefined ? "–" : `${short(value)}/s`;

/** How many of how many. @param {number} part @param {number} whole */
export const share = (part, whole) => (whole ? percent((100 * part) / whole) : "–");
