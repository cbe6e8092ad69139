// @ts-check
/** The schedules of a script: when they run next, how they ran, and running one now. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { duration } from "../../lib/format.js";
import { ask } from "../../lib/gql.js";
import { useQuery, useRefresh } from "../../lib/load.js";
import { Due, say, sayRefused, Time } from "../../lib/parts.js";
import { oneLine, untrusted } from "../../lib/untrusted-text.js";
import { dotted, Items, Turner, usePages } from "./parts.js";

/** @typedef {import("../../types/documents").ScriptSchedulesData["scriptSchedules"]["nodes"][number]} Schedule */
/** @typedef {import("../../types/documents").ScriptScheduleRunsData["scriptScheduleRuns"]["nodes"][number]} Run */
/** @typedef {import("../../types/schema").ScriptScheduleState} ScheduleState */
/** @typedef {import("../../types/schema").ScriptRunState} RunState */

/** Nothing reports the end of a run. */
const RELOAD_EVERY_MS = 5_000;

const SCHEDULES = gql(`query ScriptSchedules($slug: String!, $after: String) {
  scriptSchedules(slug: $slug, first: 20, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      name plan timeZone isDeclared state nextRunAt attempt retries
      lastRun { state startedAt problem }
    }
  }
}`);
const RUNS = gql(`query ScriptScheduleRuns($slug: String!, $name: String!) {
  scriptScheduleRuns(slug: $slug, name: $name, first: 10) {
    nodes { id version attempt state startedBy startedAt endedAt requestId problem }
  }
}`);
const RUN = gql(`mutation RunScriptSchedule($input: RunScriptScheduleInput!) {
  runScriptSchedule(input: $input) { schedule { name } }
}`);

/** @type {Record<ScheduleState, string>} */
const STATES = {
  WAITING: "Waiting",
  DUE: "Due",
  RUNNING: "Running",
  RETRYING: "Retrying",
  PAUSED: "Paused",
};
/** @type {Record<RunState, [string, string]>} */
const OUTCOMES = {
  RUNNING: ["Running", ""],
  SUCCEEDED: ["Succeeded", "good"],
  FAILED: ["Failed", "bad"],
  INTERRUPTED: ["Interrupted", "bad"],
};

/** @param {import("./parts.js").SettingProps} props */
export function Schedules({ slug }) {
  const pages = usePages();
  const list = useQuery(SCHEDULES, { slug, after: pages.after });
  useRefresh(list.reload, RELOAD_EVERY_MS);
  const page = list.data?.scriptSchedules;
  const run = async (/** @type {string} */ name) => {
    try {
      await ask(RUN, { input: { slug, name } });
      say(html`${untrusted(name)} starts as soon as a process is free.`);
      await list.reload();
    } catch (refused) {
      sayRefused(refused);
    }
  };
  return html`<${Items}
      label="Schedules"
      items=${page?.nodes}
      none="No schedules. A version declares them with export const schedules."
      query=${list}
    >
      ${(/** @type {Schedule} */ one) => html`<${Line} key=${one.name} slug=${slug} schedule=${one} run=${run} />`}
    <//>
    <${Turner} of="schedules" pages=${pages} page=${page} isStale=${list.isStale} />`;
}

/** @param {{ slug: string, schedule: Schedule, run: (name: string) => Promise<void> }} props */
function Line({ slug, schedule, run }) {
  const [isOpen, setOpen] = useState(false);
  const { name, plan, timeZone, isDeclared, state, nextRunAt, attempt, retries, lastRun } =
    schedule;
  const isPaused = state === "PAUSED";
  return html`<li>
    <span class="about">
      <b>${oneLine(name)}</b>
      <small>
        ${dotted(
          html`<code>${untrusted(plan)}</code>${timeZone && html` in ${untrusted(timeZone)}`}`,
          !isDeclared && "set by a handler",
        )}
      </small>
      <small>
        ${dotted(
          isPaused
            ? "paused: the script is suspended or has no active version"
            : state === "RUNNING"
              ? "running now"
              : html`next run: <${Due} iso=${nextRunAt} />`,
          state === "RETRYING" && `attempt ${attempt} of ${retries + 1}`,
        )}
      </small>
      ${
        lastRun &&
        html`<small>
          last <${Time} iso=${lastRun.startedAt} />: <${Outcome} state=${lastRun.state} />${" "}
          ${lastRun.problem && untrusted(lastRun.problem)}
        </small>`
      }
    </span>
    <span class="badge">${STATES[state]}</span>
    <span class="does">
      <button
        class="btn small"
        aria-label=${`Run now: ${name}`}
        disabled=${isPaused || state === "RUNNING"}
        onClick=${() => run(name)}
      >
        Run now
      </button>
      <button
        class="btn small"
        aria-label=${`Runs of ${name}`}
        aria-expanded=${String(isOpen)}
        onClick=${() => setOpen(!isOpen)}
      >
        Runs
      </button>
    </span>
    ${isOpen && html`<${Runs} slug=${slug} name=${name} />`}
  </li>`;
}

/** @param {{ slug: string, name: string }} props */
function Runs({ slug, name }) {
  const list = useQuery(RUNS, { slug, name });
  useRefresh(list.reload, RELOAD_EVERY_MS);
  return html`<div class="more">
    <${Items}
      label=${`Runs of ${name}`}
      items=${list.data?.scriptScheduleRuns.nodes}
      none="It has not run yet."
      query=${list}
    >
      ${(/** @type {Run} */ one) =>
        html`<li key=${one.id}>
          <span class="about">
            <span><${Outcome} state=${one.state} /> <${Time} iso=${one.startedAt} /></span>
            <small>
              ${dotted(
                one.endedAt && `took ${took(one.startedAt, one.endedAt)}`,
                one.version !== null && `version ${one.version}`,
                `attempt ${one.attempt}`,
                html`by ${untrusted(one.startedBy)}`,
                html`request <code>${untrusted(one.requestId)}</code>`,
              )}
            </small>
            ${one.problem && html`<small class="bad">${untrusted(one.problem)}</small>`}
          </span>
        </li>`}
    <//>
  </div>`;
}

/** @param {string} began @param {string} ended */
const took = (began, ended) => duration((Date.parse(ended) - Date.parse(began)) / 1_000);

/** @param {{ state: RunState }} props */
function Outcome({ state }) {
  const [words, look] = OUTCOMES[state];
  return html`<span class="badge ${look}">${words}</span>`;
}
