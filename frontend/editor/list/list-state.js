// @ts-check
/** Which scripts the list shows, from the address. */
import { read, write } from "../../lib/url-state.js";
import { EDITOR, go } from "../address.js";

/** @typedef {import("../../types/schema").ScriptState} ScriptState */
/** @typedef {typeof DEFAULTS} State */

/** Scripts on a page. */
const PAGE = 50;
const DEFAULTS = { q: "", show: "", after: "" };

/** @type {readonly { show: string, label: string, filter: { state?: ScriptState, mine?: boolean } }[]} */
export const CHOICES = [
  { show: "", label: "All", filter: {} },
  { show: "mine", label: "Mine", filter: { mine: true } },
  { show: "active", label: "Active", filter: { state: "ACTIVE" } },
  { show: "drafts", label: "Drafts", filter: { state: "DRAFT" } },
  { show: "suspended", label: "Suspended", filter: { state: "SUSPENDED" } },
];

/** The state that the address says. */
export const listState = () => read(location.search, DEFAULTS);

/** @param {State} state */
export const isFiltered = ({ q, show }) => Boolean(q || show);

/** Changes the state; replace adds no entry to the history. @param {Partial<State>} change @param {boolean} [replace] */
export const setListState = (change, replace = false) =>
  go(EDITOR + write({ ...listState(), ...change }, DEFAULTS), { replace });

export const clearFilters = () => setListState(DEFAULTS);

/** The variables of the list's query. @param {State} state */
export function variables({ q, show, after }) {
  const choice = CHOICES.find((one) => one.show === show) ?? CHOICES[0];
  return {
    first: PAGE,
    after: after || null,
    filter: { search: q || null, ...choice.filter },
  };
}
