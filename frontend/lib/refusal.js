// @ts-check
/** Errors of the server, worded for people. */
import { instant } from "./format.js";

/**
 * An error as pages show it: of the server, with its code, or of the page itself.
 * @typedef {{ message: string, code?: string, requestId?: string,
 *   reauthentication?: "provider" | "link" }} Refusal
 */

/** Returns what was thrown as a refusal. @param {unknown} thrown @returns {Refusal} */
export const refusalOf = (thrown) =>
  thrown instanceof Error ? thrown : { message: String(thrown) };

const ARGUMENT = /^[a-z][A-Za-z.]*: (?=\S)/;
const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)/g;

/**
 * The message without the name of the API's argument, and with instants in the reader's time zone:
 * "expiresAt: 2020-12-24T18:00:00+00:00 is in the past." is of no use beside a field that is
 * called "Ends".
 * @param {{ code?: string, message: string }} refused
 */
export function inWords({ code, message }) {
  if (code !== "BAD_USER_INPUT") return message;
  const said = message
    .replace(ARGUMENT, "")
    .replace(INSTANT, (at) => (Number.isNaN(Date.parse(at)) ? at : instant(at)));
  return said[0].toUpperCase() + said.slice(1);
}
