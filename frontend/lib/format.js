// @ts-check
/**
 * How sizes, durations, instants, counts and shares are written for people. The server's
 * `core/formats.py` writes the same forms. What is not known is a dash.
 */

/** @typedef {number | null | undefined} Figure */

const NONE = "–";
const SIZES = ["kB", "MB", "GB", "TB", "PB"];
const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];

/** @type {(value: unknown) => value is null | undefined} */
const isUnknown = (value) => value === null || value === undefined;

/** A number of bytes, in decimal units with one digit: "999 B", "1.5 GB". @param {Figure} bytes @returns {string} */
export function size(bytes) {
  if (isUnknown(bytes)) return NONE;
  if (bytes < 0) return `−${size(-bytes)}`;
  if (bytes < 1_000) return `${Math.round(bytes)} B`;
  let [value, unit] = [bytes / 1_000, 0];
  // What would be rounded up to 1000.0 is written in the next unit.
  while (value >= 999.95 && unit < SIZES.length - 1) [value, unit] = [value / 1_000, unit + 1];
  return `${value.toFixed(1)} ${SIZES[unit]}`;
}

/**
 * A time span in its two largest units: "350 ms", "1.5 s", "2 min 5 s", "3 h", "4 days 2 h".
 * @param {Figure} seconds
 * @returns {string}
 */
export function duration(seconds) {
  if (isUnknown(seconds)) return NONE;
  if (seconds < 0) return `−${duration(-seconds)}`;
  if (seconds < 0.9995) return milliseconds(1_000 * seconds);
  if (seconds < 9.95) return `${short(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return both(whole, MINUTE, "min", 1, "s");
  // Of hours the seconds are cut, not rounded: 59 min 59 s is less than an hour.
  if (whole < DAY) return both(whole, HOUR, "h", MINUTE, "min");
  const hours = Math.floor((whole % DAY) / HOUR);
  return count(Math.floor(whole / DAY), "day") + (hours ? ` ${hours} h` : "");
}

/** A time span that was measured in milliseconds. @param {Figure} value */
export const durationOfMs = (value) => (isUnknown(value) ? NONE : duration(value / 1_000));

/** @param {number} value */
const milliseconds = (value) =>
  value < 0.05 ? "0 ms" : `${value < 9.95 ? short(value) : Math.round(value)} ms`;

/** With one digit, which is left out when it is zero. @param {number} value */
const short = (value) => value.toFixed(1).replace(/\.0$/, "");

/**
 * @param {number} whole @param {number} large @param {string} largeUnit
 * @param {number} small @param {string} smallUnit
 */
function both(whole, large, largeUnit, small, smallUnit) {
  const rest = Math.floor((whole % large) / small);
  return `${Math.floor(whole / large)} ${largeUnit}${rest ? ` ${rest} ${smallUnit}` : ""}`;
}

/** @typedef {string | number | Date} Moment ISO 8601, or milliseconds since 1970 */

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

/** A moment of the reader's time zone, without its name: "2026-11-27 11:15". @param {Moment} at */
export const date = (at) => `${day(at)} ${timeOfDay(at)}`;

/** "2026-11-27". @param {Moment} at */
export function day(at) {
  const when = new Date(at);
  return `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
}

/** "11:15". @param {Moment} at */
export function timeOfDay(at) {
  const when = new Date(at);
  return `${two(when.getHours())}:${two(when.getMinutes())}`;
}

/** "11:15:42". @param {Moment} at */
export const clock = (at) => `${timeOfDay(at)}:${two(new Date(at).getSeconds())}`;

/** "11:15:42.007". @param {Moment} at */
export const preciseClock = (at) =>
  `${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, "0")}`;

/** A moment with the reader's time zone: "2026-11-27 11:15 UTC+1". @param {Moment} at */
export const instant = (at) => `${date(at)} ${zone(at)}`;

/**
 * A moment to the second, in the reader's time zone and in UTC, for the text shown on hover:
 * "2026-11-27 11:15:42 UTC+1 (2026-11-27 10:15:42 UTC)".
 * @param {Moment} at
 */
export function exactly(at) {
  const here = `${day(at)} ${clock(at)} ${zone(at)}`;
  const there = `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return here === there ? here : `${here} (${there})`;
}

/** The reader's offset from UTC at a moment: "UTC", "UTC+1", "UTC−3:30". @param {Moment} at */
function zone(at) {
  const minutes = -new Date(at).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? "−" : "+"}${hours}${rest ? `:${two(rest)}` : ""}`;
}

/** Each unit, its seconds, and how many of it make the next larger one. */
const UNITS = /** @type {const} */ ([
  ["min", MINUTE, 60],
  ["hour", HOUR, 24],
  ["day", DAY, 7],
  ["week", 7 * DAY, 5],
  ["month", 30.4375 * DAY, 12],
  ["year", 365.25 * DAY, Infinity],
]);

/**
 * "4 min ago", "in 3 days", "just now".
 * @param {Moment} at
 * @param {number} [now] milliseconds since 1970
 */
export function ago(at, now = Date.now()) {
  const seconds = (new Date(at).getTime() - now) / 1_000;
  const distance = Math.abs(seconds);
  if (distance < MINUTE) return "just now";
  // The last unit that is not longer; 59.7 minutes are an hour, not "60 min".
  const found = UNITS.findLast(([, length]) => distance >= length) ?? UNITS[0];
  const isNext = Math.round(distance / found[1]) >= found[2];
  const [unit, length] = isNext ? UNITS[UNITS.indexOf(found) + 1] : found;
  const number = Math.max(1, Math.round(distance / length));
  const words = unit === "min" ? `${number} min` : count(number, unit);
  return seconds < 0 ? `${words} ago` : `in ${words}`;
}

/**
 * When something happens that is still to come: "in 3 days", "in less than a minute", "due now".
 * @param {Moment} at
 * @param {number} [now] milliseconds since 1970
 */
export function until(at, now = Date.now()) {
  const seconds = (new Date(at).getTime() - now) / 1_000;
  if (seconds <= 0) return "due now";
  return seconds < MINUTE ? "in less than a minute" : ago(at, now);
}

const grouped = new Intl.NumberFormat("en-US");
// At most three digits that matter.
const figures = [2, 1, 0].map(
  (maximumFractionDigits) => new Intl.NumberFormat("en-US", { maximumFractionDigits }),
);

/**
 * A number with separators; with a noun a number of things: "1 user", "1,200 users".
 * @param {Figure} value
 * @param {string} [noun]
 * @param {string} [plural] for a noun without a plain -s
 */
export function count(value, noun, plural) {
  const number = isUnknown(value) ? NONE : grouped.format(value);
  return noun ? `${number} ${nouns(value, noun, plural)}` : number;
}

/**
 * The noun for a number that stands elsewhere: "1 of 1 worker", "2 of 3 workers".
 * @param {Figure} value
 * @param {string} noun
 * @param {string} [plural]
 */
export const nouns = (value, noun, plural = `${noun}s`) => (value === 1 ? noun : plural);

/** A measured number: "0.12", "12.3", "1,234". @param {Figure} value */
export const figure = (value) =>
  isUnknown(value) ? NONE : figures[value >= 100 ? 2 : value >= 10 ? 1 : 0].format(value);

/** A percentage with one digit: "28.3%". @param {Figure} value */
export const percent = (value) => (isUnknown(value) ? NONE : `${short(value)}%`);

/** How many of how many: "12.5%". @param {Figure} part @param {Figure} whole */
export const share = (part, whole) =>
  isUnknown(part) || !whole ? NONE : percent((100 * part) / whole);

/** "0.12/s". @param {Figure} value */
export const perSecond = (value) => (isUnknown(value) ? NONE : `${figure(value)}/s`);
