// @ts-check
/** The list of alerts, and a test of the channels. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { REFRESH_MS, StateBadge } from "../health/health-panel.js";
import { gql } from "../lib/documents.js";
import { ask } from "../lib/gql.js";
import { useQuery, useRefresh } from "../lib/load.js";
import { Failure, PageTurner, Time } from "../lib/parts.js";
import { useParameters } from "../lib/router.js";
import { Table } from "../lib/table.js";
import { count } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";

/** @typedef {import("../types/documents").AlertsData["alerts"]["nodes"][number]} Alert */
/** @typedef {import("../types/schema").AlertChannel} AlertChannel */
/** @typedef {import("../types/documents").TestAlertData["sendTestAlert"]["results"][number]} ChannelResult */

const DEFAULTS = { alerts: "" };
const LIST = gql(`query Alerts($after: String) {
  alerts(first: 25, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      id title link instance state severity message since overAt lastSentAt channels lastError
    }
  }
}`);
const TEST = gql(`mutation TestAlert {
  sendTestAlert(input: {}) { results { channel target delivered error } }
}`);

/** @type {Record<AlertChannel, string>} */
const CHANNELS = { EMAIL: "Email", WEBHOOK: "Webhook" };

/** The link of an alert by the page it leads to; the last one is for every other page. */
const WHERE = [
  ["/logs", "View logs"],
  ["/backups", "View backups"],
  ["/audit", "View audit trail"],
  ["/migrations", "View migrations"],
  ["/database", "View database"],
  ["", "View checks"],
];

export function AlertsPanel() {
  const [state, setState] = useParameters(DEFAULTS);
  const list = useQuery(LIST, { after: state.alerts || null });
  useRefresh(list.reload, REFRESH_MS);
  const page = list.data?.alerts;
  return html`<section class="card alerts" aria-labelledby="alerts-title">
    <${Bar} />
    ${list.error && html`<${Failure} error=${list.error} retry=${list.reload} />`}
    ${
      page?.nodes.length === 0
        ? html`<div class="empty">
            <b>No alerts</b>
            <span>Failing checks and new administrators are listed here.</span>
          </div>`
        : html`<${Table}
            label="Alerts"
            heads=${["State", "Alert", "Started", "Resolved", "Notified"]}
            rows=${page?.nodes}
            row=${(/** @type {Alert} */ alert) => html`<${Row} key=${alert.id} alert=${alert} />`}
            hasFailed=${Boolean(list.error)}
          />`
    }
    <div class="pager">
      <span>${page ? count(page.totalCount, "alert") : "Loading…"}</span>
      <${PageTurner}
        page=${page}
        after=${state.alerts}
        isStale=${list.isStale}
        turn=${(/** @type {string} */ alerts) => setState({ alerts })}
      />
    </div>
  </section>`;
}

/** The title, and a button that tries every channel. */
function Bar() {
  const [results, setResults] = useState(/** @type {ChannelResult[]} */ ([]));
  const [refused, setRefused] = useState("");
  const [busy, setBusy] = useState(false);
  const test = async () => {
    setBusy(true);
    setRefused("");
    setResults([]);
    try {
      setResults((await ask(TEST)).sendTestAlert.results);
    } catch (error) {
      setRefused(/** @type {Error} */ (error).message);
    } finally {
      setBusy(false);
    }
  };
  return html`<div class="bar">
      <h2 id="alerts-title">Alerts</h2>
      <div class="end">
        <button class="btn" disabled=${busy} onClick=${test}>
          ${busy ? "Sending…" : "Send test alert"}
        </button>
      </div>
    </div>
    <div role="status">
      ${refused && html`<p class="notice bad">${untrusted(refused)}</p>`}
      ${results.map(
        (result) =>
          html`<p class="notice ${result.delivered ? "good" : "bad"}">
            <span
              ><b>${CHANNELS[result.channel]}</b>
              ${` to ${result.target}: `}${untrusted(result.error ?? "delivered")}</span
            >
          </p>`,
      )}
    </div>`;
}

/** @param {{ alert: Alert }} props */
function Row({ alert }) {
  return html`<tr>
    <td>
      ${
        alert.state === "OPEN"
          ? html`<${StateBadge} state=${alert.severity} />`
          : html`<span class="badge">${alert.state === "OVER" ? "Resolved" : "Notice"}</span>`
      }
    </td>
    <td>
      <b>${untrusted(alert.title)}</b
      >${alert.instance && html` <span class="chip">${untrusted(alert.instance)}</span>`}
      <span class="said">${untrusted(alert.message)}</span>
      <a href=${alert.link}>${WHERE.find(([path]) => alert.link.includes(path))?.[1]}</a>
    </td>
    <td class="when"><span class="label">Started </span><${Time} iso=${alert.since} /></td>
    <td class="when">
      ${
        // What happened once does not last, so on a phone nothing is labelled.
        alert.state === "EVENT"
          ? html`<span class="visually-hidden">one-time event</span>`
          : html`<span class="label">Resolved </span><${Time} iso=${alert.overAt} none="not yet" />`
      }
    </td>
    <td>
      <span class="label">Notified </span><${Time} iso=${alert.lastSentAt} none=${nobody(alert)} />
      ${alert.lastError && html`<span class="said error">${untrusted(alert.lastError)}</span>`}
    </td>
  </tr>`;
}

/** @param {Alert} alert */
const nobody = (alert) => (alert.channels.length ? "not yet" : "no channel configured");
