// @ts-check
/** The system page: live metrics, and charts of the last hour, day or week. */
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { clock } from "../lib/format.js";
import { useQuery, useRefresh } from "../lib/load.js";
import { Failure, Top } from "../lib/parts.js";
import { useParameters } from "../lib/router.js";
import { Charts } from "./charts.js";
import { Instances } from "./instances.js";
import { extended, SAMPLE } from "./lines.js";
import { useStats } from "./live.js";
import { Scripts } from "./scripts.js";
import { Slowest, TIMING } from "./slowest.js";
import { Summary } from "./summary.js";

/** @typedef {import("../types/documents").SystemSampleFields} SystemSample */
/** @typedef {import("../types/schema").StatsPeriod} StatsPeriod */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const PERIODS = {
  hour: {
    name: /** @type {StatsPeriod} */ ("HOUR"),
    words: "Hour",
    label: "the last hour",
    lasts: HOUR_MS,
    step: 10 * SECOND_MS,
  },
  day: {
    name: /** @type {StatsPeriod} */ ("DAY"),
    words: "Day",
    label: "the last day",
    lasts: 24 * HOUR_MS,
    step: 5 * MINUTE_MS,
  },
  week: {
    name: /** @type {StatsPeriod} */ ("WEEK"),
    words: "Week",
    label: "the last week",
    lasts: 168 * HOUR_MS,
    step: HOUR_MS,
  },
};
/** Metrics arrive every two seconds; they are stale after this time. */
const STALE_AFTER_MS = 10 * SECOND_MS;
const RELOAD_EVERY_MS = 5 * MINUTE_MS;

const HISTORY = gql(
  `query StatsHistory($period: StatsPeriod!) {
    systemStats {
      history(period: $period) { ...SystemSampleFields }
      operations(period: $period) { ...TimingFields }
      statements(period: $period) { ...TimingFields }
    }
  }`,
  SAMPLE,
  TIMING,
);

export function SystemPage() {
  const [{ period: asked }, setState] = useParameters({ period: "hour" });
  const period = asked in PERIODS ? /** @type {keyof typeof PERIODS} */ (asked) : "hour";
  const { stats, at, error } = useStats();
  const past = useQuery(HISTORY, { period: PERIODS[period].name });
  const now = useClock();
  useRefresh(past.reload, RELOAD_EVERY_MS);
  const samples = useSamples(past.data?.systemStats.history, stats?.latest, period, now);
  const { label, lasts, step } = PERIODS[period];
  const isStale = stats && !error && now - at.getTime() > STALE_AFTER_MS;
  return html`<${Top} title="System" text="Metrics of all instances together." />
    ${error && html`<${Failure} error=${error} retry=${() => location.reload()} />`}
    ${isStale && html`<div class="notice" role="status">No new data since ${clock(at)}.</div>`}
    <${Summary} stats=${stats} />
    <div class="system">
      <${Instances} instances=${stats?.instances} />
      <div class="periods on-brand">
        <h2>History</h2>
        <div class="segments" role="group" aria-label="Period">
          ${Object.entries(PERIODS).map(
            ([name, { words }]) =>
              html`<button
                aria-pressed=${String(name === period)}
                onClick=${() => setState({ period: name })}
              >
                ${words}
              </button>`,
          )}
        </div>
      </div>
      ${past.error && html`<${Failure} error=${past.error} retry=${past.reload} />`}
      <${Charts} samples=${samples} span=${{ label, from: now - lasts, to: now, step }} />
      <${Scripts} period=${PERIODS[period]} />
      <${Slowest}
        title="Slowest operations"
        none="No operation ran in ${label}."
        timings=${past.data?.systemStats.operations}
      />
      <${Slowest}
        title="Slowest statements"
        none="No statement ran in ${label}."
        timings=${past.data?.systemStats.statements}
      />
    </div>`;
}

/** The current time, so that charts move when no metrics arrive. */
function useClock() {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 2 * SECOND_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/**
 * The loaded samples and those received since.
 * @param {SystemSample[] | undefined} loaded
 * @param {SystemSample | null | undefined} latest
 * @param {keyof typeof PERIODS} period
 * @param {number} now
 * @returns {SystemSample[]}
 */
function useSamples(loaded, latest, period, now) {
  const kept = useRef({ loaded, samples: /** @type {SystemSample[]} */ ([]) });
  if (kept.current.loaded !== loaded) kept.current = { loaded, samples: loaded ?? [] };
  // A sample of ten seconds says little about an hour: the longer charts wait for their own.
  const next = period === "hour" ? latest : null;
  kept.current.samples = extended(kept.current.samples, next, now - PERIODS[period].lasts);
  return kept.current.samples;
}
