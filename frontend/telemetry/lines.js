// @ts-check
/** From samples to lines on a field that is 100 wide and 100 high. */

/**
 * @typedef {import("../types/schema").SystemSample} SystemSample
 * @typedef {{ at: number, value: number }} Point milliseconds since 1970, and the figure
 */

/** A hole this many steps wide is shown as one. */
const HOLE = 2.5;

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
 * Samples with a newer one at their end; one that is known already, or an older one, changes nothing.
 * @param {SystemSample[]} samples
 * @param {SystemSample | null | undefined} latest
 * @param {number} since what began before this instant is left out
 */
export function extended(samples, latest, since) {
  const last = samples.at(-1);
  const isNewer = latest && (!last || Date.parse(latest.at) > Date.parse(last.at));
  const all = isNewer ? [...samples, latest] : samples;
  return all.filter((sample) => Date.parse(sample.at) >= since);
}

/** The least round number that is not below: 1, 2 or 5 and zeros. @param {number} value */
export function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((one) => one * power >= value * (1 - 1e-9)) ?? 10;
  return step * power;
}

/**
 * The way of a pen, lifted where nothing was observed.
 * @param {Point[]} line
 * @param {{ from: number, to: number, low: number, high: number, step: number }} field
 */
export function path(line, { from, to, low, high, step }) {
  let before = -Infinity;
  return line
    .map(({ at, value }) => {
      const x = (100 * (at - from)) / (to - from);
      const y = 100 - (100 * (value - low)) / (high - low || 1);
      const verb = at - before > HOLE * step ? "M" : "L";
      before = at;
      return `${verb}${x.toFixed(2)} ${y.toFixed(2)}`;
    })
    .join("");
}

/** Now, least and most. @param {Point[]} line */
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
