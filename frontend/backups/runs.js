// @ts-check
/** What is done with backups at present, and what was done last. */
import { html } from "htm/preact";
import { Time } from "../lib/parts.js";
import { Kept } from "./kept.js";
import { untrusted } from "../lib/untrusted-text.js";

const DOING = {
  CREATE: "Making a backup",
  VERIFY: "Verifying",
  RESTORE: "Restoring",
  DRILL: "Restore drill of",
  UPLOAD: "Copying to S3",
  DOWNLOAD: "Fetching from S3",
};
const DONE = {
  CREATE: "Created",
  VERIFY: "Verified",
  RESTORE: "Restored",
  DRILL: "Drill",
  UPLOAD: "Copied to S3",
  DOWNLOAD: "Fetched from S3",
};

/** Whether a run went back to a kept database; those have no archive. @param {any} run */
export const isWayBack = (run) => run.kind === "RESTORE" && !run.backupName.endsWith(".tar");

/** What is running, for everybody who looks. @param {{ run: any }} props */
export function Running({ run }) {
  if (!run) return null;
  const doing = isWayBack(run)
    ? "Going back to"
    : DOING[/** @type {keyof typeof DOING} */ (run.kind)];
  return html`<section class="card running" aria-label="Running" role="status">
    <b>${doing} <code>${untrusted(run.backupName)}</code></b>
    <progress max="1" value=${run.progress} aria-label=${doing}></progress>
    <span>
      ${untrusted(run.step || "Beginning")} · started by ${untrusted(run.actorLabel)},${" "}
      <${Time} iso=${run.startedAt} />
    </span>
    ${
      run.kind === "RESTORE" &&
      html`<span>
        A restore is running. What is changed now is undone by it or refused. This page may be
        closed or loaded again.
      </span>`
    }
  </section>`;
}

/** @param {{ runs: any[], shown: Set<string> }} props shown: runs whose problem is shown elsewhere */
export function Runs({ runs, shown }) {
  const ended = runs.filter((run) => run.state !== "RUNNING");
  if (ended.length === 0) return null;
  return html`<section class="card runs" aria-label="What was done last">
    <h2>What was done last</h2>
    <ul>
      ${ended.map(
        (run) =>
          html`<li key=${run.id}>
            <span class="badge ${run.state === "SUCCEEDED" ? "good" : "bad"}">
              ${isWayBack(run) ? "Went back" : DONE[/** @type {keyof typeof DONE} */ (run.kind)]}${
                run.state === "FAILED" ? ": failed" : ""
              }
            </span>
            <code>${untrusted(run.backupName)}</code>
            <span class="when"
              ><${Time} iso=${run.startedAt} /> by ${untrusted(run.actorLabel)}</span
            >
            ${run.problem && !shown.has(run.id) && html`<div class="problem">${untrusted(run.problem)}</div>`}
            ${run.details?.access_review && !shown.has(run.id) && html`<${Kept} details=${run.details} />`}
          </li>`,
      )}
    </ul>
  </section>`;
}
