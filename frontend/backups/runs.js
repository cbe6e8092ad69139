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
  DRILL: "Trying out",
  UPLOAD: "Copying to S3",
  DOWNLOAD: "Fetching from S3",
};
const DONE = {
  CREATE: "Made",
  VERIFY: "Verified",
  RESTORE: "Restored",
  DRILL: "Tried out",
  UPLOAD: "Copied to S3",
  DOWNLOAD: "Fetched from S3",
};

/** @param {{ run: any }} props */
export function Running({ run }) {
  if (!run) return null;
  const doing = DOING[/** @type {keyof typeof DOING} */ (run.kind)];
  return html`<section class="card running" aria-label="Running" role="status">
    <b>${doing} <code>${untrusted(run.backupName)}</code></b>
    <progress max="1" value=${run.progress} aria-label=${doing}></progress>
    <span>${untrusted(run.step || "Beginning")} · by ${untrusted(run.actorLabel)}</span>
  </section>`;
}

/** @param {{ runs: any[] }} props */
export function Runs({ runs }) {
  const ended = runs.filter((run) => run.state !== "RUNNING");
  if (ended.length === 0) return null;
  return html`<section class="card runs" aria-label="What was done last">
    <h2>What was done last</h2>
    <ul>
      ${ended.map(
        (run) =>
          html`<li key=${run.id}>
            <span class="badge ${run.state === "SUCCEEDED" ? "good" : "bad"}">
              ${DONE[/** @type {keyof typeof DONE} */ (run.kind)]}${
                run.state === "FAILED" ? ": failed" : ""
              }
            </span>
            <code>${untrusted(run.backupName)}</code>
            <span class="when"
              ><${Time} iso=${run.startedAt} /> by ${untrusted(run.actorLabel)}</span
            >
            ${run.problem && html`<div class="problem">${untrusted(run.problem)}</div>`}
            ${run.details?.access_review && html`<${Kept} details=${run.details} />`}
          </li>`,
      )}
    </ul>
  </section>`;
}
