// @ts-check
/** What an event changed, value by value. */
import { html } from "htm/preact";
import { count, instant, size } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";
import { sides } from "./sentence.js";

/** @typedef {import("./sentence.js").Side} Side */

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/**
 * Terms and values for a `dl`.
 * @param {{ event: { before: unknown, after: unknown } }} props
 */
export function Changes({ event }) {
  const { before, after } = sides(event);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.map(
    (name) =>
      html`<dt>${untrusted(words(name))}</dt>
        <dd>${change(name, before, after)}</dd>`,
  );
}

/** "expiresAt" and "size_bytes" as a person writes them. @param {string} name */
const words = (name) => {
  const apart = name
    .replace(/_bytes$/, "")
    .replaceAll("_", " ")
    .replace(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toLowerCase();
  return apart.charAt(0).toUpperCase() + apart.slice(1);
};

/** Both sides, or the one value of a side that did not change. @param {string} name @param {Side} before @param {Side} after */
function change(name, before, after) {
  const having = [before, after].filter((side) => name in side);
  const values = [...new Set(having.map((side) => shown(name, side[name])))];
  return values.map((value, index) => html`${index > 0 && " → "}${untrusted(value)}`);
}

/** @param {string} name @param {unknown} value @returns {string} */
function shown(name, value) {
  if (value === undefined || value === null) return "none";
  if (Array.isArray(value)) return value.map((one) => shown(name, one)).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return name.endsWith("_bytes") ? size(value) : count(value);
  if (typeof value === "string")
    return INSTANT.test(value) && !Number.isNaN(Date.parse(value)) ? instant(value) : value;
  // A thing by its name, as the checks of a drill have one.
  return /** @type {{ name?: string }} */ (value).name ?? JSON.stringify(value);
}
