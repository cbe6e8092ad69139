// @ts-check
/** The filter of the log, as the address holds it. */
import { parameters } from "../lib/url-state.js";

export const DEFAULTS = {
  q: "",
  level: "",
  request: "",
  user: "",
  path: "",
  since: "",
  until: "",
  line: "",
  wrap: "",
  manager: "",
};

/** @typedef {import("../types/schema").LogLevel} LogLevel */

/** @type {LogLevel[]} */
export const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

/** @typedef {typeof DEFAULTS} State */

/** The filter for the server. @param {State} state @returns {Required<import("../types/schema").LogFilter>} */
export function filter(state) {
  return {
    text: state.q || null,
    level: LEVELS.find((level) => level === state.level) ?? null,
    requestId: state.request || null,
    userId: state.user || null,
    path: state.path || null,
    since: instant(state.since),
    until: instant(state.until),
    upToId: state.line || null,
  };
}

/** Whether new lines belong on the page. @param {State} state */
export const isLive = (state) => !state.until && !state.line;

/**
 * The address that downloads everything that the filter lets through.
 * @param {State} state
 * @param {"ndjson" | "text"} format
 */
export function download(state, format) {
  const { text, level, requestId, userId, path, since, until } = filter(state);
  const asked = { format, text, level, request: requestId, user: userId, path, since, until };
  return `/api/engine/admin/logs?${parameters(asked)}`;
}

/**
 * Some minutes around an instant: a search within them is quick in any amount of lines.
 * @param {string} iso
 * @returns {{ since: string, until: string }} as fields for local times hold them
 */
export function around(iso) {
  const at = Date.parse(iso);
  const minutes = 5 * 60_000;
  return { since: local(at - minutes), until: local(at + minutes) };
}

/**
 * An instant as a field for local times holds it; an alert's link names one in UTC.
 * @param {string} day
 */
export function inField(day) {
  const at = Date.parse(day);
  return Number.isNaN(at) ? "" : local(at);
}

/** @param {number} at milliseconds since 1970 */
function local(at) {
  const shifted = at - new Date(at).getTimezoneOffset() * 60_000;
  return new Date(shifted).toISOString().slice(0, 16);
}

/** @param {string} day */
function instant(day) {
  const at = Date.parse(day);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}
