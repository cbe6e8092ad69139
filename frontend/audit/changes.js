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
    ${names.map(
      (name) =>
        html`<span class="chip"
          >${name}:
          ${shown(before[name])}${name in before && name in after && " → "}${name in after && shown(after[name])}</span
        >`,
    )}
  </span>`;
}

/** @param {unknown} value */
function shown(value) {
  if (value === undefined || value === null) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
