// @ts-check
/** Where a list of the manager's lies that is paged by its address: total, rows of a page, buttons. */
import { html } from "htm/preact";
import { count } from "./format.js";
import { goBack } from "./router.js";

/**
 * @param {{
 *   noun: string,
 *   sizes: readonly string[],
 *   state: { size: string, after: string },
 *   setState: (change: { size?: string, after: string }) => void,
 *   page: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null } }
 *     | undefined,
 * }} props noun: what is listed; sizes: the rows that a page may have
 */
export function Pager({ noun, sizes, state, setState, page }) {
  const next = () => setState({ after: page?.pageInfo.endCursor ?? "" });
  return html`<div class="pager">
    <span>${page ? count(page.totalCount, noun) : "Loading…"}</span>
    <span class="end">
      <label>
        Rows${" "}
        <select
          value=${state.size}
          onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
            setState({ size: target.value, after: "" })}
        >
          ${sizes.map((size) => html`<option value=${size}>${size}</option>`)}
        </select>
      </label>
      ${state.after && html`<button class="btn small" onClick=${() => setState({ after: "" })}>First</button>`}
      <button class="btn small" disabled=${!state.after} onClick=${goBack}>Previous</button>
      <button class="btn small" disabled=${!page?.pageInfo.hasNextPage} onClick=${next}>
        Next
      </button>
    </span>
  </div>`;
}
