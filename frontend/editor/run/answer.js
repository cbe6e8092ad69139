// @ts-check
/** The answer to a request: status, time, body, headers and the lines that it logged. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { count, durationOfMs, size } from "../../lib/format.js";
import { onOneLine } from "../../lib/untrusted-text.js";
import { From, Said } from "../log/said.js";
import { showLogOf } from "../log/wanted.js";
import { Body, kindOf, typeOf } from "./body.js";
import { say } from "../../lib/parts.js";

/**
 * @typedef {import("./documents.js").RunAnswer} RunAnswer
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 */

const LEAST_FAILURE = 400;

/** @param {{ status: number }} props */
export const Status = ({ status }) =>
  html`<span class="badge ${status >= LEAST_FAILURE ? "bad" : "good"}">${status}</span>`;

/** @param {{ answer: RunAnswer, workspace: Workspace }} props */
export function Answer({ answer, workspace }) {
  const [view, setView] = useState("body");
  const isRendered = ["page", "image", "json"].includes(kindOf(answer));
  const views = [
    { id: "body", label: isRendered ? "Rendered" : "Body" },
    ...(isRendered && answer.body !== null ? [{ id: "raw", label: "Raw" }] : []),
    { id: "headers", label: "Headers" },
    { id: "log", label: `Log (${count(answer.log.length)})` },
  ];
  const shown = views.some(({ id }) => id === view) ? view : "body";
  return html`<section class="run-answer" aria-label="Answer">
    <p class="run-facts" role="status">
      <${Status} status=${answer.status} />
      <span>${durationOfMs(answer.milliseconds)}</span>
      <span>${size(answer.bodySize)}</span>
      <span>version ${answer.version}</span>
      <span>request ${onOneLine(answer.requestId)}</span>
    </p>
    <div class="run-acts">
      <span class="segments" role="group" aria-label="Parts of the answer">
        ${views.map(
          ({ id, label }) =>
            html`<button
              key=${id}
              aria-pressed=${String(id === shown)}
              onClick=${() => setView(id)}
            >
              ${label}
            </button>`,
        )}
      </span>
      ${
        answer.body &&
        html`<button class="btn small" onClick=${() => void copy(answer.body ?? "", "Body")}>
          Copy body
        </button>`
      }
    </div>
    ${
      typeOf(answer) === "text/event-stream" &&
      html`<p class="notice" role="status">
        This is an event stream. Follow live shows its events as they come.
      </p>`
    }
    ${(shown === "body" || shown === "raw") && html`<${Body} answer=${answer} isRaw=${shown === "raw"} />`}
    ${shown === "headers" && html`<${Headers} answer=${answer} />`}
    ${shown === "log" && html`<${Lines} answer=${answer} workspace=${workspace} />`}
  </section>`;
}

/** Copies a text, and says so. @param {string} text @param {string} what */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied.`);
  } catch {
    // Browsers refuse it on plain http beyond this machine.
    say("Copying failed. Select the text instead.");
  }
}

/** @param {{ answer: Pick<RunAnswer, "headers"> }} props */
export const Headers = ({ answer }) =>
  html`<dl class="run-headers">
    ${answer.headers.map(
      ({ name, value }, place) =>
        html`<div key=${place}>
          <dt>${onOneLine(name)}</dt>
          <dd>${onOneLine(value)}</dd>
        </div>`,
    )}
  </dl>`;

/** @param {{ answer: Pick<RunAnswer, "log" | "requestId">, workspace: Workspace }} props */
export function Lines({ answer, workspace }) {
  const { log, requestId } = answer;
  if (!log.length) return html`<p class="panel-empty">The script logged nothing.</p>`;
  return html`<ol class="run-lines" aria-label="Lines of this request">
      ${log.map(
        (line, place) =>
          html`<li key=${place}>
            <span class="level ${line.level.toLowerCase()}">${line.level.toLowerCase()}</span>
            <${Said} line=${line} workspace=${workspace} />
            <${From} line=${line} workspace=${workspace} />
          </li>`,
      )}
    </ol>
    <p>
      <button class="btn small" onClick=${() => showLogOf(workspace.slug, requestId)}>
        Show in Log
      </button>
    </p>`;
}
