// @ts-check
/** The panel Data: values, tables and files that the script keeps. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Files } from "./files.js";
import { Tables } from "./tables.js";
import { Values } from "./values.js";

const PARTS = [
  { id: "values", label: "Values", component: Values },
  { id: "tables", label: "Tables", component: Tables },
  { id: "files", label: "Files", component: Files },
];

/** @param {import("../panels.js").PanelProps} props */
export function DataPanel({ script }) {
  const [open, setOpen] = useState("values");
  const { component: Part } = PARTS.find(({ id }) => id === open) ?? PARTS[0];
  return html`<div class="data setting">
    <div class="segments" role="group" aria-label="Kind of data">
      ${PARTS.map(
        ({ id, label }) =>
          html`<button key=${id} aria-pressed=${String(id === open)} onClick=${() => setOpen(id)}>
            ${label}
          </button>`,
      )}
    </div>
    <${Part} key=${open} slug=${script.slug} activeVersion=${script.activeVersion ?? null} />
  </div>`;
}
