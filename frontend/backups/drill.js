// @ts-check
/** The newest restore drill. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { duration } from "../lib/format.js";
import { Time } from "../lib/parts.js";
import { untrusted } from "../lib/untrusted-text.js";
import { detailsOf } from "./runs.js";

export const DRILL_RUN = gql(
  "fragment DrillFields on BackupRun { id state backupName startedAt problem details }",
);

/** @typedef {import("../types/documents").DrillFields} DrillRun */

/**
 * @param {{ drill: DrillRun | undefined, isLoaded: boolean, isBusy: boolean,
 *   run: () => void }} props
 */
export function Drill({ drill, isLoaded, isBusy, run }) {
  if (!isLoaded)
    return html`<section class="card drill" aria-label="Drill">
      <span class="skeleton"></span>
    </section>`;
  const details = drill && detailsOf(drill);
  const isGood = drill?.state === "SUCCEEDED";
  const kind = !drill ? "none" : drill.state === "RUNNING" ? "none" : isGood ? "good" : "bad";
  return html`<section class="card drill ${kind}" aria-label="Drill">
    <div>
      <h2>${title(drill)}</h2>
      ${
        drill
          ? html`<p>
              <code>${untrusted(drill.backupName)}</code>, <${Time} iso=${drill.startedAt} />
              ${details?.seconds && html`, ${duration(details.seconds)}`}
            </p>`
          : html`<p>
              A drill restores the newest backup into a scratch database, checks it and drops it.
            </p>`
      }
      ${drill?.problem && html`<p class="problem">${untrusted(drill.problem)}</p>`}
      ${
        details?.checks &&
        html`<ul>
          ${details.checks.map(
            (check) =>
              html`<li>
                <span class="badge ${check.ok ? "good" : "bad"}"
                  >${check.ok ? "OK" : "Failed"}</span
                >
                <b>${untrusted(check.name)}</b><span>${untrusted(check.told)}</span>
              </li>`,
          )}
        </ul>`
      }
    </div>
    <button class="btn" disabled=${isBusy} onClick=${run}>Run drill</button>
  </section>`;
}

/** @param {DrillRun | undefined} drill */
function title(drill) {
  if (!drill) return "No restore drill yet";
  if (drill.state === "RUNNING") return "Restore drill running";
  return drill.state === "SUCCEEDED"
    ? "Last drill succeeded: backups can be restored"
    : "Last drill failed";
}
