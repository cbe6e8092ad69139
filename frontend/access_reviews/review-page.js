// @ts-check
/** The access review page: who holds which role, and whether they keep it. */
import { html } from "htm/preact";
import { useReducer, useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { ask } from "../lib/gql.js";
import { useListener } from "../lib/listener.js";
import { useQuery } from "../lib/load.js";
import { Ask, Failure, PageTurner, say, sayRefused, Top } from "../lib/parts.js";
import { ROOT, useParameters } from "../lib/router.js";
import { Table } from "../lib/table.js";
import { count } from "../lib/format.js";
import { choicesOf, keyOf, portions } from "./choices.js";
import { ENTRY, Entry } from "./review-entry.js";
import { Past, REVIEW_SUMMARY } from "./reviews.js";

/** @typedef {import("../types/documents").ReviewEntryFields} AccessReviewEntry */
/** @typedef {import("../types/documents").AccessReviewData} AccessReviewData */
/** @typedef {NonNullable<AccessReviewData["accessReview"]>} Review */
/** @typedef {import("../lib/parts.js").Question} Question */
/** @typedef {import("./review-entry.js").Choose} Choose */
/** @typedef {typeof DEFAULTS} State */
/** @typedef {import("../lib/router.js").SetParameters<State>} SetState */

const DEFAULTS = { id: "", show: "open", after: "" };
const REVIEW = gql(
  `query AccessReview($id: ID, $after: String, $onlyOpen: Boolean!) {
    accessReview(id: $id) {
      id finishedAt total open kept revoked gone
      entries(first: 50, after: $after, onlyOpen: $onlyOpen) {
        totalCount pageInfo { hasNextPage endCursor } nodes { ...ReviewEntryFields }
      }
    }
    accessReviews(first: 20) { nodes { ...ReviewSummary } }
  }`,
  ENTRY,
  REVIEW_SUMMARY,
);
const START = gql(`mutation StartAccessReview {
  startAccessReview(input: {}) { review { id } }
}`);
const SUBMIT = gql(`mutation SubmitAccessReview($input: SubmitAccessReviewInput!) {
  submitAccessReview(input: $input) { entries { userId role outcome } }
}`);

export function ReviewPage() {
  const [state, setState] = useParameters(DEFAULTS);
  const onlyOpen = state.show === "open";
  const list = useQuery(REVIEW, { id: state.id || null, after: state.after || null, onlyOpen });
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const [, redraw] = useReducer((/** @type {number} */ n) => n + 1, 0);
  const review = list.data?.accessReview;
  const choices = choicesOf(review?.id ?? "");
  useWarning(choices.size > 0);

  const begin = async () => {
    try {
      await ask(START);
      setState({ ...DEFAULTS });
      list.reload();
    } catch (error) {
      sayRefused(error);
    }
  };
  /** @type {Choose} */
  const choose = (entry, choice) => {
    const { userId, role } = entry;
    if (choice) choices.set(keyOf(entry), { userId, role, ...choice });
    else choices.delete(keyOf(entry));
    redraw(0);
  };
  const keepAll = () => {
    for (const entry of review?.entries.nodes ?? [])
      if (isOpen(entry) && !choices.has(keyOf(entry)))
        choose(entry, { decision: "KEEP", note: "" });
  };
  const submit = async () => {
    if (!review) return;
    let refused = 0;
    for (const decisions of portions(choices.values())) {
      const done = await ask(SUBMIT, { input: { reviewId: review.id, decisions } });
      for (const entry of done.submitAccessReview.entries) {
        choices.delete(keyOf(entry));
        refused += Number(entry.outcome === "REFUSED");
      }
    }
    say(
      refused
        ? `${count(refused, "role")} could not be revoked. The list shows why.`
        : "Decisions submitted.",
    );
    // The decided entries have left the list, so the cursor of this page is not valid any more.
    setState({ id: review.id, after: "" });
    list.reload();
  };
  const revoked = [...choices.values()].filter((one) => one.decision === "REVOKE").length;
  const confirm = () =>
    setAsked({
      title: `Submit ${count(choices.size, "decision")}?`,
      text: revoked
        ? `This revokes ${count(revoked, "role")} immediately. Other roles stay unchanged.`
        : "No role is revoked.",
      verb: revoked ? `Revoke ${count(revoked)} and submit` : "Submit",
      danger: revoked > 0,
      run: submit,
    });

  return html`<${Top} title="Access review" text="Review who holds which role.">
      <a class="btn glass" href="${ROOT}/maintenance">Maintenance</a>
    <//>
    ${list.error && html`<${Failure} error=${list.error} retry=${list.reload} />`}
    ${
      review
        ? html`<section class="card" aria-label="Review ${review.id}">
            <${Progress} review=${review} />
            <${Bar}
              review=${review}
              state=${state}
              setState=${setState}
              size=${choices.size}
              keepAll=${keepAll}
              confirm=${confirm}
            />
            <${Entries} list=${list} review=${review} choices=${choices} choose=${choose} />
            <${Pager}
              review=${review}
              state=${state}
              setState=${setState}
              isStale=${list.isStale}
            />
          </section>`
        : html`<section class="card empty" aria-label="Review">
            ${
              list.loading && !list.data
                ? html`<span class="skeleton"></span>`
                : html`<b>No open review</b>
                    <span>A review lists all current editors and administrators.</span>
                    <button class="btn primary" onClick=${begin}>Start review</button>`
            }
          </section>`
    }
    <${Past}
      reviews=${list.data?.accessReviews.nodes}
      show=${(/** @type {string} */ id) => setState({ id, show: "all", after: "" })}
    />
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}

/** @param {AccessReviewEntry} entry */
const isOpen = (entry) => entry.outcome === null || entry.outcome === "REFUSED";

/** Asks before unsaved choices are lost. @param {boolean} unsaved */
function useWarning(unsaved) {
  useListener(window, "beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
}

/** @param {{ review: Review }} props */
function Progress({ review }) {
  const { total, open, kept, revoked, gone } = review;
  const figures =
    `${count(total - open)} of ${count(total)} decided: ${count(kept)} kept,` +
    ` ${count(revoked)} revoked, ${count(gone)} gone`;
  return html`<div class="bar progress">
    <h2>
      Review ${review.id} ${review.finishedAt && html`<span class="badge ok">Finished</span>`}
    </h2>
    <progress aria-label="Decided" max=${total || 1} value=${total - open}></progress>
    <span>${figures}</span>
  </div>`;
}

/**
 * @param {{ review: Review, state: State, setState: SetState, size: number, keepAll: () => void,
 *   confirm: () => void }} props
 */
function Bar({ review, state, setState, size, keepAll, confirm }) {
  const show = (/** @type {string} */ which, /** @type {string} */ label) =>
    html`<button
      aria-pressed=${String(state.show === which)}
      onClick=${() => setState({ show: which, after: "" })}
    >
      ${label}
    </button>`;
  return html`<div class="bar">
    <div class="segments" role="group" aria-label="Show">
      ${show("open", "Undecided")}${show("all", "All")}
    </div>
    ${
      !review.finishedAt &&
      html`<div class="end">
        <button class="btn" onClick=${keepAll}>Keep all shown</button>
        <button class="btn primary" disabled=${size === 0} onClick=${confirm}>
          Submit ${count(size)}
        </button>
      </div>`
    }
  </div>`;
}

/**
 * @param {{ list: { loading: boolean }, review: Review, choices: ReturnType<typeof choicesOf>,
 *   choose: Choose }} props
 */
function Entries({ list, review, choices, choose }) {
  if (review.entries.nodes.length === 0)
    return html`<div class="empty"><b>No undecided roles</b></div>`;
  return html`<${Table}
    label="Roles"
    heads=${["User", "Role", "Granted", "Last seen", "Decision"]}
    widths=${["", "9.5rem", "24%", "10rem", "24%"]}
    rows=${review.entries.nodes}
    row=${(/** @type {AccessReviewEntry} */ entry) =>
      html`<${Entry}
        key=${keyOf(entry)}
        entry=${entry}
        isOpen=${isOpen(entry) && !review.finishedAt}
        choice=${choices.get(keyOf(entry))}
        choose=${choose}
      />`}
    isBusy=${list.loading}
  />`;
}

/** @param {{ review: Review, state: State, setState: SetState, isStale: boolean }} props */
function Pager({ review, state, setState, isStale }) {
  const { totalCount } = review.entries;
  const file = (/** @type {string} */ format) =>
    `/api/engine/admin/reviews/${review.id}?format=${format}`;
  return html`<div class="pager">
    <span>
      ${count(totalCount, "role")}. Download as <a href=${file("csv")} download>CSV</a> or${" "}
      <a href=${file("ndjson")} download>NDJSON</a>
    </span>
    <${PageTurner}
      page=${review.entries}
      after=${state.after}
      isStale=${isStale}
      turn=${(/** @type {string} */ after) => setState({ after })}
    />
  </div>`;
}
