// @ts-check
/** The list of scripts. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { count } from "../../lib/format.js";
import { follow } from "../../lib/gql.js";
import { Icon } from "../../lib/icons.js";
import { useQuery, useRefresh } from "../../lib/load.js";
import { setTitle } from "../../lib/mark.js";
import { StateNotice } from "../../lib/notices.js";
import { Ask, Failure, PageTurner } from "../../lib/parts.js";
import { SearchField } from "../../lib/search-field.js";
import { Table } from "../../lib/table.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { Head } from "../frame.js";
import { FirstScript } from "./first-script.js";
import {
  CHOICES,
  clearFilters,
  isFiltered,
  listState,
  setListState,
  variables,
} from "./list-state.js";
import { newScriptQuestion } from "./new-script.js";
import { SCRIPT_ROW, ScriptRow } from "./script-row.js";

/** @typedef {import("../../lib/parts.js").Question} Question */
/** @typedef {import("./script-row.js").Row} Row */

/** Numbers of requests change without an event. */
const REFRESH_MS = 30_000;

const SCRIPTS = gql(
  `query EditorScripts($first: Int!, $after: String, $filter: ScriptFilter) {
    scripts(first: $first, after: $after, filter: $filter) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { ...EditorScriptRow }
    }
  }`,
  SCRIPT_ROW,
);
const CHANGES = gql("subscription EditorListChanges { scriptChanged { slug } }");

const HEADS = ["Script", "Owners", "Routes", "Requests, 24 h", "Errors", "p95", "Deployed"];
const WIDTHS = ["", "12rem", "14rem", "7.5rem", "4.5rem", "5.5rem", "11rem"];

/** @param {{ me: import("../frame.js").Me | null }} props */
export function ScriptsPage({ me }) {
  const state = listState();
  const { data, error, loading, isStale, reload } = useQuery(SCRIPTS, variables(state));
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  useEffect(() => setTitle("Scripts · Editor"), []);
  useRefresh(reload, REFRESH_MS);
  useEffect(() => follow(CHANGES, () => void reload()), [reload]);
  const page = data?.scripts;
  const isEmpty = page?.totalCount === 0 && !isFiltered(state);
  const begin = (/** @type {string} */ template) => setAsked(newScriptQuestion(template));
  return html`<${Head} me=${me} />
    <main class="editor-page list-page" id="main" tabindex="-1">
      <${StateNotice} />
      <div class="list-top">
        <h1 class="on-brand" tabindex="-1">Scripts</h1>
        <button class="btn" onClick=${() => begin("hello")}>
          <${Icon} name="plus" />New script
        </button>
      </div>
      ${
        isEmpty
          ? html`<${FirstScript} begin=${begin} />`
          : html`<section class="card" aria-label="List of scripts">
              <${Bar} state=${state} />
              ${error && html`<${Failure} error=${error} retry=${reload} />`}
              ${
                page?.nodes.length === 0
                  ? html`<${Nothing} q=${state.q} />`
                  : html`<${Table}
                      label="Scripts"
                      look="script-list"
                      heads=${HEADS}
                      widths=${WIDTHS}
                      rows=${page?.nodes}
                      isBusy=${loading}
                      hasFailed=${Boolean(error)}
                      row=${(/** @type {Row} */ script) =>
                        html`<${ScriptRow} key=${script.id} script=${script} />`}
                    />`
              }
              <div class="pager">
                <span>${page ? count(page.totalCount, "script") : "Loading…"}</span>
                <${PageTurner}
                  page=${page}
                  after=${state.after}
                  isStale=${isStale}
                  turn=${(/** @type {string} */ after) => setListState({ after })}
                />
              </div>
            </section>`
      }
    </main>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}

/** @param {{ state: import("./list-state.js").State }} props */
const Bar = ({ state }) =>
  html`<div class="bar">
    <${SearchField}
      label="Search scripts"
      placeholder="Search slug, title or route"
      value=${state.q}
      change=${(/** @type {string} */ q) => setListState({ q, after: "" }, true)}
      shortcut
    />
    <div class="segments" role="group" aria-label="Filter scripts">
      ${CHOICES.map(
        ({ show, label }) =>
          html`<button
            key=${show}
            aria-pressed=${String(state.show === show)}
            onClick=${() => setListState({ show, after: "" })}
          >
            ${label}
          </button>`,
      )}
    </div>
  </div>`;

/** @param {{ q: string }} props */
const Nothing = ({ q }) =>
  html`<div class="empty">
    <b>${q ? html`No scripts match “${untrusted(q)}”` : "No such scripts"}</b>
    <button class="btn" onClick=${clearFilters}>Clear filters</button>
  </div>`;
