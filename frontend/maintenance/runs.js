// @ts-check
/** The runs of tasks, newest first. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { Failure, PageTurner, Time } from "../lib/parts.js";
import { Table } from "../lib/table.js";
import { instant } from "../lib/format.js";
import { untrusted, untrustedLines } from "../lib/untrusted-text.js";

export const TASK_RUN = gql(`fragment TaskRunFields on TaskRun {
  id task state dueAt startedAt endedAt startedBy instance result lines
}`);

/** @typedef {import("../types/documents").TaskRunFields} TaskRun */
/** @typedef {import("../types/documents").TaskRunsData} TaskRunsData */
/** @typedef {{ task: string, after: string }} State */

/** @type {Record<TaskRun["state"], string>} */
export const RUN_STATES = {
  RUNNING: "Running",
  SUCCEEDED: "Succeeded",
  FAILED: "Failed",
  STOPPED: "Stopped",
  INTERRUPTED: "Interrupted",
};

/**
 * @param {{ list: import("../lib/load.js").Query<TaskRunsData>, state: State,
 *   setState: import("../lib/router.js").SetParameters<State>,
 *   tasks: { name: string, title: string }[] | undefined, stop: (id: string) => void }} props
 */
export function Runs({ list, tasks, state, setState, stop }) {
  const page = list.data?.taskRuns;
  return html`<section class="card" aria-label="Runs">
    <div class="bar">
      <h2>Runs</h2>
      <label class="end">
        <span class="visually-hidden">Task</span>
        <select
          value=${state.task}
          onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
            setState({ task: target.value, after: "" })}
        >
          <option value="">All tasks</option>
          ${(tasks ?? []).map(
            (task) =>
              html`<option value=${task.name} selected=${task.name === state.task}>
                ${task.title}
              </option>`,
          )}
        </select>
      </label>
    </div>
    ${list.error && html`<${Failure} error=${list.error} retry=${list.reload} />`}
    ${
      page?.nodes.length === 0
        ? html`<div class="empty">
            <b>No runs yet</b
            ><span>Tasks run on their schedule, or when you select “Run now”.</span>
          </div>`
        : html`<${Table}
            label="Runs"
            heads=${["Started", "Task", "State", "Result", "Details"]}
            rows=${page?.nodes}
            row=${(/** @type {TaskRun} */ run) =>
              html`<${Row} key=${run.id} run=${run} stop=${stop} />`}
            isBusy=${list.loading}
            hasFailed=${Boolean(list.error)}
          />`
    }
    <div class="pager">
      <span>${state.task ? `Only ${state.task}` : "All tasks"}</span>
      <${PageTurner}
        page=${page}
        after=${state.after}
        isStale=${list.isStale}
        turn=${(/** @type {string} */ after) => setState({ after })}
      />
    </div>
  </section>`;
}

/** @param {{ run: TaskRun, stop: (id: string) => void }} props */
function Row({ run, stop }) {
  const isRunning = run.state === "RUNNING";
  return html`<tr>
    <td class="when"><${Time} iso=${run.startedAt} /></td>
    <td>${run.task}</td>
    <td><span class="badge ${run.state.toLowerCase()}">${RUN_STATES[run.state]}</span></td>
    <td class="result">${untrusted(run.result ?? run.lines[run.lines.length - 1] ?? "running")}</td>
    <td>
      ${
        isRunning &&
        html`<button class="btn small" onClick=${() => stop(run.id)}>
          Stop<span class="visually-hidden"> run ${run.id}</span>
        </button>`
      }
      <details class="run">
        <summary>Details<span class="visually-hidden"> of run ${run.id}</span></summary>
        <p>
          Run ${run.id}, started by ${untrusted(run.startedBy)} on ${untrusted(run.instance)},${" "}
          ${instant(run.startedAt)}
          ${run.dueAt && html`, due ${instant(run.dueAt)}`}${run.endedAt && html`, ended ${instant(run.endedAt)}`}.
        </p>
        ${run.lines.length > 0 && html`<pre tabindex="0" aria-label="Lines of run ${run.id}">${untrustedLines(run.lines.join("\n"))}</pre>`}
      </details>
    </td>
  </tr>`;
}
