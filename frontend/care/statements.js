// @ts-check
/** The slowest statements. */
import { html } from "htm/preact";
import { count } from "../lib/time.js";
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
                      ${one.meanMs.toFixed(1)} ms on average, ${one.longestMs.toFixed(1)} ms at
                      most, ${" "}${count(one.calls)} times
                    </small>
                  </li>`,
              )}
            </ul>`
        : html`<span class="skeleton"></span>`
    }
  </section>`;
}
