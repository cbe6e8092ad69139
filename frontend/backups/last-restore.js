// @ts-check
/** The result of the last restore, and how to undo it. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { Time } from "../lib/parts.js";
import { count, size } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";
import { Kept } from "./kept.js";
import { detailsOf, isWayBack } from "./runs.js";

export const KEPT_DATABASE = gql(
  "fragment KeptDatabaseFields on KeptDatabase { name replacedAt sizeBytes replacedBy }",
);

/** @typedef {import("../types/documents").KeptDatabaseFields} KeptDatabase */
/** @typedef {import("./runs.js").BackupRun} BackupRun */

const SHOWN_FOR_MS = 86_400_000;

/**
 * The result of a restore of the last day. It is part of the run, so a reload keeps it.
 * @param {{ run: BackupRun | undefined, kept: KeptDatabase[], isBusy: boolean,
 *   goBack: (name: string) => void }} props
 */
export function LastRestore({ run, kept, isBusy, goBack }) {
  if (!run?.endedAt || Date.now() - Date.parse(run.endedAt) > SHOWN_FOR_MS) return null;
  const isBack = isWayBack(run);
  if (run.state === "FAILED")
    return html`<section class="card result bad" aria-label="Last restore">
      <h2>${isBack ? "Undo failed" : "Restore failed"}: the database is unchanged</h2>
      <p class="problem">${untrusted(run.problem)}</p>
    </section>`;
  const details = detailsOf(run) ?? {};
  const before = kept.find((one) => one.name === details.kept_database);
  return html`<section class="card result good" aria-label="Last restore" role="status">
    <div>
      <h2>${isBack ? "Restore undone" : "Backup restored"}</h2>
      <p>
        <code>${untrusted(run.backupName)}</code>, <${Time} iso=${run.endedAt} /> by${" "}
        ${untrusted(run.actorLabel)}
      </p>
      <dl>
        ${
          details.rows !== undefined &&
          html`<dt>Restored</dt>
            <dd>${count(details.rows, "row")}</dd>`
        }
        <dt>Duration</dt>
        <dd>${details.seconds} s</dd>
        <dt>Undone</dt>
        <dd>${undoneWords(details.undone)}</dd>
        ${
          details.session_kept !== null &&
          html`<dt>Session</dt>
            <dd>
              ${details.session_kept ? "The session that started it is still active" : "Ended"}
            </dd>`
        }
        ${
          details.safety_backup &&
          html`<dt>Safety backup</dt>
            <dd><code>${untrusted(details.safety_backup)}</code></dd>`
        }
        <dt>Kept database</dt>
        <dd>
          ${
            before
              ? html`<code>${untrusted(before.name)}</code>, ${size(before.sizeBytes)}`
              : "no longer kept"
          }
        </dd>
      </dl>
      ${details.access_review && html`<${Kept} details=${details} />`}
    </div>
    ${
      before &&
      html`<button class="btn" disabled=${isBusy} onClick=${() => goBack(before.name)}>
        Undo restore
      </button>`
    }
  </section>`;
}

/** @param {import("./runs.js").RunDetails["undone"]} undone */
function undoneWords(undone) {
  if (!undone) return "unknown: the replaced database could not be read";
  const people = undone.people.map(
    (one) => html`, <span><bdi>${untrusted(one.label)}</bdi> ${count(one.changes)}</span>`,
  );
  return html`${undone.is_more ? "more than " : ""}${count(undone.changes, "change")}${people}`;
}

/**
 * Every database from before a restore that is still kept.
 * @param {{ kept: KeptDatabase[], isBusy: boolean, goBack: (name: string) => void }} props
 */
export function KeptDatabases({ kept, isBusy, goBack }) {
  if (kept.length === 0) return null;
  return html`<section class="card runs" aria-label="Kept databases">
    <h2>Kept databases</h2>
    <ul>
      ${kept.map(
        (one) =>
          html`<li key=${one.name}>
            <code>${untrusted(one.name)}</code>
            <span class="when">
              ${size(one.sizeBytes)}, replaced <${Time} iso=${one.replacedAt} />
              ${one.replacedBy && html`${" "}by ${untrusted(one.replacedBy)}`}
            </span>
            <button
              class="btn small"
              aria-label="Undo restore: ${one.name}"
              disabled=${isBusy}
              onClick=${() => goBack(one.name)}
            >
              Undo restore
            </button>
          </li>`,
      )}
    </ul>
  </section>`;
}
