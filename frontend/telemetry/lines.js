// @ts-check
/** Samples as lines on a field that is 100 wide and 100 high. */
import { gql } from "../lib/documents.js";

/**
 * @typedef {import("../types/documents").SystemSampleFields} SystemSample
 * @typedef {{ at: number, value: number }} Point milliseconds since 1970, and the figure
 */

export const SAMPLE = gql(`fragment SystemSampleFields on SystemSample {
  at requests errors requestsPerSecond errorsPerSecond p50Ms p95Ms p99Ms cpuPercent
  loopLagMs workers memoryBytes poolInUse subscriptions connections databaseBytes
}`);

/** A gap this many steps wide is drawn as a gap. */
const GAP = 2.5;

/**
 * The known values of one figure, oldest first.
 * @param {SystemSample[]} samples
 * @param {keyof SystemSample} name
 * @returns {Point[]}
 */
export function points(samples, name) {
  return samples
    .filter((sample) => sample[name] !== null && sample[name] !== undefined)
    .map((sample) => ({ at: Date.parse(sample.at), value: Number(sample[name]) }));
}

/**
 * The samples with the latest one appended, if it is newer than the last.
 * @param {SystemSample[]} samples
 * @param {SystemSample | null | undefined} latest
 * @param {number} since older samples are left out
 */
export function extended(samples, latest, since) {
  const last = samples.at(-1);
  const isNewer = latest && (!last || Date.parse(latest.at) > Date.parse(last.at));
  const all = isNewer ? [...samples, latest] : samples;
  return all.filter((sample) => Date.parse(sample.at) >= since);
}

/** The smallest round number (1, 2 or 5 and zeros) that is not below. @param {number} value */
export function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((one) => one * power >= value * (1 - 1e-9)) ?? 10;
  return step * power;
}

/**
 * The line as an SVG path, with gaps where nothing was observed.
 * @param {Point[]} line
 * @param {{ from: number, to: number, low: number, high: number, step: number }} field
 */
export function path(line, { from, to, low, high, step }) {
  let before = -Infinity;
  return line
    .map(({ at, value }) => {
      const x = (100 * (at - from)) / (to - from);
      const y = 100 - (100 * (value - low)) / (high - low || 1);
      const verb = at - before > GAP * step ? "M" : "L";
      before = at;
      return `${verb}${x.toFixed(2)} ${y.toFixed(2)}`;
    })
    .join("");
}

/** The last, the smallest and the largest value. @param {Point[]} line */
export function extent(line) {
  const values = line.map(({ value }) => value);
  return {
    now: values.at(-1),
    least: values.length ? Math.min(...values) : undefined,
    most: values.length ? Math.max(...values) : undefined,
  };
}

/** The point nearest to an instant. @param {Point[]} line @param {number} at */
export function nearest(line, at) {
  return line.reduce(
    (best, one) => (!best || Math.abs(one.at - at) < Math.abs(best.at - at) ? one : best),
    /** @type {Point | undefined} */ (undefined),
  );
}
