// @ts-check
/** The runs of this visit. */
import { html } from "htm/preact";
import { clock, durationOfMs } from "../../lib/format.js";
import { onOneLine } from "../../lib/untrusted-text.js";
import { Status } from "./answer.js";

/**
 * @typedef {{ number: number, label: string, request: import("./requests.js").Request | null,
 *   answer: import("./documents.js").RunAnswer, at: string }} Sent
 *   request: null when it was a visitor's
 */

/** @param {{ runs: readonly Sent[], open: (sent: Sent) => void }} props */
export function RecentRuns({ runs, open }) {
  if (!runs.length) return html`<p class="panel-empty">Nothing was run since you opened this.</p>`;
  return html`<ul class="run-list">
    ${runs.map(
      (sent) =>
        html`<li key=${sent.number}>
          <button class="run-open" onClick=${() => open(sent)}>
            <code>${onOneLine(sent.label)}</code>
            <small>
              <${Status} status=${sent.answer.status} />${" "}
              ${durationOfMs(sent.answer.milliseconds)}, ${clock(sent.at)}
            </small>
          </button>
        </li>`,
    )}
  </ul>`;
}
