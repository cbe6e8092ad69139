// @ts-check
/** One script in the list. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { count, size } from "../lib/format.js";
import { Time } from "../lib/parts.js";
import { ROOT } from "../lib/router.js";
import { oneLine, untrusted } from "../lib/untrusted-text.js";
import { StateBadge } from "./state-badge.js";

/** @typedef {import("../types/documents").ScriptRowFields} Row */
/** @typedef {import("../types/documents").ScriptListMetricsData["scriptStats"][number]} ScriptMetrics */

export const SCRIPT_ROW = gql(`fragment ScriptRowFields on Script {
  id slug title state suspensionReason newestVersion deletedAt
  owners { email name }
  active { number deployedAt }
}`);

/** More owners are a number. */
const SHOWN_OWNERS = 2;

/**
 * @param {{ script: Row, metrics: Omit<ScriptMetrics, "slug"> | null, suspend: () => void,
 *   resume: () => void, restore: () => void, remove: () => void }} props metrics: null until they
 *   are known
 */
export function ScriptRow({ script, metrics, suspend, resume, restore, remove }) {
  const { slug, title, state, suspensionReason, owners, active, newestVersion } = script;
  const isDeleted = state === "DELETED";
  return html`<tr>
    <td>
      <span class="script-name">
        ${isDeleted ? html`<b>${oneLine(slug)}</b>` : html`<a href="${ROOT}/scripts/${slug}">${oneLine(slug)}</a>`}
        <${StateBadge} state=${state} />
      </span>
      ${title !== slug && html`<span class="by">${oneLine(title)}</span>`}
      ${suspensionReason && html`<span class="by">${oneLine(suspensionReason)}</span>`}
    </td>
    <td data-label="Owners">
      ${
        owners.length === 0
          ? html`<span class="badge bad">No owner</span>`
          : owners.slice(0, SHOWN_OWNERS).map((one) => oneLine(one.email))
      }
      ${owners.length > SHOWN_OWNERS && html`<span class="by">${`and ${count(owners.length - SHOWN_OWNERS)} more`}</span>`}
    </td>
    <td class="when" data-label="Version">
      ${
        isDeleted
          ? html`deleted <${Time} iso=${script.deletedAt} />`
          : active
            ? html`${`${active.number} of ${newestVersion}`}
                <span class="by"><${Time} iso=${active.deployedAt} /></span>`
            : `none of ${newestVersion}`
      }
    </td>
    <td class="number" data-label="Requests">${count(metrics?.requests)}</td>
    <td class="number" data-label="Errors">
      <span class=${metrics?.errors ? "errors" : null}>${count(metrics?.errors)}</span>
    </td>
    <td class="number" data-label="Memory">
      ${
        metrics?.processes
          ? html`${size(metrics.memoryBytes)}
              <span class="by">${count(metrics.processes, "process", "processes")}</span>`
          : "–"
      }
    </td>
    <td>
      <div class="does">
        ${
          isDeleted
            ? html`<${Action} label="Restore" slug=${slug} act=${restore} />`
            : html`${
                  state === "SUSPENDED"
                    ? html`<${Action} label="Resume" slug=${slug} act=${resume} />`
                    : html`<${Action} label="Suspend" slug=${slug} act=${suspend} />`
                }<${Action} label="Delete" slug=${slug} act=${remove} />`
        }
      </div>
    </td>
  </tr>`;
}

/** @param {{ label: string, slug: string, act: () => void }} props */
const Action = ({ label, slug, act }) =>
  html`<button class="btn small remove" onClick=${act}>
    ${label}<span class="visually-hidden"> ${untrusted(slug)}</span>
  </button>`;
