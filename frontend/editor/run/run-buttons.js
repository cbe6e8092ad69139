// @ts-check
/** What can be done with the request of the form. */
import { html } from "htm/preact";
import { onOneLine } from "../../lib/untrusted-text.js";

/** @type {Record<import("./requests.js").Kind, string>} */
const VERBS = { answer: "Run", stream: "Open stream", socket: "Connect" };

/**
 * @param {{ kind: import("./requests.js").Kind, isBusy: boolean, isDeployed: boolean,
 *   host: string | null, page: string | null, stop: () => void, follow: () => void,
 *   copyCurl: () => void }} props
 *   host: that the script is bound to; page: address of the answer for a new tab
 */
export function RunButtons({ kind, isBusy, isDeployed, host, page, stop, follow, copyCurl }) {
  // Another origin: neither the page's policy nor the script's answers let it be read here.
  const isElsewhere = kind !== "answer" && host !== null;
  return html`<div class="run-acts">
      <button
        class="btn primary"
        disabled=${isBusy || !isDeployed || isElsewhere}
        title=${`${VERBS[kind]} (Ctrl+Enter)`}
      >
        ${isBusy ? "Running …" : VERBS[kind]}
      </button>
      ${isBusy && html`<button type="button" class="btn" onClick=${stop}>Stop</button>`}
      ${
        kind === "answer" &&
        host === null &&
        html`<button
          type="button"
          class="btn"
          disabled=${!isDeployed}
          title="Send it from this browser, and read the answer as it comes"
          onClick=${follow}
        >
          Follow live
        </button>`
      }
      ${
        kind !== "socket" &&
        html`<button type="button" class="btn" onClick=${copyCurl}>Copy as curl</button>`
      }
      ${
        page !== null &&
        kind === "answer" &&
        html`<a class="btn" href=${page} target="_blank" rel="noopener noreferrer">
          Open in a new tab
        </a>`
      }
    </div>
    ${
      isElsewhere &&
      html`<p class="run-hint">
        The script is bound to ${onOneLine(host)}. Browsers let no page of the engine read a
        connection to another host.${kind === "stream" ? " Copy as curl gives a command." : ""}
      </p>`
    }`;
}
