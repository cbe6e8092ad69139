// @ts-check
/** The tables. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { Ask, Time } from "../lib/parts.js";
import { count, size } from "../lib/format.js";
import { Heading, sorted } from "../lib/sorting.js";
import { Table } from "../lib/table.js";
import { oneLine, untrusted } from "../lib/untrusted-text.js";
import { vacuum } from "./vacuum.js";

export const TABLE = gql(`fragment TableFields on DatabaseTable {
  name estimatedRows sizeBytes indexBytes deadRows
  lastVacuumAt lastAutovacuumAt lastAnalyzeAt lastAutoanalyzeAt
}`);

/** @typedef {import("../types/documents").TableFields} DatabaseTable */
/** @typedef {import("../lib/parts.js").Question} Question */

/**
 * @param {{ tables: DatabaseTable[] | undefined, sort: string, change: (sort: string) => void,
 *   isBusy: boolean, reload: () => void }} props
 */
export function Tables({ tables, sort, change, isBusy, reload }) {
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const begin = (/** @type {string} */ name) =>
    setAsked({
      title: html`Vacuum ${untrusted(name)}?`,
      text: "The database stays available.",
      verb: "Vacuum",
      run: () => vacuum([name], reload),
    });
  const head = (/** @type {string} */ field, /** @type {string} */ label) =>
    html`<${Heading} field=${field} sort=${sort} change=${change}>${label}<//>`;
  const heads = [
    head("name", "Table"),
    head("estimatedRows", "Rows"),
    head("sizeBytes", "Size"),
    head("indexBytes", "Indexes"),
    head("deadRows", "Dead rows"),
    "Vacuumed",
    "Analyzed",
    "Actions",
  ];
  return html`<section class="card" aria-label="Tables">
      <div class="part">
        <h2>Tables</h2>
        <p>Row counts are estimates. Dead rows use space until the next vacuum.</p>
      </div>
      <${Table}
        label="Tables"
        heads=${heads}
        widths=${["", "6rem", "6.5rem", "6.5rem", "6.5rem", "8rem", "8rem", "7.5rem"]}
        rows=${tables && sorted(tables, sort)}
        row=${(/** @type {DatabaseTable} */ table) =>
          html`<tr key=${table.name}>
            <td><b>${oneLine(table.name)}</b></td>
            <td class="number" data-label="Rows">${count(table.estimatedRows)}</td>
            <td class="number" data-label="Size">${size(table.sizeBytes)}</td>
            <td class="number" data-label="Indexes">${size(table.indexBytes)}</td>
            <td class="number" data-label="Dead rows">${count(table.deadRows)}</td>
            <td data-label="Vacuumed">
              <${Latest} byHand=${table.lastVacuumAt} auto=${table.lastAutovacuumAt} />
            </td>
            <td data-label="Analyzed">
              <${Latest} byHand=${table.lastAnalyzeAt} auto=${table.lastAutoanalyzeAt} />
            </td>
            <td>
              <button
                class="btn small"
                disabled=${isBusy}
                title=${isBusy ? "A vacuum is already running" : null}
                aria-label="Vacuum ${table.name}"
                onClick=${() => begin(table.name)}
              >
                Vacuum
              </button>
            </td>
          </tr>`}
      />
    </section>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}

/**
 * The later of two instants, and whether PostgreSQL did it automatically.
 * @param {{ byHand: string | null, auto: string | null }} props
 */
function Latest({ byHand, auto }) {
  const isAuto = (auto ?? "") > (byHand ?? "");
  return html`<${Time}
      iso=${isAuto ? auto : byHand}
    />${isAuto && html` <span class="chip">auto</span>`}`;
}
