// @ts-check
/** The audit trail: who changed what. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { follow } from "../lib/gql.js";
import { useQuery } from "../lib/load.js";
import { Failure, PageTurner, Time, Top } from "../lib/parts.js";
import { ROOT, useParameters } from "../lib/router.js";
import { parameters } from "../lib/url-state.js";
import { SearchField } from "../lib/search-field.js";
import { Table } from "../lib/table.js";
import { count, date, exactly } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";
import { around } from "../logs/log-filter.js";
import { Changes } from "./changes.js";
import { actionWords, Sentence, SENTENCE } from "./sentence.js";

const DEFAULTS = { q: "", action: "", user: "", since: "", until: "", after: "" };
const ACTIONS = [
  "ROLE_GRANTED",
  "ROLE_REVOKED",
  "ROLE_EXPIRED",
  "USER_CREATED",
  "USER_INVITED",
  "USER_RENAMED",
  "USER_SUSPENDED",
  "USER_REINSTATED",
  "USER_DELETED",
  "IDENTITY_LINKED",
  "IDENTITY_REMOVED",
  "ADDRESS_VERIFIED",
  "SIGNED_IN",
  "SIGN_IN_FAILED",
  "SIGNED_OUT",
  "SIGN_IN_LINK_CREATED",
  "SESSION_REVOKED",
  "SESSIONS_REVOKED",
  "TOKEN_CREATED",
  "TOKEN_REVOKED",
  "TOKEN_USED_FROM_NEW_ADDRESS",
  "ACCESS_REFUSED",
  "SETTING_CHANGED",
  "MIGRATION_APPLIED",
  "MIGRATION_ROLLED_BACK",
  "VACUUM_RUN",
  "ALERT_TEST_SENT",
  "SECRET_ROTATED",
  "MAINTENANCE_TASK_STARTED",
  "MAINTENANCE_TASK_STOPPED",
  "MAINTENANCE_ITEM_DONE",
  "ACCESS_REVIEW_STARTED",
  "ACCESS_REVIEWED",
  "BACKUP_CREATED",
  "BACKUP_VERIFIED",
  "BACKUP_DELETED",
  "BACKUP_DOWNLOADED",
  "BACKUP_RESTORED",
  "BACKUP_RESTORE_UNDONE",
  "DRILL_RUN",
  "SCRIPT_CREATED",
  "SCRIPT_SAVED",
  "SCRIPT_DEPLOYED",
  "SCRIPT_ROLLED_BACK",
  "SCRIPT_SUSPENDED",
  "SCRIPT_RESUMED",
  "SCRIPT_DELETED",
  "SCRIPT_RESTORED",
  "SCRIPT_OWNER_ADDED",
  "SCRIPT_OWNER_REMOVED",
  "SCRIPT_ROLE_GRANTED",
  "SCRIPT_ROLE_REVOKED",
  "SCRIPT_FILES_CHANGED",
  "SCRIPT_DATA_CHANGED",
  "SCRIPT_LIMITS_CHANGED",
  "SCRIPT_SECRET_SET",
  "SCRIPT_SECRET_REMOVED",
  "SCRIPT_HOST_BOUND",
  "SCRIPT_TITLE_CHANGED",
  "SCRIPT_EVALUATED",
  "SCRIPT_SCHEDULE_STARTED",
  "SCRIPT_MESSAGES_RETRIED",
  "SCRIPT_MESSAGES_DISCARDED",
  "MCP_TOOL_CALLED",
  "OTHER",
];

const LIST = gql(
  `query AuditTrail($after: String, $filter: AuditFilter) {
    auditEvents(first: 50, after: $after, filter: $filter) {
      pageInfo { hasNextPage endCursor }
      nodes { ...SentenceFields requestId address userAgent sessionId tokenId door }
    }
  }`,
  SENTENCE,
);
const ADDED = gql("subscription NewAuditEvents { auditEventAdded { id } }");

/** @typedef {import("../types/documents").AuditTrailData["auditEvents"]["nodes"][number]} AuditEvent */
/** @typedef {import("../types/schema").AuditAction} AuditAction */
/** @typedef {{ target: HTMLInputElement | HTMLSelectElement }} Typed */
/** @typedef {typeof DEFAULTS} State */
/** @typedef {import("../lib/router.js").SetParameters<State>} SetState */

export function AuditPage() {
  const [state, setState] = useParameters(DEFAULTS);
  const list = useQuery(LIST, { after: state.after || null, filter: filter(state) });
  const [waiting, setWaiting] = useState(0);
  useEffect(() => follow(ADDED, () => setWaiting((n) => n + 1)), []);
  const fresh = () => {
    setWaiting(0);
    if (state.after) setState({ after: "" });
    else list.reload();
  };
  const page = list.data?.auditEvents;
  return html`<${Top} title="Audit trail" text="Who changed what, and when." />
    <section class="card" aria-label="Events">
      <${Bar} state=${state} setState=${setState} />
      ${list.error && html`<${Failure} error=${list.error} retry=${list.reload} />`}
      ${
        waiting > 0 &&
        html`<p class="notice" role="status">
          ${count(waiting, "new event")}
          <button class="btn small" onClick=${fresh}>Show</button>
        </p>`
      }
      ${
        page?.nodes.length === 0
          ? html`<div class="empty">
              <b>No matching events</b>
              <button class="btn" onClick=${() => setState(DEFAULTS)}>Clear filters</button>
            </div>`
          : html`<${Table}
              label="Events"
              heads=${["When", "Event"]}
              widths=${["10rem", ""]}
              rows=${page?.nodes}
              row=${(/** @type {AuditEvent} */ event) => html`<${Event} key=${event.id} event=${event} />`}
              isBusy=${list.loading}
              hasFailed=${Boolean(list.error)}
            />`
      }
      <div class="pager">
        <span>
          Download as <a href=${download(state, "csv")} download>CSV</a> or${" "}
          <a href=${download(state, "ndjson")} download>NDJSON</a>
        </span>
        <${PageTurner}
          page=${page}
          after=${state.after}
          isStale=${list.isStale}
          turn=${(/** @type {string} */ after) => setState({ after })}
        />
      </div>
    </section>`;
}

/** @param {State} state @returns {import("../types/schema").AuditFilter} */
function filter(state) {
  const instant = (/** @type {string} */ day) => (day ? new Date(day).toISOString() : null);
  return {
    search: state.q || null,
    actions: state.action ? [/** @type {AuditAction} */ (state.action)] : null,
    userId: state.user || null,
    since: instant(state.since),
    until: instant(state.until),
  };
}

/**
 * The address that downloads all pages of this list.
 * @param {State} state
 * @param {"csv" | "ndjson"} format
 */
function download(state, format) {
  const { search, actions, userId, since, until } = filter(state);
  const asked = { format, search, action: actions?.[0], user: userId, since, until };
  return `/api/engine/admin/audit?${parameters(asked)}`;
}

/** @param {{ state: State, setState: SetState }} props */
function Bar({ state, setState }) {
  const set =
    (/** @type {string} */ name) =>
    (/** @type {Typed} */ { target }) =>
      setState({ [name]: target.value, after: "" });
  return html`<div class="bar">
    <${SearchField}
      label="Search by email, reason or request ID"
      placeholder="Email, reason or request ID"
      value=${state.q}
      change=${(/** @type {string} */ q) => setState({ q, after: "" }, true)}
      shortcut
    />
    <label>
      <span class="visually-hidden">Action</span>
      <select value=${state.action} onChange=${set("action")}>
        <option value="">All actions</option>
        ${ACTIONS.map((action) => html`<option value=${action}>${actionWords(action)}</option>`)}
      </select>
    </label>
    <div class="period">
      <label
        >From <input type="datetime-local" value=${state.since} onChange=${set("since")}
      /></label>
      <label
        >To <input type="datetime-local" value=${state.until} onChange=${set("until")}
      /></label>
    </div>
    ${
      state.user &&
      html`<button class="btn small" onClick=${() => setState({ user: "", after: "" })}>
        One user only · Show all
      </button>`
    }
  </div>`;
}

/** @param {{ event: AuditEvent }} props */
function Event({ event }) {
  const rows = [
    ["Action", actionWords(event.action)],
    ["Request", event.requestId && html`<${RequestLines} id=${event.requestId} at=${event.at} />`],
    ["IP address", event.address],
    ["User agent", event.userAgent],
    ["Session", event.sessionId],
    ["Token", event.tokenId],
    ["Interface", event.door],
  ].filter(([, value]) => value);
  return html`<tr class="event">
    <td class="when">
      <time datetime=${event.at} title=${exactly(event.at)}>${date(event.at)}</time>
      <small><${Time} iso=${event.at} /></small>
    </td>
    <td>
      <div class="what">
        <${Sentence} event=${event} />
        <details>
          <summary>Details<span class="visually-hidden"> of event ${event.id}</span></summary>
          <dl>
            <${Changes} event=${event} />
            ${rows.map(
              ([name, value]) =>
                html`<dt>${name}</dt>
                  <dd>${typeof value === "string" ? untrusted(value) : value}</dd>`,
            )}
          </dl>
        </details>
      </div>
    </td>
  </tr>`;
}

/** The request's id, and a link to its log lines. @param {{ id: string, at: string }} props */
function RequestLines({ id, at }) {
  const asked = new URLSearchParams({ request: id, ...around(at) });
  return html`${untrusted(id)} <a href="${ROOT}/logs?${asked}">Log lines</a>`;
}
