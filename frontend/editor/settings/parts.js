// @ts-check
/** What the parts of a script's settings are made of. The manager shows them as cards. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Failure, say } from "../../lib/parts.js";

/**
 * What each part gets.
 * @typedef {{
 *   slug: string,
 *   isAdministrator: boolean,
 *   mayChange: boolean,
 *   changed: () => void,
 * }} SettingProps
 *   mayChange: whether the viewer owns the script or is an administrator; changed: call it after a
 *   change
 */

/**
 * A list with its three other states: loading, empty and failed.
 * @template T
 * @param {{ label: string, items: readonly T[] | undefined, none: string,
 *   query: { error: import("../../lib/refusal.js").Refusal | null, reload: () => unknown },
 *   children: (one: T) => unknown }} props none: what an empty list means, and what to do
 */
export const Items = ({ label, items, none, query, children }) =>
  html`${query.error && html`<${Failure} error=${query.error} retry=${query.reload} />`}
  ${
    items
      ? items.length > 0
        ? html`<ul class="items" aria-label=${label}>
            ${items.map(children)}
          </ul>`
        : html`<p class="none">${none}</p>`
      : !query.error &&
        html`<p class="loading" role="status">
          <span class="visually-hidden">Loading…</span><span class="skeleton"></span>
        </p>`
  }`;

/**
 * The pages of a list that is not the whole page, so its place is not in the address.
 * @returns {{ after: string | null, next: (cursor: string | null) => void, back: () => void,
 *   first: () => void }}
 */
export function usePages() {
  const [cursors, setCursors] = useState(/** @type {string[]} */ ([]));
  return {
    after: cursors.at(-1) ?? null,
    next: (cursor) => cursor && setCursors((before) => [...before, cursor]),
    back: () => setCursors((before) => before.slice(0, -1)),
    first: () => setCursors([]),
  };
}

/**
 * Buttons for the pages of `usePages`; nothing while there is one page.
 * @param {{ of: string, pages: ReturnType<typeof usePages>,
 *   page: { pageInfo: { hasNextPage: boolean, endCursor: string | null } } | undefined,
 *   isStale: boolean }} props
 *   of: what is listed; isStale: another page is asked for, whose next one is not known yet
 */
export const Turner = ({ of, pages, page, isStale }) =>
  (pages.after !== null || page?.pageInfo.hasNextPage) &&
  html`<p class="turner">
    <button
      class="btn small"
      aria-label=${`Previous ${of}`}
      disabled=${pages.after === null}
      onClick=${pages.back}
    >
      Previous
    </button>
    <button
      class="btn small"
      aria-label=${`Next ${of}`}
      disabled=${isStale || !page?.pageInfo.hasNextPage}
      onClick=${() => pages.next(page?.pageInfo.endCursor ?? null)}
    >
      Next
    </button>
  </p>`;

/**
 * Returns what is done with a change and the words for its success: the page and the list follow.
 * @param {() => void} changed @param {() => Promise<unknown>} reload
 */
export const afterChange =
  (changed, reload) =>
  async (/** @type {Promise<unknown>} */ change, /** @type {unknown} */ text) => {
    await change;
    say(text);
    changed();
    await reload();
  };

/** The text of a field of a form, without spaces around it. @param {FormData} form @param {string} name */
export const textOf = (form, name) => String(form.get(name) ?? "").trim();

/** The words of a field, however they are separated. @param {FormData} form @param {string} name */
export const wordsOf = (form, name) =>
  textOf(form, name)
    .split(/[\s,;]+/)
    .filter(Boolean);

/** What there is of a line's details, with dots between. @param {unknown[]} details */
export const dotted = (...details) =>
  details.filter(Boolean).map((one, index) => html`${index > 0 && " · "}${one}`);
