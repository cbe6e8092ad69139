// @ts-check
/** What the server refused, for a person instead of a program. */
import { instant } from "./format.js";

const ARGUMENT = /^[a-z][A-Za-z.]*: (?=\S)/;
const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)/g;

/**
 * The message without the name of the API's argument, and with instants in the reader's time zone:
 * "expiresAt: 2020-12-24T18:00:00+00:00 has passed already." is of no use beside a field that is
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
