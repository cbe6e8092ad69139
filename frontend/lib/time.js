// @ts-check
/** Instants for people: how long ago, and exactly when. */

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "long" });

/**
 * "2 days ago", "in 3 hours", "now".
 * @param {string} iso
 * @param {number} [now] milliseconds since 1970
 */
export function ago(iso, now = Date.now()) {
  const seconds = (Date.parse(iso) - now) / 1_000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return unit === "second" ? "just now" : relative.format(Math.round(seconds / size), unit);
}

/** The date, the time and the zone. @param {string} iso */
export const exactly = (iso) => absolute.format(new Date(iso));

const counted = new Intl.NumberFormat("en");

/** A number with separators. @param {number | undefined | null} value */
export const count = (value) =>
  value === undefined || value === null ? "–" : counted.format(value);
