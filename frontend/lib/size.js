// @ts-check
/** Sizes for people. */

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** "381 KB", "1.2 GB": thousands, as disks are sold. @param {number} bytes */
export function size(bytes) {
  let [number, unit] = [bytes, 0];
  while (number >= 1_000 && unit < UNITS.length - 1) {
    number /= 1_000;
    unit += 1;
  }
  return `${number >= 100 || unit === 0 ? Math.round(number) : number.toFixed(1)} ${UNITS[unit]}`;
}
