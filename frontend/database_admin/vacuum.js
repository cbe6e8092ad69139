// @ts-check
/** What is being vacuumed, and how the last run ended. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { nouns } from "../lib/format.js";
import { ask } from "../lib/gql.js";
import { Ask, say, Time } from "../lib/parts.js";
import { untrusted } from "../lib/untrusted-text.js";

const VACUUM = `mutation ($input: VacuumDatabaseInput!) {
  vacuumDatabase(input: $input) { run { id tables } }
}`;
/** @type {Record<string, string>} */
const SAID = {
  RUNNING: "Under way",
  SUCCEEDED: "Done",
  FAILED: "Failed",
  INTERRUPTED: "Interrupted",
};

/**
 * Begin a run.
 * @param {string[] | null} tables
 * @param {() => void} reload
 */
export async function vacuum(tables, reload) {
  await ask(VACUUM, { input: { tables } });
  say(
    tables ? html`${untrusted(tables.join(", "))}: vacuum began.` : "Vacuum of every table began.",
  );
  reload();
}

/** @param {{ run: any, running: any[] | undefined, reload: () => void }} props */
export function Vacuum({ run, running, reload }) {
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const isBusy = run?.state === "RUNNING";
  const begin = () =>
    setAsked({
      title: "Vacuum every table?",
      text: "Everybody can go on working meanwhile; a large table takes minutes.",
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
          title=${isBusy ? "One run at a time" : null}
          onClick=${begin}
        >
          Vacuum every table
        </button>
      </div>
      <div role="status">
        ${run ? html`<${Run} run=${run} />` : html`<p>Nobody began one yet.</p>`}
      </div>
      ${byItself.map(
        (one) => html`<p>PostgreSQL vacuums ${untrusted(one.table)} by itself: ${one.phase}.</p>`,
      )}
    </section>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}

/** @param {{ run: any }} props */
function Run({ run }) {
  const total = run.tables.length;
  if (run.state !== "RUNNING") {
    return html`<p>
      <span class="badge ${run.state === "SUCCEEDED" ? "" : "bad"}">${SAID[run.state]}</span>
      ${" "}${run.tablesDone} of ${total} ${nouns(total, "table")},
      <${Time} iso=${run.endedAt ?? run.startedAt} />, by ${untrusted(run.startedBy)}
      ${run.message && html`<br />${untrusted(run.message)}`}
    </p>`;
  }
  const done = run.tablesDone + (run.percent ?? 0) / 100;
  return html`<p>
      ${untrusted(run.currentTable ?? "Beginning")}${run.phase && `: ${run.phase}`}
      ${` (${run.tablesDone} of ${total} done)`}, begun by ${untrusted(run.startedBy)}
    </p>
    <progress max=${total} value=${done} aria-label="Vacuum"></progress>`;
}
