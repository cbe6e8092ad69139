// @ts-check
/** What an event changed. */
import { html } from "htm/preact";

/** @param {{ event: { before: any, after: any } }} props */
export function Changes({ event }) {
  const before = event.before ?? {};
  const after = event.after ?? {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  if (!names.length) return null;
  return html`<span class="change">
    ${names.map((name) => html`<span class="chip">${name}: ${change(name, before, after)}</span>`)}
  </span>`;
}

/** @param {string} name @param {any} before @param {any} after */
function change(name, before, after) {
  const values = [before, after].filter((side) => name in side).map((side) => shown(side[name]));
  return values.join(" → ");
}

/** @param {unknown} value */
function shown(value) {
  if (value === undefined || value === null) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
