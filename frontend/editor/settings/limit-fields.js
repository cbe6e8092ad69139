// @ts-check
/** The limits of a script: their names for people, and what may be set. */
import { count, duration, size } from "../../lib/format.js";

/**
 * @typedef {{ callTimeoutSecs: number, loadTimeoutSecs: number, streamTimeoutSecs: number,
 *   heapMb: number, residentMb: number, answerMaxBytes: number, concurrentCalls: number,
 *   waitingCalls: number, processes: number, logLines: number, idleSecs: number }} Limits
 * @typedef {keyof Limits} LimitName
 * @typedef {{ lowest: Limits, defaults: Limits, highest: Limits }} Ranges
 * @typedef {{ name: LimitName, label: string, unit: string, isWhole: boolean,
 *   words: (value: number) => string }} LimitField
 */

const BYTES_OF_MB = 10 ** 6;
const megabytes = (/** @type {number} */ value) => size(value * BYTES_OF_MB);

/** @type {readonly LimitField[]} */
export const LIMITS = [
  field("callTimeoutSecs", "Time to answer", "seconds", duration),
  field("loadTimeoutSecs", "Time to load", "seconds", duration),
  field("streamTimeoutSecs", "Time to send an answer", "seconds", duration),
  field("heapMb", "Heap of a process", "megabytes", megabytes),
  field("residentMb", "Memory of a process", "megabytes", megabytes),
  field("answerMaxBytes", "Size of an answer", "bytes", size),
  field("concurrentCalls", "Concurrent requests", "", count),
  field("waitingCalls", "Waiting requests", "", count),
  field("processes", "Processes of a classic script", "", count),
  field("logLines", "Log lines of a request", "", count),
  field("idleSecs", "Idle time of a process", "seconds", duration),
];

/**
 * @param {LimitName} name @param {string} label @param {string} unit empty for a count
 * @param {(value: number) => string} words @returns {LimitField}
 */
function field(name, label, unit, words) {
  return { name, label, unit, isWhole: unit !== "seconds", words };
}

/**
 * The highest value that may be set: by an owner the default, or what an administrator has set.
 * @param {LimitName} name @param {Ranges} ranges @param {Limits} current
 * @param {boolean} isAdministrator
 */
export const highest = (name, ranges, current, isAdministrator) =>
  isAdministrator ? ranges.highest[name] : Math.max(ranges.defaults[name], current[name]);

/**
 * What to send for the typed texts: the limits that change, null for those that get their default.
 * An empty field stands for the default as well.
 * @param {Partial<Record<LimitName, string>>} typed @param {Limits} current @param {Limits} defaults
 * @returns {Partial<Record<LimitName, number | null>>}
 */
export function changes(typed, current, defaults) {
  /** @type {Partial<Record<LimitName, number | null>>} */
  const changed = {};
  for (const { name } of LIMITS) {
    const text = typed[name]?.trim();
    if (text === undefined) continue;
    const value = text === "" ? defaults[name] : Number(text);
    if (value === current[name]) continue;
    changed[name] = value === defaults[name] ? null : value;
  }
  return changed;
}
