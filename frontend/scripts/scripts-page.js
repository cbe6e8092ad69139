// @ts-check
/** The list of scripts, for administrators. */
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { removal, restore, resume, suspension } from "../editor/settings/questions.js";
import { gql } from "../lib/documents.js";
import { follow } from "../lib/gql.js";
import { useQuery, useRefresh } from "../lib/load.js";
import { Ask, Failure, sayRefused, Top } from "../lib/parts.js";
import { Pager } from "../lib/pager.js";
import { useParameters } from "../lib/router.js";
import { SearchField } from "../lib/search-field.js";
import { Table } from "../lib/table.js";
import { untrusted } from "../lib/untrusted-text.js";
import { SCRIPT_ROW, ScriptRow } from "./script-row.js";
import { CHOICES, DEFAULTS, SIZES, variables } from "./show.js";

/** @typedef {import("./show.js").State} State */
/** @typedef {import("../lib/router.js").SetParameters<State>} SetState */
/** @typedef {import("../lib/parts.js").Question} Question */
/** @typedef {import("../types/documents").ScriptRowFields} Row */
/** @typedef {import("../types/documents").ScriptListData["scripts"]} Scripts */

/** Workers report the requests of scripts every ten seconds. */
const METRICS_EVERY_MS = 10_000;

const LIST = gql(
  `query ScriptList($first: Int!, $after: String, $filter: ScriptFilter) {
    scripts(first: $first, after: $after, filter: $filter) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { ...ScriptRowFields }
    }
  }`,
  SCRIPT_ROW,
);
const METRICS = gql(`query ScriptListMetrics($slugs: [String!]!) {
  scriptStats(period: DAY, slugs: $slugs) { slug requests errors processes memoryBytes }
}`);
const CHANGES = gql("subscription ScriptListChanges { scriptChanged { slug } }");

/** The metrics of a script without requests and processes. */
const IDLE = { requests: 0, errors: 0, processes: 0, memoryBytes: 0 };

const HEADS = ["Script", "Owners", "Version", "Requests, 24 h", "Errors", "Memory", "Actions"];
const WIDTHS = ["", "12rem", "9rem", "7.5rem", "5rem", "7rem", "11rem"];

export function ScriptsPage() {
  const [state, setState] = useParameters(DEFAULTS);
  const list = useQuery(LIST, variables(state));
  const page = list.data?.scripts;
  const metrics = useMetrics(page?.nodes.map(({ slug }) => slug) ?? []);
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  useChanges(list.reload);
  const attempt = (/** @type {Promise<unknown>} */ change) =>
    change.then(list.reload).catch(sayRefused);
  return html`<${Top}
      title="Scripts"
      text="Scripts of all editors, with their owners and metrics."
    />
    <section class="card" aria-label="List of scripts">
      <${Bar} state=${state} setState=${setState} />
      ${list.error && html`<${Failure} error=${list.error} retry=${list.reload} />`}
      ${
        page?.nodes.length === 0
          ? html`<${Nothing} state=${state} clear=${() => setState(DEFAULTS)} />`
          : html`<${Table}
              label="Scripts"
              look="script-list"
              heads=${HEADS}
              widths=${WIDTHS}
              rows=${page?.nodes}
              isBusy=${list.loading}
              hasFailed=${Boolean(list.error)}
              row=${(/** @type {Row} */ script) =>
                html`<${ScriptRow}
                  key=${script.id}
                  script=${script}
                  metrics=${metrics && (metrics.get(script.slug) ?? IDLE)}
                  suspend=${() => setAsked(suspension(script.slug, list.reload))}
                  resume=${() => attempt(resume(script.slug))}
                  restore=${() => attempt(restore(script.slug))}
                  remove=${() => setAsked(removal(script.slug, list.reload))}
                />`}
            />`
      }
      <${Pager}
        noun="script"
        sizes=${SIZES}
        state=${state}
        setState=${setState}
        page=${page}
        isStale=${list.isStale}
      />
    </section>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}

/**
 * Metrics of the last day by slug, of scripts with requests or processes; null until they are known.
 * @param {string[]} slugs
 */
function useMetrics(slugs) {
  const { data, reload } = useQuery(METRICS, { slugs }, { isContent: false });
  useRefresh(reload, METRICS_EVERY_MS);
  return data && new Map(data.scriptStats.map((one) => [one.slug, one]));
}

/** @param {() => unknown} changed */
function useChanges(changed) {
  const newest = useRef(changed);
  newest.current = changed;
  useEffect(() => follow(CHANGES, () => newest.current()), []);
}

/** @param {{ state: State, setState: SetState }} props */
const Bar = ({ state, setState }) =>
  html`<div class="bar">
    <${SearchField}
      label="Search scripts"
      placeholder="Search slug or title"
      value=${state.q}
      change=${(/** @type {string} */ q) => setState({ q, after: "" }, true)}
      shortcut
    />
    <div class="segments" role="group" aria-label="Filter scripts">
      ${CHOICES.map(
        ({ show, label }) =>
          html`<button
            aria-pressed=${String(state.show === show)}
            onClick=${() => setState({ show, after: "" })}
          >
            ${label}
          </button>`,
      )}
    </div>
    <div class="end"><a class="btn" href="/editor">Open editor</a></div>
  </div>`;

/** @param {{ state: State, clear: () => void }} props */
function Nothing({ state, clear }) {
  const isFiltered = state.q || state.show;
  return html`<div class="empty">
    <b
      >${state.q ? html`No scripts match “${untrusted(state.q)}”` : isFiltered ? "No such scripts" : "No scripts yet"}</b
    >
    ${
      isFiltered
        ? html`<button class="btn" onClick=${clear}>Clear filters</button>`
        : html`<span>Editors create scripts in the editor.</span>
            <a class="btn" href="/editor">Open editor</a>`
    }
  </div>`;
}
