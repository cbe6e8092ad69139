// @ts-check
/** The indexes: use, size and bloat. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { Time } from "../lib/parts.js";
import { count, size } from "../lib/format.js";
import { Heading, sorted } from "../lib/sorting.js";
import { Table } from "../lib/table.js";
import { untrusted } from "../lib/untrusted-text.js";

export const INDEX = gql(`fragment IndexFields on DatabaseIndex {
  name table sizeBytes scans isUnused isValid bloatBytes definition
}`);

/** @typedef {import("../types/documents").IndexFields} Index */

/**
 * @param {{ indexes: Index[] | undefined, since: string | null | undefined, sort: string,
 *   change: (sort: string) => void }} props
 */
export function Indexes({ indexes, since, sort, change }) {
  const head = (/** @type {string} */ field, /** @type {string} */ label) =>
    html`<${Heading} field=${field} sort=${sort} change=${change}>${label}<//>`;
  const heads = [
    head("name", "Index"),
    head("table", "Table"),
    head("sizeBytes", "Size"),
    head("bloatBytes", "Bloat"),
    head("scans", "Scans"),
    "State",
  ];
  return html`<section class="card" aria-label="Indexes">
    <div class="part">
      <h2>Indexes</h2>
      <p>
        Scans are counted since the${" "}
        ${since ? html`last statistics reset (<${Time} iso=${since} />)` : "creation of the database"}.
        Bloat is an estimate; about a third is normal for keys in random order.
      </p>
    </div>
    <${Table}
      label="Indexes"
      heads=${heads}
      widths=${["", "10rem", "6.5rem", "6.5rem", "6.5rem", "7rem"]}
      rows=${indexes && sorted(indexes, sort)}
      row=${(/** @type {Index} */ index) =>
        html`<tr key=${index.name}>
          <td>
            <details>
              <summary><b>${untrusted(index.name)}</b></summary>
              <code>${untrusted(index.definition ?? "Not available: the table is locked.")}</code>
            </details>
          </td>
          <td data-label="Table">${untrusted(index.table)}</td>
          <td class="number" data-label="Size">${size(index.sizeBytes)}</td>
          <td class="number" data-label="Bloat">
            ${index.bloatBytes === null ? "–" : size(index.bloatBytes)}
          </td>
          <td class="number" data-label="Scans">${count(index.scans)}</td>
          <td data-label="State"><${State} index=${index} /></td>
        </tr>`}
    />
  </section>`;
}

/** @param {{ index: Index }} props */
function State({ index }) {
  if (!index.isValid) return html`<span class="badge bad">Invalid: rebuild</span>`;
  return index.isUnused ? html`<span class="badge">Unused</span>` : "In use";
}
