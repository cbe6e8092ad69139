// @ts-check
/** One script in the list. */
import { html } from "htm/preact";
import { gql } from "../../lib/documents.js";
import { count, durationOfMs } from "../../lib/format.js";
import { Time } from "../../lib/parts.js";
import { oneLine } from "../../lib/untrusted-text.js";
import { StateBadge } from "../../scripts/state-badge.js";
import { addressOf } from "../address.js";
import { opensInBrowser } from "./script-link.js";

/** @typedef {import("../../types/documents").EditorScriptRow} Row */

export const SCRIPT_ROW = gql(`fragment EditorScriptRow on Script {
  id slug title state suspensionReason viewerIsOwner host newestVersion
  owners { email }
  routes { method path kind }
  activity { requests errors p95Ms }
  active { number deployedAt }
  activations(first: 1) { nodes { version by } }
}`);

/** More owners and routes are a number. */
const SHOWN_OWNERS = 2;
const SHOWN_ROUTES = 2;

/** @param {{ script: Row }} props */
export function ScriptRow({ script }) {
  const { slug, title, state, suspensionReason, viewerIsOwner, activity } = script;
  return html`<tr>
    <td>
      <span class="script-name">
        <a href=${addressOf(slug)}>${oneLine(slug)}</a><${StateBadge} state=${state} />
        ${viewerIsOwner && html`<span class="badge">Mine</span>`}
      </span>
      ${title && title !== slug && html`<span class="by">${oneLine(title)}</span>`}
      ${suspensionReason && html`<span class="by">${oneLine(suspensionReason)}</span>`}
    </td>
    <td data-label="Owners"><${Owners} script=${script} /></td>
    <td data-label="Routes"><${Routes} script=${script} /></td>
    <td class="number" data-label="Requests">${count(activity.requests)}</td>
    <td class="number" data-label="Errors">
      <span class=${activity.errors ? "errors" : null}>${count(activity.errors)}</span>
    </td>
    <td class="number" data-label="p95">${durationOfMs(activity.p95Ms)}</td>
    <td class="when" data-label="Deployed"><${Deployed} script=${script} /></td>
  </tr>`;
}

/** @param {{ script: Row }} props */
const Owners = ({ script: { owners } }) =>
  owners.length === 0
    ? html`<span class="badge bad">No owner</span>`
    : html`${owners.slice(0, SHOWN_OWNERS).map(({ email }) => html`<div key=${email}>${oneLine(email)}</div>`)}
        <${More} all=${owners.length} shown=${SHOWN_OWNERS} />`;

/** @param {{ script: Row }} props */
const Routes = ({ script: { routes, host } }) =>
  html`${routes.length === 0 && "–"}
    ${routes.slice(0, SHOWN_ROUTES).map((route) => {
      const name = oneLine(`${route.method} ${route.path}`);
      return html`<div class="route" key=${`${route.method} ${route.path}`}>
        ${opensInBrowser(route) && !host ? html`<a href=${route.path} target="_blank">${name}</a>` : name}
      </div>`;
    })}
    <${More} all=${routes.length} shown=${SHOWN_ROUTES} />
    ${host && html`<span class="by">${oneLine(host)}</span>`}`;

/** @param {{ script: Row }} props */
function Deployed({ script: { active, newestVersion, activations } }) {
  if (!active) return "never";
  const { number, deployedAt } = active;
  const last = activations.nodes.find(({ version }) => version === number);
  const version =
    number === newestVersion ? `version ${number}` : `version ${number} of ${newestVersion}`;
  return html`<${Time} iso=${deployedAt} />
    <span class="by">${version}</span>
    ${last?.by && html`<span class="by">by ${oneLine(last.by)}</span>`}`;
}

/** @param {{ all: number, shown: number }} props */
const More = ({ all, shown }) =>
  all > shown && html`<span class="by">${`and ${count(all - shown)} more`}</span>`;
