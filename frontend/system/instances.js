// @ts-check
/** Who is up, since when, in which version. */
import { html } from "htm/preact";
import { Time } from "../lib/parts.js";
import { count } from "../lib/time.js";
import { bytes, duration, percent } from "./numbers.js";

/** @typedef {import("../types/schema").Instance} Instance */

/** @param {{ instances: Instance[] | undefined }} props */
export function Instances({ instances }) {
  return html`<section class="card" aria-label="Instances">
    <div class="bar"><h2>Instances</h2></div>
    ${instances?.length === 0 && html`<p class="empty">None has said yet that it is up.</p>`}
    <ul class="instances">
      ${instances?.map((instance) => html`<${Row} key=${instance.id} instance=${instance} />`)}
    </ul>
  </section>`;
}

/** @param {{ instance: Instance }} props */
const Row = ({ instance }) =>
  html`<li>
    <h3>
      ${instance.host}
      <span class="chip">version ${instance.version}</span>
      <${State} instance=${instance} />
    </h3>
    <p>
      Started <${Time} iso=${instance.startedAt} />
      ${!instance.isUp && html`, seen last <${Time} iso=${instance.lastSeenAt} />`}
    </p>
    <div class="scroll">
      <table aria-label="Workers of ${instance.host}">
        <thead>
          <tr>
            <th scope="col">Worker</th>
            <th scope="col">State</th>
            <th scope="col">Started</th>
            <th scope="col">Requests</th>
            <th scope="col">Failed</th>
            <th scope="col">Memory</th>
            <th scope="col">Processor</th>
            <th scope="col">Loop delay</th>
            <th scope="col">Pool</th>
          </tr>
        </thead>
        <tbody>
          ${instance.workers.map(
            (worker) =>
              html`<tr key=${worker.pid}>
                <td data-label="Worker"><code>${worker.pid}</code></td>
                <td data-label="State">
                  <span class="badge ${worker.isUp ? "" : "bad"}"
                    >${worker.isUp ? "up" : "lost"}</span
                  >
                </td>
                <td data-label="Started"><${Time} iso=${worker.startedAt} /></td>
                <td class="number" data-label="Requests">${count(worker.requests)}</td>
                <td class="number" data-label="Failed">${count(worker.errors)}</td>
                <td class="number" data-label="Memory">${bytes(worker.memoryBytes)}</td>
                <td class="number" data-label="Processor">${percent(worker.cpuPercent)}</td>
                <td class="number" data-label="Loop delay">${duration(worker.loopLagMs)}</td>
                <td class="number" data-label="Pool">
                  ${worker.poolInUse} of ${worker.poolMaximum}
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </li>`;

/** @param {{ instance: Instance }} props */
function State({ instance }) {
  const { workersUp, workersConfigured } = instance;
  if (!instance.isUp) return html`<span class="badge bad">down</span>`;
  const words = `${workersUp} of ${workersConfigured} ${workersConfigured === 1 ? "worker" : "workers"} up`;
  return html`<span class="badge ${workersUp < workersConfigured ? "bad" : ""}">${words}</span>`;
}
