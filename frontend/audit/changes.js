// @ts-check
/** What an event changed. */
import { html } from "htm/preact";
import { untrusted } from "../lib/untrusted-text.js";

/** @param {{ event: { before: any, after: any } }} props */
export function Changes({ event }) {
  const before = event.before ?? {};
  const after = event.after ?? {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  if (!names.length) return null;
  return html`<span class="change">
    ${names.map((name) => html`<span class="chip">${untrusted(name)}: ${change(name, before, after)}</span>`)}
  </span>`;
}

/** @param {string} name @param {any} before @param {any} after */
function change(name, before, after) {
  const values = [before, after].filter((side) => name in side).map((side) => shown(side[name]));
  return values.map((value, index) => html`${index > 0 && " → "}${untrusted(value)}`);
}

/** @param {unknown} value */
function shown(value) {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map(named).join(", ");
  return named(value);
}

/** A thing by its name, as the checks of a drill have one. @param {any} value @returns {string} */
function named(value) {
  return Object(value) === value ? (value.name ?? JSON.stringify(value)) : String(value);
}
