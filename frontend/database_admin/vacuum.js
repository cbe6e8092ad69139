// @ts-check
/** The running vacuum, and the result of the last one. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { nouns } from "../lib/format.js";
import { ask } from "../lib/gql.js";
import { Ask, say, Time } from "../lib/parts.js";
import { untrusted } from "../lib/untrusted-text.js";

export const VACUUM_RUN = gql(`fragment VacuumRunFields on VacuumRun {
  id state startedAt startedBy endedAt tables tablesDone currentTable phase percent message
}`);
export const RUNNING_VACUUM = gql(
  "fragment RunningVacuumFields on VacuumProgress { table phase isAutomatic }",
);
const VACUUM = gql(`mutation VacuumDatabase($input: VacuumDatabaseInput!) {
  vacuumDatabase(input: $input) { run { id } }
}`);

/** @typedef {import("../types/documents").VacuumRunFields} VacuumRun */
/** @typedef {import("../types/documents").RunningVacuumFields} RunningVacuum */
/** @typedef {import("../lib/parts.js").Question} Question */

/** @type {Record<VacuumRun["state"], string>} */
const SAID = {
  RUNNING: "Running",
  SUCCEEDED: "Succeeded",
  FAILED: "Failed",
  INTERRUPTED: "Interrupted",
};

/**
 * Starts a vacuum.
 * @param {string[] | null} tables
 * @param {() => void} reload
 */
export async function vacuum(tables, reload) {
  await ask(VACUUM, { input: { tables } });
  say(
    tables
      ? html`Vacuum of ${untrusted(tables.join(", "))} started.`
      : "Vacuum of all tables started.",
  );
  reload();
}

/**
 * @param {{ run: VacuumRun | null | undefined, running: RunningVacuum[] | undefined,
 *   reload: () => void }} props
 */
export function Vacuum({ run, running, reload }) {
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const isBusy = run?.state === "RUNNING";
  const begin = () =>
    setAsked({
      title: "Vacuum all tables?",
      text: "The database stays available. Large tables take minutes.",
      verb: "Vacuum",
      run: () => vacuum(null, reload),
    });
  const byItself = (running ?? []).filter((one) => one.isAutomatic);
  return html`<section class="card part" aria-label="Vacuum">
      <div class="head">
        <h2>Vacuum</h2>
        <button
          class="btn"
          disabled=${isBusy}
          title=${isBusy ? "A vacuum is already running" : null}
          onClick=${begin}
        >
          Vacuum all tables
        </button>
      </div>
      <div role="status">
        ${run ? html`<${Run} run=${run} />` : html`<p>No vacuum has been started here yet.</p>`}
      </div>
      ${byItself.map(
        (one) => html`<p>Autovacuum is processing ${untrusted(one.table)}: ${one.phase}.</p>`,
      )}
    </section>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}

/** @param {{ run: VacuumRun }} props */
function Run({ run }) {
  const total = run.tables.length;
  if (run.state !== "RUNNING") {
    return html`<p>
      <span class="badge ${run.state === "SUCCEEDED" ? "" : "bad"}">${SAID[run.state]}</span>
      ${" "}${run.tablesDone} of ${total} ${nouns(total, "table")},${" "}
      <${Time} iso=${run.endedAt ?? run.startedAt} />, by ${untrusted(run.startedBy)}
      ${run.message && html`<br />${untrusted(run.message)}`}
    </p>`;
  }
  const done = run.tablesDone + (run.percent ?? 0) / 100;
  return html`<p>
      ${untrusted(run.currentTable ?? "Starting")}${run.phase && `: ${run.phase}`}
      ${` (${run.tablesDone} of ${total} done)`}, started by ${untrusted(run.startedBy)}
    </p>
    <progress max=${total} value=${done} aria-label="Vacuum"></progress>`;
}
