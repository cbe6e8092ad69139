// @ts-check
/** The maintenance page: recurring maintenance, scheduled tasks and their runs. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { ask } from "../lib/gql.js";
import { useQuery } from "../lib/load.js";
import { Ask, Failure, say, sayRefused, Top } from "../lib/parts.js";
import { useParameters } from "../lib/router.js";
import { BOARD, Board } from "./board.js";
import { Runs, TASK_RUN } from "./runs.js";
import { TASK, Tasks } from "./tasks.js";

/** @typedef {import("./board.js").MaintenanceItem} MaintenanceItem */
/** @typedef {import("../lib/parts.js").Question} Question */

const DEFAULTS = { task: "", after: "" };
const OVERVIEW = gql(
  `query MaintenanceOverview {
    maintenance { ...BoardFields }
    scheduledTasks { ...TaskFields }
  }`,
  BOARD,
  TASK,
);
const RUNS = gql(
  `query TaskRuns($task: String, $after: String) {
    taskRuns(first: 25, task: $task, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { ...TaskRunFields }
    }
  }`,
  TASK_RUN,
);
const RUN = gql(`mutation RunMaintenanceTask($input: RunMaintenanceTaskInput!) {
  runMaintenanceTask(input: $input) { run { id } }
}`);
const STOP = gql(`mutation StopMaintenanceTask($input: StopMaintenanceTaskInput!) {
  stopMaintenanceTask(input: $input) { run { id } }
}`);
const MARK_DONE = gql(`mutation MarkDone($input: TickMaintenanceItemInput!) {
  tickMaintenanceItem(input: $input) { item { name } }
}`);

// Runs report their progress every second; faster than this nobody reads.
const WATCH_EVERY_MS = 2_000;

export function MaintenancePage() {
  const [state, setState] = useParameters(DEFAULTS);
  const overview = useQuery(OVERVIEW, {});
  const runs = useQuery(RUNS, { task: state.task || null, after: state.after || null });
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const reload = () => {
    overview.reload();
    runs.reload();
  };
  const tasks = overview.data?.scheduledTasks;
  const isRunning = Boolean(tasks?.some((task) => task.isRunning));
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(reload, WATCH_EVERY_MS);
    return () => clearInterval(timer);
  }, [isRunning, overview.reload, runs.reload]);

  const after = async (/** @type {Promise<unknown>} */ change, /** @type {string} */ text) => {
    try {
      await change;
      say(text);
    } catch (error) {
      sayRefused(error);
    }
    reload();
  };
  const run = (/** @type {string} */ name) =>
    after(ask(RUN, { input: { name } }), `${name} has started.`);
  const stop = (/** @type {string} */ runId) =>
    after(ask(STOP, { input: { runId } }), "Stop requested.");
  const tick = (/** @type {MaintenanceItem} */ item) =>
    setAsked({
      title: `Mark “${item.title}” done?`,
      text: "It is due again after one period. The note is recorded in the audit trail.",
      verb: "Mark done",
      fields: html`<label class="field"
        >Note <small>optional</small><input name="note" maxlength="500" autocomplete="off"
      /></label>`,
      run: async (/** @type {FormData} */ form) => {
        const note = String(form.get("note") ?? "") || null;
        await ask(MARK_DONE, { input: { name: item.name, note } });
        say(`“${item.title}” was marked done.`);
        overview.reload();
      },
    });

  return html`<${Top} title="Maintenance" text="Recurring maintenance and its status." />
    ${overview.error && html`<${Failure} error=${overview.error} retry=${reload} />`}
    <${Board} board=${overview.data?.maintenance} tasks=${tasks} run=${run} tick=${tick} />
    <${Tasks} tasks=${tasks} run=${run} stop=${stop} />
    <${Runs} list=${runs} tasks=${tasks} state=${state} setState=${setState} stop=${stop} />
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}
