// @ts-check
/** Where a list of the manager's lies that is paged by its address: total, rows of a page, buttons. */
import { html } from "htm/preact";
import { count } from "./format.js";
import { PageTurner } from "./parts.js";

/**
 * @param {{
 *   noun: string,
 *   sizes: readonly string[],
 *   state: { size: string, after: string },
 *   setState: (change: { size?: string, after: string }) => void,
 *   page: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null } }
 *     | undefined,
 *   isStale: boolean,
 * }} props noun: what is listed; sizes: the rows that a page may have; isStale: another page is asked for
 */
export function Pager({ noun, sizes, state, setState, page, isStale }) {
  return html`<div class="pager">
    <span>${page ? count(page.totalCount, noun) : "Loading…"}</span>
    <${PageTurner}
      page=${page}
      after=${state.after}
      isStale=${isStale}
      turn=${(/** @type {string} */ after) => setState({ after })}
    >
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
    <//>
  </div>`;
}
