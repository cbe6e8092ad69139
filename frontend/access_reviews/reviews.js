// @ts-check
/** The list of access reviews. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { Time } from "../lib/parts.js";
import { Table } from "../lib/table.js";
import { count } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";

export const REVIEW_SUMMARY = gql(`fragment ReviewSummary on AccessReview {
  id startedAt startedBy finishedAt finishedBy open kept revoked gone
}`);

/** @typedef {import("../types/documents").ReviewSummary} AccessReview */

/** @param {{ reviews: AccessReview[] | undefined, show: (id: string) => void }} props */
export function Past({ reviews, show }) {
  if (!reviews?.length) return null;
  return html`<section class="card" aria-label="Reviews">
    <div class="bar"><h2>Reviews</h2></div>
    <${Table}
      label="Reviews"
      heads=${["Review", "Started", "Finished", "Result", "Actions"]}
      rows=${reviews}
      row=${(/** @type {AccessReview} */ one) =>
        html`<tr key=${one.id}>
          <td><b>${one.id}</b></td>
          <td class="when"><${Time} iso=${one.startedAt} /> by ${untrusted(one.startedBy)}</td>
          <td class="when">
            <${Time} iso=${one.finishedAt} none="open" />
            ${one.finishedBy && html` by ${untrusted(one.finishedBy)}`}
          </td>
          <td>${figures(one)}</td>
          <td>
            <button class="btn small" onClick=${() => show(one.id)}>
              Show<span class="visually-hidden"> review ${one.id}</span>
            </button>
          </td>
        </tr>`}
    />
  </section>`;
}

/** @param {AccessReview} one */
const figures = (one) =>
  `${count(one.kept)} kept, ${count(one.revoked)} revoked, ${count(one.gone)} gone, ${count(one.open)} open`;
