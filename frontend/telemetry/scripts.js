// @ts-check
/** The busiest scripts. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { count, durationOfMs, size } from "../lib/format.js";
import { useQuery, useRefresh } from "../lib/load.js";
import { Failure } from "../lib/parts.js";
import { Table } from "../lib/table.js";
import { untrusted } from "../lib/untrusted-text.js";

/** @typedef {import("../types/documents").ScriptStatsFields} ScriptStats */
/** @typedef {import("../types/schema").StatsPeriod} StatsPeriod */

/** Workers report the requests of scripts every ten seconds. */
const RELOAD_EVERY_MS = 10_000;

const SCRIPT = gql(
  "fragment ScriptStatsFields on ScriptStats { slug requests errors p95Ms processes memoryBytes waiting }",
);
const SCRIPTS = gql(
  `query ScriptStats($period: StatsPeriod!) {
    scriptStats(period: $period) { ...ScriptStatsFields }
  }`,
  SCRIPT,
);

const HEADS = ["Script", "Requests", "Errors", "p95", "Processes", "Memory", "Waiting"];

/** @param {{ period: { name: StatsPeriod, label: string } }} props */
export function Scripts({ period }) {
  const { data, error, reload } = useQuery(SCRIPTS, { period: period.name });
  useRefresh(reload, RELOAD_EVERY_MS);
  const scripts = data?.scriptStats;
  return html`<section class="card" aria-label="Scripts">
    <div class="bar"><h2>Scripts</h2></div>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${
      scripts?.length === 0
        ? html`<p class="empty">No script answered a request in ${period.label}.</p>`
        : html`<${Table}
            label="Scripts"
            look="scripts"
            heads=${HEADS}
            rows=${scripts}
            row=${(/** @type {ScriptStats} */ one) =>
              html`<tr key=${one.slug}>
                <td data-label="Script"><code>${untrusted(one.slug)}</code></td>
                <td class="number" data-label="Requests">${count(one.requests)}</td>
                <td class="number" data-label="Errors">${count(one.errors)}</td>
                <td class="number" data-label="p95">
                  ${one.p95Ms === null ? "–" : durationOfMs(one.p95Ms)}
                </td>
                <td class="number" data-label="Processes">${count(one.processes)}</td>
                <td class="number" data-label="Memory">${size(one.memoryBytes)}</td>
                <td class="number" data-label="Waiting">${count(one.waiting)}</td>
              </tr>`}
          />`
    }
  </section>`;
}
