// @ts-check
/** The slowest statements. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { count, durationOfMs } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";

export const STATEMENTS = gql(`fragment StatementsFields on DatabaseStatements {
  source howToEnable slowest { statement calls meanMs longestMs }
}`);

/** @typedef {import("../types/documents").StatementsFields} SlowStatements */

/** @type {Record<SlowStatements["source"], string>} */
const SOURCES = {
  PG_STAT_STATEMENTS: "From pg_stat_statements, slowest average first.",
  OWN: "Measured by this worker since it started.",
  NONE: "No statement statistics are available.",
};

/** @param {{ statements: SlowStatements | undefined }} props */
export function Statements({ statements }) {
  return html`<section class="card part" aria-label="Slow statements">
    <h2>Slow statements</h2>
    ${
      statements
        ? html`<p>${SOURCES[statements.source]}</p>
            ${statements.howToEnable && html`<p class="notice">${statements.howToEnable}</p>`}
            <ul class="lines">
              ${statements.slowest.map(
                (one) =>
                  html`<li>
                    <code>${untrusted(one.statement)}</code>
                    <small class="number">
                      ${`average ${durationOfMs(one.meanMs)}, maximum ${durationOfMs(one.longestMs)}, `}
                      ${count(one.calls, "call")}
                    </small>
                  </li>`,
              )}
            </ul>`
        : html`<span class="skeleton"></span>`
    }
  </section>`;
}
