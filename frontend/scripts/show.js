// @ts-check
/** Which scripts the list shows, from the address. */

/** @typedef {import("../types/schema").ScriptFilter} ScriptFilter */
/** @typedef {import("../types/schema").ScriptState} ScriptState */

export const DEFAULTS = { q: "", show: "", size: "25", after: "" };
/** Metrics are read for at most 50 scripts at once. */
export const SIZES = ["25", "50"];

/** @typedef {typeof DEFAULTS} State */

/** @type {readonly { show: string, label: string, filter: { state?: ScriptState, ownerless?: boolean } }[]} */
export const CHOICES = [
  { show: "", label: "All", filter: {} },
  { show: "active", label: "Active", filter: { state: "ACTIVE" } },
  { show: "suspended", label: "Suspended", filter: { state: "SUSPENDED" } },
  { show: "drafts", label: "Drafts", filter: { state: "DRAFT" } },
  { show: "ownerless", label: "No owner", filter: { ownerless: true } },
  { show: "deleted", label: "Deleted", filter: { state: "DELETED" } },
];

/** The variables of the list's query. @param {State} state */
export function variables(state) {
  const choice = CHOICES.find(({ show }) => show === state.show) ?? CHOICES[0];
  return {
    first: SIZES.includes(state.size) ? Number(state.size) : Number(DEFAULTS.size),
    after: state.after || null,
    filter: { search: state.q || null, ...choice.filter },
  };
}
