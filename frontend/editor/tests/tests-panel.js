// @ts-check
/** The panel Tests. */
import { html } from "htm/preact";

/** @param {import("../panels.js").PanelProps} props */
export function TestsPanel({ script }) {
  return html`<p class="panel-empty">There is nothing here yet for ${script.slug}.</p>`;
}
