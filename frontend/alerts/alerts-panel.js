// @ts-check
/** What people were told of, and a try whether it reaches them. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { REFRESH_MS, StateBadge } from "../health/health-panel.js";
import { ask } from "../lib/gql.js";
import { useQuery, useRefresh } from "../lib/load.js";
import { Failure, PageTurner, Time } from "../lib/parts.js";
import { useParameters } from "../lib/router.js";
import { Table } from "../lib/table.js";
import { count } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";

/** @typedef {import("../types/schema").Alert} Alert */
/** @typedef {import("../types/schema").AlertChannel} AlertChannel */
/** @typedef {import("../types/schema").ChannelResult} ChannelResult */

const DEFAULTS = { alerts: "" };
const LIST = `query ($after: String) {
  alerts(first: 25, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      id title instance state severity message since overAt lastSentAt channels lastError
    }
  }
}`;
const TEST = `mutation {
  sendTestAlert(input: {}) { results { channel target delivered error } }
}`;

/** @type {Record<AlertChannel, string>} */
const CHANNELS = { EMAIL: "E-mail", WEBHOOK: "Webhook" };

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
            <b>Nobody had to be told of anything</b>
            <span>What fails, and each administrator who is added, will be listed here.</span>
          </div>`
        : html`<${Table}
            label="Alerts"
            heads=${["State", "What", "Since", "Over", "Told"]}
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
          ${busy ? "Sending…" : "Send a test"}
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
          : html`<span class="badge">${alert.state === "OVER" ? "Over" : "Notice"}</span>`
      }
    </td>
    <td>
      <b>${untrusted(alert.title)}</b
      >${alert.instance && html` <span class="chip">${untrusted(alert.instance)}</span>`}
      <span class="said">${untrusted(alert.message)}</span>
    </td>
    <td class="when"><span class="label">Since </span><${Time} iso=${alert.since} /></td>
    <td class="when">
      <span class="label">Over </span
      ><${Time} iso=${alert.overAt} none=${alert.state === "OPEN" ? "not yet" : "–"} />
    </td>
    <td>
      <span class="label">Told </span><${Time} iso=${alert.lastSentAt} none=${nobody(alert)} />
      ${alert.lastError && html`<span class="said error">${untrusted(alert.lastError)}</span>`}
    </td>
  </tr>`;
}

/** @param {Alert} alert */
const nobody = (alert) => (alert.channels.length ? "not yet" : "nobody: no channel is configured");
