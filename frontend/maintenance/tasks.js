// @ts-check
/** The scheduled tasks. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { Due, Time } from "../lib/parts.js";
import { Table } from "../lib/table.js";
import { RUN_STATES } from "./runs.js";

export const TASK = gql(`fragment TaskFields on ScheduledTask {
  name title description schedule timeZone nextRunAt isRunning lastRun { id state startedAt }
}`);

/** @typedef {import("../types/documents").TaskFields} ScheduledTask */
/** @typedef {{ run: (name: string) => void, stop: (runId: string) => void }} Actions */

/** @param {Actions & { tasks: ScheduledTask[] | undefined }} props */
export function Tasks({ tasks, run, stop }) {
  return html`<section class="card" aria-label="Scheduled tasks">
    <div class="bar">
      <h2>Scheduled tasks</h2>
      ${tasks && tasks.length > 0 && html`<span class="zone">Times in ${tasks[0].timeZone}</span>`}
    </div>
    <${Table}
      label="Scheduled tasks"
      heads=${["Task", "Schedule", "Next run", "Last run", "Actions"]}
      rows=${tasks}
      row=${(/** @type {ScheduledTask} */ task) =>
        html`<${Row} key=${task.name} task=${task} run=${run} stop=${stop} />`}
    />
  </section>`;
}

/** @param {Actions & { task: ScheduledTask }} props */
function Row({ task, run, stop }) {
  const last = task.lastRun;
  return html`<tr>
    <td>
      <b>${task.title}</b> <code>${task.name}</code>
      <div class="email">${task.description}</div>
    </td>
    <td><code>${task.schedule}</code></td>
    <td class="when">
      <span class="said-once">Next run: </span><${Due} iso=${task.nextRunAt} none="manual only" />
    </td>
    <td class="when">
      <span class="said-once">Last run: </span>
      ${
        last
          ? html`<span class="badge ${last.state.toLowerCase()}"
                >${RUN_STATES[/** @type {keyof typeof RUN_STATES} */ (last.state)]}</span
              >${" "} <${Time} iso=${last.startedAt} />`
          : "never"
      }
    </td>
    <td>
      <div class="actions">
        ${
          task.isRunning && last
            ? html`<button class="btn small" onClick=${() => stop(last.id)}>
                Stop<span class="visually-hidden"> ${task.name}</span>
              </button>`
            : html`<button class="btn small" onClick=${() => run(task.name)}>
                Run now<span class="visually-hidden"> ${task.name}</span>
              </button>`
        }
      </div>
    </td>
  </tr>`;
}
