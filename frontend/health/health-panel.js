// @ts-check
/** Every health check: state, detail, since when, and what to do. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { count } from "../lib/format.js";
import { useQuery, useRefresh } from "../lib/load.js";
import { Failure, Time } from "../lib/parts.js";
import { STATE_WORDS, useEngineState } from "../lib/state.js";
import { untrusted } from "../lib/untrusted-text.js";

/** @typedef {import("../types/documents").HealthChecksData["healthChecks"][number]} HealthCheck */
/** @typedef {import("../types/schema").HealthState} HealthState */

const CHECKS = gql("query HealthChecks { healthChecks { name title state detail since remedy } }");
export const REFRESH_MS = 5_000;

/** @type {Record<HealthState, { word: string, badge: string, rank: number }>} */
export const STATES = {
  FAILING: { word: "Failing", badge: "bad", rank: 0 },
  WARNING: { word: "Warning", badge: "warning", rank: 1 },
  UNKNOWN: { word: "Unknown", badge: "", rank: 2 },
  OK: { word: "OK", badge: "ok", rank: 3 },
};

export function HealthPanel() {
  const { data, error, reload } = useQuery(CHECKS, {});
  useRefresh(reload, REFRESH_MS);
  const engine = useEngineState();
  const checks = data?.healthChecks;
  return html`<section class="card health" aria-labelledby="health-title">
    <div class="bar">
      <h2 id="health-title">Checks</h2>
      <p role="status">
        <b key=${engine.state}>${STATE_WORDS[engine.state]}</b>${" "}
        <span>${checks && summaryNow(checks, engine.state)}</span>
      </p>
    </div>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    <ul class="checks">
      ${
        checks
          ? ranked(checks).map((check) => html`<${Check} key=${check.name} check=${check} />`)
          : !error && html`<li><span class="skeleton"></span></li>`
      }
    </ul>
  </section>`;
}

/** @param {{ check: HealthCheck }} props */
function Check({ check }) {
  return html`<li data-check=${check.name}>
    <${StateBadge} state=${check.state} />
    <div>
      <b>${check.title}</b>
      <span class="seen">${untrusted(check.detail)}</span>
      ${check.remedy && html`<span class="remedy">${untrusted(check.remedy)}</span>`}
    </div>
    <span class="when">changed <${Time} iso=${check.since} /></span>
  </li>`;
}

/** @param {{ state: HealthState }} props */
export const StateBadge = ({ state }) =>
  html`<span class="badge ${STATES[state].badge}">${STATES[state].word}</span>`;

/** The worst first; checks of the same state keep their order. @param {HealthCheck[]} checks */
const ranked = (checks) =>
  checks.toSorted((one, other) => STATES[one.state].rank - STATES[other.state].rank);

/**
 * Of an engine that is down the checks are from before.
 * @param {HealthCheck[]} checks @param {string} state
 */
function summaryNow(checks, state) {
  return state === "down" ? `Last seen: ${summary(checks)}` : summary(checks);
}

/** @param {HealthCheck[]} checks */
function summary(checks) {
  const number = (/** @type {HealthState} */ state) =>
    checks.filter((check) => check.state === state).length;
  const [failing, warning] = [number("FAILING"), number("WARNING")];
  const unknown = number("UNKNOWN");
  const parts = [
    failing && `${failing} failing`,
    warning && count(warning, "warning"),
    unknown && `${unknown} unknown`,
  ].filter(Boolean);
  const all = count(checks.length, "check");
  return parts.length > 0 ? `${all}: ${parts.join(", ")}` : `${all}: all OK`;
}
