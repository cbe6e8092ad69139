// @ts-check
/** The slowest statements. */
import { html } from "htm/preact";
import { count, durationOfMs } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";

/** @type {Record<string, string>} */
const SOURCES = {
  PG_STAT_STATEMENTS: "Counted by PostgreSQL, slowest on average first.",
  OWN: "Counted by the process that answers, since it started.",
  NONE: "Nobody counts statements.",
};

/** @param {{ statements: any }} props */
export function Statements({ statements }) {
  return html`<section class="card part" aria-label="Slow statements">
    <h2>Slow statements</h2>
    ${
      statements
        ? html`<p>${SOURCES[statements.source]}</p>
            ${statements.howToEnable && html`<p class="notice">${statements.howToEnable}</p>`}
            <ul class="lines">
              ${statements.slowest.map(
                (/** @type {any} */ one) =>
                  html`<li>
                    <code>${untrusted(one.statement)}</code>
                    <small class="number">
                      ${durationOfMs(one.meanMs)} on average, ${durationOfMs(one.longestMs)} at
                      most,${" "} ${count(one.calls, "call")}
                    </small>
                  </li>`,
              )}
            </ul>`
        : html`<span class="skeleton"></span>`
    }
  </section>`;
}
