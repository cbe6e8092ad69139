// @ts-check
/** The panel Data. */
import { html } from "htm/preact";

/** @param {import("../panels.js").PanelProps} props */
export function DataPanel({ script }) {
  return html`<p class="panel-empty">There is nothing here yet for ${script.slug}.</p>`;
}
