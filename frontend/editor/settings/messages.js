// @ts-check
/** Messages that a script has not received: those that wait, and dead letters. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { count, size } from "../../lib/format.js";
import { ask } from "../../lib/gql.js";
import { useQuery, useRefresh } from "../../lib/load.js";
import { Ask, Due, say, sayRefused, Time } from "../../lib/parts.js";
import { oneLine, untrusted, untrustedLines } from "../../lib/untrusted-text.js";
import { dotted, Items, Turner, usePages } from "./parts.js";

/** @typedef {import("../../lib/parts.js").Question} Question */
/** @typedef {import("../../types/documents").ScriptMessagesData["scriptMessages"]["nodes"][number]} Message */
/** @typedef {import("../../types/schema").ScriptMessageState} MessageState */

const RELOAD_EVERY_MS = 10_000;

const MESSAGES = gql(`query ScriptMessages(
  $slug: String!, $state: ScriptMessageState!, $after: String
) {
  scriptMessages(slug: $slug, state: $state, first: 20, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      id type sender data dataSize attempt isRunning nextAttemptAt problem sentAt diedAt
    }
  }
}`);
const RETRY = gql(`mutation RetryScriptMessages($input: ScriptMessagesInput!) {
  retryScriptMessages(input: $input) { count }
}`);
const DISCARD = gql(`mutation DiscardScriptMessages($input: ScriptMessagesInput!) {
  discardScriptMessages(input: $input) { count }
}`);

/** @type {readonly { state: MessageState, label: string, none: string }[]} */
const CHOICES = [
  { state: "DEAD", label: "Dead letters", none: "No dead letters." },
  { state: "PENDING", label: "Pending", none: "No messages wait." },
];

/** @param {import("./parts.js").SettingProps} props */
export function Messages({ slug }) {
  const [state, setState] = useState(/** @type {MessageState} */ ("DEAD"));
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const pages = usePages();
  const list = useQuery(MESSAGES, { slug, state, after: pages.after });
  useRefresh(list.reload, RELOAD_EVERY_MS);
  const page = list.data?.scriptMessages;
  const retry = async (/** @type {string[] | null} */ ids) => {
    try {
      const done = await ask(RETRY, { input: { slug, ids } });
      say(`${count(done.retryScriptMessages.count, "message")} will be delivered again.`);
      pages.first();
      await list.reload();
    } catch (refused) {
      sayRefused(refused);
    }
  };
  const discard = (/** @type {string[] | null} */ ids) =>
    setAsked({
      title: ids ? "Discard this message?" : "Discard all dead letters?",
      text: "Discarded messages can't be restored.",
      verb: "Discard",
      danger: true,
      run: async () => {
        const done = await ask(DISCARD, { input: { slug, ids } });
        say(`${count(done.discardScriptMessages.count, "message")} discarded.`);
        pages.first();
        await list.reload();
      },
    });
  const show = (/** @type {MessageState} */ wanted) => {
    pages.first();
    setState(wanted);
  };
  return html`<div class="segments" role="group" aria-label="Kind of messages">
      ${CHOICES.map(
        (one) =>
          html`<button aria-pressed=${String(one.state === state)} onClick=${() => show(one.state)}>
            ${one.label}
          </button>`,
      )}
    </div>
    <${Items}
      label="Messages"
      items=${page?.nodes}
      none=${CHOICES.find((one) => one.state === state)?.none ?? ""}
      query=${list}
    >
      ${(/** @type {Message} */ one) =>
        html`<${Line}
          key=${one.id}
          message=${one}
          retry=${() => retry([one.id])}
          discard=${() => discard([one.id])}
        />`}
    <//>
    <${Turner} of="messages" pages=${pages} page=${page} isStale=${list.isStale} />
    ${
      state === "DEAD" &&
      Boolean(page?.totalCount) &&
      html`<p class="does">
        <button class="btn small" onClick=${() => retry(null)}>Retry all</button>
        <button class="btn small remove" onClick=${() => discard(null)}>Discard all</button>
      </p>`
    }
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}

/** @param {{ message: Message, retry: () => void, discard: () => void }} props */
function Line({ message, retry, discard }) {
  const { type, sender, data, dataSize, attempt, isRunning, nextAttemptAt, diedAt } = message;
  return html`<li>
    <span class="about">
      <b>${oneLine(type)}</b>
      <small>
        ${dotted(
          html`from ${untrusted(sender)}`,
          html`sent <${Time} iso=${message.sentAt} />`,
          size(dataSize),
        )}
      </small>
      <small>
        ${dotted(
          count(attempt, "attempt"),
          diedAt
            ? html`given up <${Time} iso=${diedAt} />`
            : isRunning
              ? "being delivered"
              : html`next attempt: <${Due} iso=${nextAttemptAt} />`,
        )}
      </small>
      ${message.problem && html`<small class="bad">${untrusted(message.problem)}</small>`}
      <details>
        <summary>Data</summary>
        <pre>${untrustedLines(data)}</pre>
      </details>
    </span>
    ${
      diedAt &&
      html`<span class="does">
        <button class="btn small" aria-label=${`Retry ${type}`} onClick=${retry}>Retry</button>
        <button class="btn small remove" aria-label=${`Discard ${type}`} onClick=${discard}>
          Discard
        </button>
      </span>`
    }
  </li>`;
}
