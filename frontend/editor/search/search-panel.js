// @ts-check
/** The panel Search. */
import { html } from "htm/preact";

/** @param {import("../panels.js").PanelProps} props */
export function SearchPanel({ script }) {
  return html`<p class="panel-empty">There is nothing here yet for ${script.slug}.</p>`;
}
