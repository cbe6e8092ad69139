// @ts-check
/** The details of a log line. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { ROOT } from "../lib/router.js";
import { untrustedLines } from "../lib/untrusted-text.js";
import { around } from "./log-filter.js";
import { traceLines, traceOf } from "./trace.js";

/** @param {{ line: import("./log-lines.js").Line }} props */
export function Details({ line }) {
  const { requestId, userId } = line;
  const trace = traceOf(line.fields);
  return html`<div class="more">
    <p class="links">
      <a href="${ROOT}/logs?line=${line.id}">Link to this line</a>
      ${
        requestId &&
        html`<a
            href="${ROOT}/logs?${new URLSearchParams({ request: requestId, ...around(line.at) })}"
            >Lines of this request</a
          >
          <a href="${ROOT}/audit?q=${encodeURIComponent(requestId)}">Audit events</a>`
      }
      ${userId && html`<a href="${ROOT}/users/${userId}">User</a>`}
    </p>
    ${trace && html`<${Trace} trace=${trace} />`}
    <pre>${untrustedLines(stored(line.line))}</pre>
  </div>`;
}

/** @param {{ trace: string }} props */
function Trace({ trace }) {
  const [copied, setCopied] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(trace);
      setCopied("Copied.");
    } catch {
      // Browsers refuse it on plain http beyond this machine.
      setCopied("Copying failed. Select the text instead.");
    }
  };
  return html`<section class="trace" aria-label="Traceback">
    <p class="links">
      <b>Traceback</b>
      <button type="button" class="btn small" onClick=${copy}>Copy</button>
      <span role="status">${copied}</span>
    </p>
    <pre tabindex="0" role="group" aria-label="Traceback; the engine's own frames are marked">
${traceLines(trace).map(
        ({ text, own }) =>
          html`<span class=${own ? "own" : ""}
            >${own ? "▸ " : "  "}${untrustedLines(text)}${"\n"}</span
          >`,
      )}</pre>
  </section>`;
}

/** The line as it is stored, without the trace that stands above. @param {string} text */
function stored(text) {
  try {
    const { exception, stack_info, ...rest } = /** @type {Record<string, unknown>} */ (
      JSON.parse(text)
    );
    const kept = typeof exception === "string" || exception === undefined ? {} : { exception };
    const stack = typeof stack_info === "string" || stack_info === undefined ? {} : { stack_info };
    return JSON.stringify({ ...rest, ...kept, ...stack }, null, 2);
  } catch {
    return text;
  }
}
