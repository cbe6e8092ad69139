// @ts-check
/** The slowest operations or statements. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { count, durationOfMs } from "../lib/format.js";
import { Table } from "../lib/table.js";
import { untrusted } from "../lib/untrusted-text.js";

/** @typedef {import("../types/documents").TimingFields} TimingStats */

export const TIMING = gql(
  "fragment TimingFields on TimingStats { name count errors averageMs p95Ms }",
);

/** @param {{ title: string, none: string, timings: TimingStats[] | undefined }} props */
export const Slowest = ({ title, none, timings }) =>
  html`<section class="card" aria-label=${title}>
    <div class="bar"><h2>${title}</h2></div>
    ${
      timings?.length === 0
        ? html`<p class="empty">${none}</p>`
        : html`<${Table}
            label=${title}
            look="slowest"
            heads=${["Name", "Average", "p95", "Calls", "Errors"]}
            rows=${timings}
            row=${(/** @type {TimingStats} */ one) =>
              html`<tr key=${one.name}>
                <td data-label="Name"><code>${untrusted(one.name)}</code></td>
                <td class="number" data-label="Average">${durationOfMs(one.averageMs)}</td>
                <td class="number" data-label="p95">${durationOfMs(one.p95Ms)}</td>
                <td class="number" data-label="Calls">${count(one.count)}</td>
                <td class="number" data-label="Errors">${count(one.errors)}</td>
              </tr>`}
          />`
    }
  </section>`;
