// @ts-check
/** Current activity in the database: connections, transactions, locks. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { count, duration } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";

export const ACTIVITY = gql(`fragment ActivityFields on DatabaseInfo {
  connections { groups { state application userName count longestSeconds } }
  transactions(first: 20) { pid application state transactionSeconds statement }
  locks(first: 20) {
    table waitedSeconds
    waiting { pid application statement } holders { pid application state statement }
  }
}`);

/** @typedef {import("../types/documents").ActivityFields} Current */

/** @param {{ current: Current | undefined }} props */
export const Activity = ({ current }) =>
  html`<${Connections} groups=${current?.connections.groups} />
    <${Locks} locks=${current?.locks} />
    <${Transactions} transactions=${current?.transactions} />`;

/** @param {{ groups: Current["connections"]["groups"] | undefined }} props */
const Connections = ({ groups }) =>
  html`<section class="card part" aria-label="Connections">
    <h2>Connections</h2>
    <ul class="lines">
      ${(groups ?? []).map(
        (group) =>
          html`<li>
            <span>
              <b class="number">${count(group.count)}</b> ${group.state} ·${" "}
              ${untrusted(group.application || "unnamed program")} ${" "}<small
                >as ${untrusted(group.userName)}</small
              >
            </span>
            <small>for up to ${duration(group.longestSeconds)}</small>
          </li>`,
      )}
    </ul>
  </section>`;

/** @param {{ locks: Current["locks"] | undefined }} props */
const Locks = ({ locks }) =>
  html`<section class="card part" aria-label="Locks">
    <h2>Locks</h2>
    ${locks?.length === 0 && html`<p>No session is waiting for a lock.</p>`}
    <ul class="lines">
      ${(locks ?? []).map(
        (lock) =>
          html`<li>
            <span>
              <b>${lock.waiting.pid}</b> (${untrusted(lock.waiting.application)}) waits${" "}
              ${duration(lock.waitedSeconds)}
              ${lock.table && html` for <b>${untrusted(lock.table)}</b>`}${" "}
              <code>${untrusted(lock.waiting.statement)}</code>
              ${lock.holders.map(
                (holder) =>
                  html`<br />${"held by "}<b>${holder.pid}</b>
                    ${" ("}${untrusted(holder.application)}${`, ${holder.state}) `}
                    <code>${untrusted(holder.statement)}</code>`,
              )}
            </span>
          </li>`,
      )}
    </ul>
  </section>`;

/** @param {{ transactions: Current["transactions"] | undefined }} props */
const Transactions = ({ transactions }) =>
  html`<section class="card part" aria-label="Long transactions">
    <h2>Long transactions</h2>
    ${transactions?.length === 0 && html`<p>No transaction has been open for more than a minute.</p>`}
    <ul class="lines">
      ${(transactions ?? []).map(
        (one) =>
          html`<li>
            <span
              ><b>${one.pid}</b> (${untrusted(one.application)}, ${one.state})${" "}
              <code>${untrusted(one.statement)}</code></span
            >
            <small>open for ${duration(one.transactionSeconds)}</small>
          </li>`,
      )}
    </ul>
  </section>`;
