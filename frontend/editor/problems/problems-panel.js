// @ts-check
/** The panel Problems. */
import { html } from "htm/preact";

/** @param {import("../panels.js").PanelProps} props */
export function ProblemsPanel({ script }) {
  return html`<p class="panel-empty">There is nothing here yet for ${script.slug}.</p>`;
}
