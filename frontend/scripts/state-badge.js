// @ts-check
/** The state of a script as a badge. */
import { html } from "htm/preact";

/** @typedef {import("../types/schema").ScriptState} ScriptState */

/** @type {Record<ScriptState, [string, string]>} */
const BADGES = {
  ACTIVE: ["Active", "good"],
  DRAFT: ["Draft", ""],
  SUSPENDED: ["Suspended", "suspended"],
  DELETED: ["Deleted", "bad"],
};

/** @param {{ state: ScriptState }} props */
export function StateBadge({ state }) {
  const [label, look] = BADGES[state];
  return html`<span class="badge ${look}">${label}</span>`;
}
