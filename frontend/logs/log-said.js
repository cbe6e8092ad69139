// @ts-check
/** A log line in short, and its marks. */
import { durationOfMs } from "../lib/format.js";

/** @typedef {import("./log-lines.js").Line} Line */

/** A line of the server, with its fields by name. @param {import("./log-lines.js").LogLineData} line @returns {Line} */
export const lineOf = (line) => ({
  ...line,
  fields: /** @type {Record<string, unknown>} */ (line.fields ?? {}),
});

/** Threshold of a slow request; statements have a limit of their own on the server. */
const SLOW_MS = 1_000;

/** The line in short. @param {Line} line */
export function said(line) {
  const { fields } = line;
  const took = line.ms === null ? "" : durationOfMs(line.ms);
  if (line.event === "request") {
    const what = fields.operation ? `${fields.kind} ${fields.operation}` : "";
    const codes = Array.isArray(fields.codes) ? fields.codes.join(" ") : "";
    const parts = [line.method, line.path, what, line.status, codes, took, fields.user];
    return parts.filter((part) => part !== "" && part !== null && part !== undefined).join(" ");
  }
  const rest = Object.entries(fields)
    .filter(([name]) => name !== "exception" && name !== "stack_info")
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return [line.event, took, ...rest].filter(Boolean).join(" ");
}

/**
 * The marks of a line, as words: colour alone is not accessible.
 * @param {Line} line
 * @returns {{ word: string, kind: "bad" | "slow" }[]}
 */
export function marks(line) {
  const hasFailed =
    (line.status ?? 0) >= 500 || (line.event === "request" && line.level === "ERROR");
  const isSlow = line.event === "request" ? (line.ms ?? 0) >= SLOW_MS : isSlowQuery(line);
  return [
    ...(hasFailed || (isSlowQuery(line) && line.fields.failed === true)
      ? [{ word: "failed", kind: /** @type {const} */ ("bad") }]
      : []),
    ...(isSlow ? [{ word: "slow", kind: /** @type {const} */ ("slow") }] : []),
  ];
}

/** @param {Line} line */
const isSlowQuery = (line) => line.event === "database.slow_query";

/**
 * Whether the line is a successful request of a page of the manager: each view of a page makes
 * several.
 * @param {Line} line
 */
export function isOfTheManager(line) {
  if (line.event !== "request" || marks(line).length > 0) return false;
  const path = line.path ?? "";
  if (path.startsWith("/assets/") || path.startsWith("/engine/admin")) return true;
  return path === "/graphql" && Boolean(line.fields.session_id);
}
