// @ts-check
/** One backup in the list. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { Time } from "../lib/parts.js";
import { count, size } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";

export const BACKUP = gql(`fragment BackupFields on Backup {
  name createdAt sizeBytes state problem signature locations hasSecrets verifiedAt drilledAt
  note isSafetyCopy programVersion databaseVersion
  parts { name sizeBytes }
  rowCounts { table rows }
}`);

/** @typedef {import("../types/documents").BackupFields} Backup */
/** @typedef {import("../types/schema").BackupState} BackupState */

/** @type {Record<BackupState, [string, string]>} */
const STATES = {
  RUNNING: ["Running", ""],
  COMPLETE: ["Complete", "good"],
  DAMAGED: ["Damaged", "bad"],
  FAILED: ["Failed", "bad"],
  REMOTE: ["S3 only", ""],
};

/** Signatures that need a word. @type {Partial<Record<NonNullable<Backup["signature"]>, string>>} */
const SIGNATURES = {
  UNSIGNED: "Unsigned",
  UNKNOWN_KEY: "Signed with another key",
  INVALID: "Signature does not match",
};

const REFUSED =
  "Not signed by this engine. If you trust its origin, use the command line with --trust-unsigned.";

/**
 * @param {{ backup: Backup, isBusy: boolean, verify: () => void, download: () => void,
 *   restore: () => void, remove: () => void, retry: () => void }} props
 */
export function BackupRow({ backup, isBusy, verify, download, restore, remove, retry }) {
  const [word, kind] = STATES[backup.state];
  const isThere = backup.locations.length > 0;
  const isLocal = backup.locations.includes("LOCAL");
  const unsigned = backup.signature && SIGNATURES[backup.signature];
  return html`<tr>
    <td class="name">
      <code>${untrusted(backup.name)}</code>
      <span class="when"><${Time} iso=${backup.createdAt} /></span>
      ${
        backup.isSafetyCopy
          ? html`<span class="badge">Safety backup</span>`
          : backup.note && html`<span class="note"><bdi>${untrusted(backup.note)}</bdi></span>`
      }
      ${backup.problem && html`<div class="problem">${untrusted(backup.problem)}</div>`}
      ${backup.parts.length > 0 && html`<${Inside} backup=${backup} />`}
    </td>
    <td>
      <span class="badge ${kind}">${word}</span>
      ${unsigned && html` <span class="badge bad">${unsigned}</span>`}
      ${isThere && html`<div class="when"><${LastCheck} backup=${backup} /></div>`}
    </td>
    <td class="number">
      ${isThere ? size(backup.sizeBytes) : "–"}
      <div class="when">${backup.locations.map(place).join(" and ")}</div>
    </td>
    <td class="doings">
      ${
        backup.state === "FAILED" &&
        html`<button
          class="btn small"
          aria-label="Try again: ${backup.name}"
          disabled=${isBusy}
          onClick=${retry}
        >
          Try again
        </button>`
      }
      ${
        isThere &&
        html`<div>
          <button
            class="btn small"
            aria-label="Verify ${backup.name}"
            disabled=${isBusy || Boolean(unsigned)}
            title=${unsigned ? REFUSED : null}
            onClick=${verify}
          >
            Verify
          </button>
          ${
            isLocal &&
            html`<button class="btn small" aria-label="Download ${backup.name}" onClick=${download}>
              Download
            </button>`
          }
          <button
            class="btn small"
            aria-label="Restore ${backup.name}"
            disabled=${isBusy || backup.state === "DAMAGED" || Boolean(unsigned)}
            title=${unsigned ? REFUSED : null}
            onClick=${restore}
          >
            Restore
          </button>
          <button
            class="btn small remove"
            aria-label="Delete ${backup.name}"
            disabled=${isBusy}
            onClick=${remove}
          >
            Delete
          </button>
        </div>`
      }
    </td>
  </tr>`;
}

/** @param {string} location */
const place = (location) => (location === "LOCAL" ? "Local" : location);

/** The newest check: a drill proves as much as a verification. @param {{ backup: Backup }} props */
function LastCheck({ backup }) {
  const { verifiedAt, drilledAt } = backup;
  if (!verifiedAt && !drilledAt) return html`not verified yet`;
  return drilledAt && (!verifiedAt || drilledAt > verifiedAt)
    ? html`drill passed <${Time} iso=${drilledAt} />`
    : html`verified <${Time} iso=${verifiedAt} />`;
}

/** @param {{ backup: Backup }} props */
const Inside = ({ backup }) =>
  html`<details>
    <summary>Contents</summary>
    <dl>
      <dt>Engine, PostgreSQL</dt>
      <dd>${untrusted(backup.programVersion)}, ${untrusted(backup.databaseVersion)}</dd>
      ${
        backup.hasSecrets &&
        html`<dt>Secrets</dt>
          <dd>encrypted with a passphrase</dd>`
      }
      ${backup.parts.map(
        (part) =>
          html`<dt>${untrusted(part.name)}</dt>
            <dd>${size(part.sizeBytes)}</dd>`,
      )}
      ${backup.rowCounts
        .filter((table) => table.rows > 0 && !/yoyo|migration/.test(table.table))
        .map(
          (table) =>
            html`<dt>${untrusted(table.table)}</dt>
              <dd>${count(table.rows, "row")}</dd>`,
        )}
    </dl>
  </details>`;
