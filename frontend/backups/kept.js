// @ts-check
/** What a restore did not bring back, and the access review that it opened. */
import { html } from "htm/preact";
import { ROOT } from "../lib/router.js";
import { untrusted } from "../lib/untrusted-text.js";

const NOT_COMPARED = {
  unreadable: "The replaced database could not be read.",
  other_history: "The replaced database has no history in common with the backup.",
};
const NO_ADMINISTRATOR =
  "There is no active administrator. Run `aiwebengine users grant EMAIL Administrator` on the server.";

/** @param {{ details: import("./runs.js").RunDetails }} props */
export function Kept({ details }) {
  const lines = details.not_brought_back ?? [];
  const removals = details.removals ?? 0;
  const reason = NOT_COMPARED[/** @type {keyof typeof NOT_COMPARED} */ (details.comparison)];
  return html`<div class="kept">
    ${
      reason &&
      html`<p class="problem">
        ${reason} Removals after the backup may be undone; all sessions were ended.
      </p>`
    }
    ${details.administrators === 0 && html`<p class="problem">${NO_ADMINISTRATOR}</p>`}
    ${
      lines.length > 0 &&
      html`<details>
        <summary>Not restored: ${removals}</summary>
        <ul>
          ${lines.map((line) => html`<li>${untrusted(line)}</li>`)}
        </ul>
        ${removals > lines.length && html`<p>${removals - lines.length} more</p>`}
      </details>`
    }
    <a href="${ROOT}/maintenance/review?id=${details.access_review}"
      >Access review ${details.access_review}</a
    >
  </div>`;
}
