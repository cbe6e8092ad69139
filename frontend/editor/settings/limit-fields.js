// @ts-check
/** The limits of a script: their names for people, and what may be set. */
import { count } from "../../lib/format.js";

/**
 * @typedef {{ callTimeoutSecs: number, loadTimeoutSecs: number, streamTimeoutSecs: number,
 *   heapMb: number, residentMb: number, answerMaxBytes: number, concurrentCalls: number,
 *   waitingCalls: number, processes: number, logLines: number, idleSecs: number }} Limits
 * @typedef {keyof Limits} LimitName
 * @typedef {{ lowest: Limits, defaults: Limits, highest: Limits }} Ranges
 * @typedef {{ name: LimitName, label: string, unit: string, isWhole: boolean }} LimitField
 */

/** @type {readonly LimitField[]} */
export const LIMITS = [
  field("callTimeoutSecs", "Time to answer", "seconds"),
  field("loadTimeoutSecs", "Time to load", "seconds"),
  field("streamTimeoutSecs", "Time to send an answer", "seconds"),
  field("heapMb", "Heap of a process", "megabytes"),
  field("residentMb", "Memory of a process", "megabytes"),
  field("answerMaxBytes", "Size of an answer", "bytes"),
  field("concurrentCalls", "Concurrent requests", ""),
  field("waitingCalls", "Waiting requests", ""),
  field("processes", "Processes of a classic script", ""),
  field("logLines", "Log lines of a request", ""),
  field("idleSecs", "Idle time of a process", "seconds"),
];

/**
 * @param {LimitName} name @param {string} label @param {string} unit empty for a count
 * @returns {LimitField}
 */
function field(name, label, unit) {
  return { name, label, unit, isWhole: unit !== "seconds" };
}

/**
 * What a field says about itself, in the unit that its label names and its value has.
 * @param {LimitName} name @param {Ranges} ranges @param {number} max the highest value that may be set
 */
export const hint = (name, { defaults, lowest }, max) =>
  `Default ${count(defaults[name])}; allowed: ${count(lowest[name])} to ${count(max)}.`;

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
