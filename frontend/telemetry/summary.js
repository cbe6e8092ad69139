// @ts-check
/** The state of the engine in a few numbers. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { count, durationOfMs, nouns, perSecond, share, size } from "../lib/format.js";
import { STATE_WORDS, useEngineState } from "../lib/state.js";

/** @typedef {import("../types/documents").SummaryFields} SystemStats */

export const SUMMARY = gql(`fragment SummaryFields on SystemStats {
  requests { count errors p95Ms }
  database { sizeBytes connections maxConnections }
  disk { totalBytes freeBytes }
  instances { isUp workersUp workersConfigured }
  latest { requests errors requestsPerSecond }
}`);

/** @param {{ stats: SystemStats | null }} props */
export function Summary({ stats }) {
  const engine = useEngineState();
  const latest = stats?.latest;
  const up = stats?.instances.filter((one) => one.isUp);
  const workers = up?.reduce((sum, one) => sum + one.workersUp, 0);
  const wanted = up?.reduce((sum, one) => sum + one.workersConfigured, 0);
  const disk = stats?.disk;
  const failing = engine.checks.map((check) => check.title).join(", ");
  return html`<section class="summary" aria-label="Summary">
    <${Figure}
      label="Health"
      value=${STATE_WORDS[engine.state]}
      bad=${engine.state === "down" || engine.state === "degraded"}
      note=${failing || (stats ? `${workers} of ${wanted} ${nouns(wanted, "worker")} up` : " ")}
    />
    <${Figure}
      label="Requests"
      value=${perSecond(latest?.requestsPerSecond)}
      note=${stats ? `${count(stats.requests.count)} since start` : " "}
    />
    <${Figure}
      label="Error rate"
      value=${latest ? share(latest.errors, latest.requests) : "–"}
      bad=${Boolean(latest?.errors)}
      note=${stats ? `${count(stats.requests.errors)} since start` : " "}
    />
    <${Figure}
      label="Latency (p95)"
      value=${durationOfMs(stats?.requests.p95Ms)}
      note="last 15 minutes"
    />
    <${Figure}
      label="Database"
      value=${size(stats?.database.sizeBytes)}
      note=${
        stats
          ? `${count(stats.database.connections)} of ${count(stats.database.maxConnections, "connection")}`
          : " "
      }
    />
    <${Figure}
      label="Disk free"
      value=${size(disk?.freeBytes)}
      bad=${Boolean(disk && disk.freeBytes < disk.totalBytes / 10)}
      note=${disk ? `${share(disk.freeBytes, disk.totalBytes)} of ${size(disk.totalBytes)}` : " "}
    />
  </section>`;
}

/** @param {{ label: string, value: string, note: string, bad?: boolean }} props */
const Figure = ({ label, value, note, bad = false }) =>
  html`<div class="card figure" data-bad=${String(bad)}>
    <h2>${label}</h2>
    <b class="number">${value}</b>
    <small>${note}</small>
  </div>`;
