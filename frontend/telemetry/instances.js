// @ts-check
/** The instances and their workers. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { count, durationOfMs, nouns, percent, size } from "../lib/format.js";
import { Time } from "../lib/parts.js";
import { Table } from "../lib/table.js";
import { untrusted } from "../lib/untrusted-text.js";

/** @typedef {import("../types/documents").InstanceFields} Instance */

export const INSTANCE = gql(`fragment InstanceFields on Instance {
  id host version isUp startedAt lastSeenAt workersConfigured workersUp
  workers {
    pid isUp startedAt requests errors memoryBytes cpuPercent loopLagMs poolInUse poolMaximum
  }
}`);

const HEADS = [
  "Worker",
  "State",
  "Started",
  "Requests",
  "Errors",
  "Memory",
  "CPU",
  "Loop lag",
  "Pool",
];

/** @param {{ instances: Instance[] | undefined }} props */
export function Instances({ instances }) {
  return html`<section class="card" aria-label="Instances">
    <div class="bar"><h2>Instances</h2></div>
    ${instances?.length === 0 && html`<p class="empty">No instance has reported yet.</p>`}
    <ul class="instances">
      ${instances?.map((instance) => html`<${Row} key=${instance.id} instance=${instance} />`)}
    </ul>
  </section>`;
}

/** @param {{ instance: Instance }} props */
const Row = ({ instance }) =>
  html`<li>
    <h3>
      ${untrusted(instance.host)}
      <span class="chip">version ${untrusted(instance.version)}</span>
      <${State} instance=${instance} />
    </h3>
    <p>
      Started <${Time} iso=${instance.startedAt} />
      ${!instance.isUp && html`, last seen <${Time} iso=${instance.lastSeenAt} />`}
    </p>
    <${Table}
      label="Workers of ${instance.host}"
      heads=${HEADS}
      rows=${instance.workers}
      row=${(/** @type {Instance["workers"][number]} */ worker) =>
        html`<tr key=${worker.pid}>
          <td data-label="Worker"><code>${worker.pid}</code></td>
          <td data-label="State">
            <span class="badge ${worker.isUp ? "" : "bad"}">${worker.isUp ? "Up" : "Lost"}</span>
          </td>
          <td data-label="Started"><${Time} iso=${worker.startedAt} /></td>
          <td class="number" data-label="Requests">${count(worker.requests)}</td>
          <td class="number" data-label="Errors">${count(worker.errors)}</td>
          <td class="number" data-label="Memory">${size(worker.memoryBytes)}</td>
          <td class="number" data-label="CPU">${percent(worker.cpuPercent)}</td>
          <td class="number" data-label="Loop lag">${durationOfMs(worker.loopLagMs)}</td>
          <td class="number" data-label="Pool">${worker.poolInUse} of ${worker.poolMaximum}</td>
        </tr>`}
    />
  </li>`;

/** @param {{ instance: Instance }} props */
function State({ instance }) {
  const { workersUp, workersConfigured } = instance;
  if (!instance.isUp) return html`<span class="badge bad">Down</span>`;
  const words = `${workersUp} of ${workersConfigured} ${nouns(workersConfigured, "worker")} up`;
  return html`<span class="badge ${workersUp < workersConfigured ? "bad" : ""}">${words}</span>`;
}
