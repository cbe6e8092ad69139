// @ts-check
/** One role of one user, to keep or to revoke. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { EndDate } from "../lib/end-date.js";
import { count } from "../lib/format.js";
import { RoleBadge, Time } from "../lib/parts.js";
import { ROOT } from "../lib/router.js";
import { oneLine, untrusted } from "../lib/untrusted-text.js";

export const ENTRY = gql(`fragment ReviewEntryFields on AccessReviewEntry {
  userId email name status role grantedAt grantedBy reason expiresAt lastSeenAt
  apiTokens tokenLastUsedAt note outcome detail decidedBy emailVerified
}`);

/** @typedef {import("../types/documents").ReviewEntryFields} AccessReviewEntry */
/** @typedef {import("./choices.js").Choice} EntryDecision */
/** @typedef {(entry: AccessReviewEntry, choice: EntryDecision | null) => void} Choose */

/** @type {["KEEP" | "REVOKE", string][]} */
const DECISIONS = [
  ["KEEP", "Keep"],
  ["REVOKE", "Revoke"],
];

/**
 * @param {{ entry: AccessReviewEntry, isOpen: boolean, choice: EntryDecision | undefined,
 *   choose: Choose }} props
 */
export function Entry({ entry, isOpen, choice, choose }) {
  return html`<tr class=${choice ? `chosen ${choice.decision.toLowerCase()}` : ""}>
    <td>
      <a href="${ROOT}/users/${entry.userId}">${oneLine(entry.name || entry.email)}</a>
      ${entry.status !== "ACTIVE" && html` <span class="badge bad">${entry.status.toLowerCase()}</span>`}
      ${
        entry.emailVerified === false &&
        html` <span
          class="badge bad"
          title="No sign-in provider had verified that this address belongs to this user."
          >Not verified</span
        >`
      }
      <div class="email">${oneLine(entry.email)}</div>
    </td>
    <td><${RoleBadge} role=${entry.role} /></td>
    <td>
      <span class="said-once">Granted: </span
      ><${Time} iso=${entry.grantedAt} />${" by "}${untrusted(entry.grantedBy)}
      ${entry.reason && html`<div>“${untrusted(entry.reason)}”</div>`}
      ${entry.expiresAt && html`<div>expires <${EndDate} iso=${entry.expiresAt} /></div>`}
    </td>
    <td class="when">
      <span class="said-once">Last seen: </span><${Time} iso=${entry.lastSeenAt} />
      ${
        entry.apiTokens > 0 &&
        html`<div>
          ${count(entry.apiTokens, "API token")}, last used${" "}
          <${Time} iso=${entry.tokenLastUsedAt} />
        </div>`
      }
    </td>
    <td>
      ${isOpen ? html`<${Choice} entry=${entry} choice=${choice} choose=${choose} />` : html`<${Outcome} entry=${entry} />`}
    </td>
  </tr>`;
}

/** @param {{ entry: AccessReviewEntry, choice: EntryDecision | undefined, choose: Choose }} props */
function Choice({ entry, choice, choose }) {
  const name = `${entry.role.toLowerCase()} of ${entry.email}`;
  return html`<div class="choice">
    <div class="segments" role="group" aria-label="Decision on ${name}">
      ${DECISIONS.map(
        ([decision, label]) =>
          html`<button
            aria-pressed=${String(choice?.decision === decision)}
            onClick=${() =>
              choose(
                entry,
                choice?.decision === decision ? null : { decision, note: choice?.note ?? "" },
              )}
          >
            ${label}<span class="visually-hidden"> ${untrusted(name)}</span>
          </button>`,
      )}
    </div>
    ${
      choice &&
      html`<label class="field">
        <span class="visually-hidden">Note on ${untrusted(name)}</span>
        <input
          maxlength="400"
          placeholder="Note"
          value=${choice.note}
          onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
            choose(entry, { ...choice, note: target.value })}
        />
      </label>`
    }
    ${entry.detail && html`<p class="notice bad" role="note">${untrusted(entry.detail)}</p>`}
  </div>`;
}

/** @param {{ entry: AccessReviewEntry }} props */
function Outcome({ entry }) {
  if (!entry.outcome) return html`undecided`;
  return html`<span class="badge ${entry.outcome === "REVOKED" ? "bad" : ""}"
      >${entry.outcome.toLowerCase()}</span
    >
    by ${untrusted(entry.decidedBy)}${entry.note && html`<div>“${untrusted(entry.note)}”</div>`}`;
}
