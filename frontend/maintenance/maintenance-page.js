// @ts-check
/** What has to be done again and again, what runs by the clock, and what came of it. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { ask } from "../lib/gql.js";
import { useQuery } from "../lib/load.js";
import { Ask, Failure, say, sayRefused, Top } from "../lib/parts.js";
import { useParameters } from "../lib/router.js";
import { Board } from "./board.js";
import { Runs } from "./runs.js";
import { Tasks } from "./tasks.js";

/** @typedef {import("../types/schema").MaintenanceItem} MaintenanceItem */
/** @typedef {import("../types/schema").TaskRun} TaskRun */

const DEFAULTS = { task: "", after: "" };
const RUN_FIELDS = "id task state dueAt startedAt endedAt startedBy instance result lines";
const OVERVIEW = `{
  maintenance {
    ok due overdue attention notYet unknown
    items {
      name title frequency state saw doneAt doneBy note dueAt canBeTicked
      action { task page command }
    }
  }
  scheduledTasks {
    name title description schedule timeZone nextRunAt isRunning lastRun { id state startedAt }
  }
}`;
const RUNS = `query ($task: String, $after: String) {
  taskRuns(first: 25, task: $task, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { ${RUN_FIELDS} }
  }
}`;
const RUN =
  "mutation ($input: RunMaintenanceTaskInput!) { runMaintenanceTask(input: $input) { run { id } } }";
const STOP =
  "mutation ($input: StopMaintenanceTaskInput!) { stopMaintenanceTask(input: $input) { run { id } } }";
const TICK =
  "mutation ($input: TickMaintenanceItemInput!) { tickMaintenanceItem(input: $input) { item { name } } }";

// Runs write down every second what they do; a person can't read faster.
const WATCH_EVERY_MS = 2_000;

export function MaintenancePage() {
  const [state, setState] = useParameters(DEFAULTS);
  const overview = useQuery(OVERVIEW, {});
  const runs = useQuery(RUNS, { task: state.task || null, after: state.after || null });
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const reload = () => {
    overview.reload();
    runs.reload();
  };
  const tasks = overview.data?.scheduledTasks;
  const atWork = Boolean(tasks?.some((/** @type {any} */ task) => task.isRunning));
  useEffect(() => {
    if (!atWork) return;
    const timer = setInterval(reload, WATCH_EVERY_MS);
    return () => clearInterval(timer);
  }, [atWork, overview.reload, runs.reload]);

  const does = async (/** @type {string} */ mutation, /** @type {object} */ input, told = "") => {
    try {
      await ask(mutation, { input });
      say(told);
    } catch (/** @type {any} */ error) {
      sayRefused(error);
    }
    reload();
  };
  const run = (/** @type {string} */ name) => does(RUN, { name }, `${name} has started.`);
  const stop = (/** @type {string} */ runId) => does(STOP, { runId }, "Stop requested.");
  const tick = (/** @type {MaintenanceItem} */ item) =>
    setAsked({
      title: `${item.title}: done?`,
      text: "It is due again after its period. The note is kept in the audit trail.",
      verb: "Mark done",
      fields: html`<label class="field"
        >Note <small>may be left out</small><input name="note" maxlength="500" autocomplete="off"
      /></label>`,
      run: async (/** @type {FormData} */ form) => {
        await ask(TICK, { input: { name: item.name, note: form.get("note") || null } });
        say(`${item.title}: marked as done.`);
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
