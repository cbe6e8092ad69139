// @ts-check
/** The running job on a backup, and the last ones. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { Time } from "../lib/parts.js";
import { Kept } from "./kept.js";
import { untrusted } from "../lib/untrusted-text.js";

export const BACKUP_RUN = gql(`fragment BackupRunFields on BackupRun {
  id kind state backupName actorLabel startedAt endedAt progress step problem details
}`);

/** @typedef {import("../types/documents").BackupRunFields} BackupRun */
/**
 * The details of a run, as the server stores them. Which ones there are depends on its kind.
 * @typedef {{ seconds?: number, rows?: number, access_review?: number | string, removals?: number,
 *   checks?: { name: string, ok: boolean, told: string }[], not_brought_back?: string[],
 *   comparison?: string, administrators?: number, kept_database?: string, safety_backup?: string,
 *   session_kept?: boolean | null, undone?: { changes: number, is_more: boolean,
 *   people: { label: string, changes: number }[] } | null }} RunDetails
 */

/** Returns the details of a run. @param {{ details: unknown }} run */
export const detailsOf = (run) => /** @type {RunDetails | null} */ (run.details);

/** @type {Record<BackupRun["kind"], string>} */
const DOING = {
  CREATE: "Creating backup",
  VERIFY: "Verifying",
  RESTORE: "Restoring",
  DRILL: "Restore drill of",
  UPLOAD: "Uploading to S3",
  DOWNLOAD: "Downloading from S3",
};
/** @type {Record<BackupRun["kind"], string>} */
const DONE = {
  CREATE: "Created",
  VERIFY: "Verified",
  RESTORE: "Restored",
  DRILL: "Drill",
  UPLOAD: "Uploaded to S3",
  DOWNLOAD: "Downloaded from S3",
};

/**
 * Returns whether a run undid a restore: kept databases are no archives.
 * @param {Pick<BackupRun, "kind" | "backupName">} run
 */
export const isWayBack = (run) => run.kind === "RESTORE" && !run.backupName.endsWith(".tar");

/** The running job. @param {{ run: BackupRun | undefined }} props */
export function Running({ run }) {
  if (!run) return null;
  const doing = isWayBack(run) ? "Undoing restore:" : DOING[run.kind];
  return html`<section class="card running" aria-label="Running" role="status">
    <b>${doing} <code>${untrusted(run.backupName)}</code></b>
    <progress max="1" value=${run.progress} aria-label=${doing}></progress>
    <span>
      ${untrusted(run.step || "Starting")} · started by ${untrusted(run.actorLabel)},${" "}
      <${Time} iso=${run.startedAt} />
    </span>
    ${
      run.kind === "RESTORE" &&
      html`<span>
        A restore is running. Changes made now are undone or rejected. You can close or reload this
        page.
      </span>`
    }
  </section>`;
}

/** @param {{ runs: BackupRun[], shown: Set<string> }} props shown: runs whose problem is shown elsewhere */
export function Runs({ runs, shown }) {
  const ended = runs.filter((run) => run.state !== "RUNNING");
  if (ended.length === 0) return null;
  return html`<section class="card runs" aria-label="Recent activity">
    <h2>Recent activity</h2>
    <ul>
      ${ended.map(
        (run) =>
          html`<li key=${run.id}>
            <span class="badge ${run.state === "SUCCEEDED" ? "good" : "bad"}">
              ${isWayBack(run) ? "Restore undone" : DONE[run.kind]}${
                run.state === "FAILED" ? ": failed" : ""
              }
            </span>
            <code>${untrusted(run.backupName)}</code>
            <span class="when"
              ><${Time} iso=${run.startedAt} /> by ${untrusted(run.actorLabel)}</span
            >
            ${run.problem && !shown.has(run.id) && html`<div class="problem">${untrusted(run.problem)}</div>`}
            ${!shown.has(run.id) && html`<${Result} details=${detailsOf(run)} />`}
          </li>`,
      )}
    </ul>
  </section>`;
}

/** @param {{ details: RunDetails | null }} props */
const Result = ({ details }) =>
  details?.access_review ? html`<${Kept} details=${details} />` : null;
