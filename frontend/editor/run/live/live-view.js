// @ts-check
/** A connection of the panel Run: its state, what came, and what can be done with it. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { count, durationOfMs, size } from "../../../lib/format.js";
import { untrusted } from "../../../lib/untrusted-text.js";
import { useScriptLog } from "../../log/use-script-log.js";
import { showLogOf } from "../../log/wanted.js";
import { Headers, Lines, Status } from "../answer.js";
import { Body } from "../body.js";
import { FollowedRequest } from "./followed-request.js";
import { FollowedSocket } from "./followed-socket.js";
import { LiveRows } from "./live-rows.js";
import { MessageForm } from "./message-form.js";

/**
 * @typedef {import("./connection.js").Connection} Connection
 * @typedef {import("../../workspace/files.js").Workspace} Workspace
 */

/** @type {Record<import("./connection.js").State, { words: string, tone: string }>} */
const STATES = {
  connecting: { words: "Connecting", tone: "" },
  open: { words: "Open", tone: "good" },
  ended: { words: "Ended by the server", tone: "" },
  stopped: { words: "Stopped", tone: "" },
  failed: { words: "Failed", tone: "bad" },
};

/**
 * @param {{ connection: Connection, workspace: Workspace, stop: () => void,
 *   resume: (before: FollowedRequest) => void }} props
 *   resume: opens the stream again after the last event that came
 */
export function LiveView({ connection, workspace, stop, resume }) {
  const { words, tone } = STATES[connection.state];
  const isRequest = connection instanceof FollowedRequest;
  return html`<section class="run-answer" aria-label="Live">
    <div class="run-facts">
      <span class="run-facts" role="status">
        <span class="badge ${tone}">${words}</span>
        ${connection.why && html`<span>${untrusted(connection.why)}</span>`}
      </span>
      <code>${untrusted(connection.label)}</code>
      ${isRequest && html`<${RequestFacts} request=${connection} />`}
      ${connection instanceof FollowedSocket && html`<${SocketFacts} socket=${connection} />`}
    </div>
    <div class="run-acts">
      ${!connection.isOver && html`<button class="btn" onClick=${stop}>Stop</button>`}
      ${
        isRequest &&
        connection.isOver &&
        connection.events.lastEventId &&
        html`<button class="btn" onClick=${() => resume(connection)}>Resume</button>`
      }
    </div>
    ${
      isRequest
        ? html`<${RequestView} request=${connection} workspace=${workspace} />`
        : html`<${SocketView} socket=${connection} slug=${workspace.slug} />`
    }
  </section>`;
}

/** @param {{ request: FollowedRequest }} props */
function RequestFacts({ request }) {
  const { response, rows, events, bytes, requestId } = request;
  if (!response) return null;
  return html`<${Status} status=${response.status} />
    ${request.isEvents && html`<span>${count(rows.total, "event")}</span>`}
    <span>${size(bytes)}</span>
    ${events.comments > 0 && html`<span>${count(events.comments, "comment")}</span>`}
    ${events.retry !== null && html`<span>retry ${durationOfMs(events.retry)}</span>`}
    ${events.lastEventId && html`<span>last event ID ${untrusted(events.lastEventId)}</span>`}
    ${requestId && html`<span>request ${untrusted(requestId)}</span>`}`;
}

/** @param {{ socket: FollowedSocket }} props */
const SocketFacts = ({ socket: { rows, protocol, closed } }) =>
  html`<span>${count(rows.total, "message")}</span>
    ${protocol && html`<span>protocol ${untrusted(protocol)}</span>`}
    ${closed?.reason && html`<span>reason: ${untrusted(closed.reason)}</span>`}`;

/** @param {{ request: FollowedRequest, workspace: Workspace }} props */
function RequestView({ request, workspace }) {
  const [view, setView] = useState("body");
  const { response, left } = request;
  const views = [
    { id: "body", label: request.isEvents ? "Events" : "Body" },
    { id: "headers", label: "Headers" },
    { id: "log", label: "Log" },
  ];
  const headers = [...(response?.headers ?? [])].map(([name, value]) => ({ name, value }));
  return html`${
    left.length > 0 &&
    html`<p class="notice">Browsers do not send these headers: ${untrusted(left.join(", "))}.</p>`
  }
  ${
    response &&
    html`<span class="segments" role="group" aria-label="Parts of the answer">
      ${views.map(
        ({ id, label }) =>
          html`<button key=${id} aria-pressed=${String(id === view)} onClick=${() => setView(id)}>
            ${label}
          </button>`,
      )}
    </span>`
  }
  ${response && view === "body" && (request.isEvents ? html`<${LiveRows} kept=${request.rows} noun="event" />` : html`<${Text} request=${request} headers=${headers} />`)}
  ${view === "headers" && html`<${Headers} answer=${{ headers }} />`}
  ${view === "log" && request.requestId && html`<${Log} requestId=${request.requestId} workspace=${workspace} />`}`;
}

/** @param {{ request: FollowedRequest, headers: { name: string, value: string }[] }} props */
function Text({ request, headers }) {
  const { text, bytes, requestId, isOver, state } = request;
  if (!text && !isOver) return html`<p class="panel-empty">Nothing has come yet.</p>`;
  const isTruncated = isOver && state !== "ended";
  const answer = { headers, body: text, bodyBase64: null, bodySize: bytes, isTruncated, requestId };
  return html`<${Body} answer=${answer} isRaw=${true} />`;
}

/** What the script logged during the request, as it comes. @param {{ requestId: string, workspace: Workspace }} props */
function Log({ requestId, workspace }) {
  const wanted = { slug: workspace.slug, search: "", level: null, request: requestId };
  const { lines, isLoading, error } = useScriptLog({ ...wanted, isPaused: false });
  if (error) return html`<p class="notice bad" role="alert">${untrusted(error.message)}</p>`;
  if (isLoading && !lines.length)
    return html`<p class="panel-empty" role="status">Loading the log …</p>`;
  return html`<${Lines} answer=${{ log: lines.toReversed(), requestId }} workspace=${workspace} />`;
}

/** @param {{ socket: Connection, slug: string }} props */
function SocketView({ socket, slug }) {
  return html`${
      socket instanceof FollowedSocket &&
      !socket.isOver &&
      html`<${MessageForm}
        isOpen=${socket.state === "open"}
        send=${(/** @type {string} */ text) => socket.send(text)}
      />`
    }
    <${LiveRows} kept=${socket.rows} noun="message" />
    <p class="run-hint">
      Browsers do not say the request ID of a WebSocket.${" "}
      <button class="btn small" onClick=${() => showLogOf(slug, "")}>Show in Log</button>
    </p>`;
}
