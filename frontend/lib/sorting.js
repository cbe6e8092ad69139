// @ts-check
/** Sorting of short lists in the browser, by the head of a column. */
import { html } from "htm/preact";
import { Icon } from "./icons.js";

/**
 * The rows in the order that *sort* names: a field, with a minus before it for the largest first.
 * @template T
 * @param {T[]} rows
 * @param {string} sort
 */
export function sorted(rows, sort) {
  const [field, way] = sort.startsWith("-") ? [sort.slice(1), -1] : [sort, 1];
  const known = (/** @type {T} */ row) =>
    /** @type {Record<string, string | number>} */ (/** @type {unknown} */ (row))[field] ?? "";
  return [...rows].sort((one, other) => {
    const [a, b] = [known(one), known(other)];
    return way * (a < b ? -1 : Number(a > b));
  });
}

/**
 * The head of a column that sorts by a field.
 * @param {{ field: string, sort: string, change: (sort: string) => void, children?: unknown }} props
 */
export function Heading({ field, sort, change, children }) {
  const isUp = sort === field;
  const isDown = sort === `-${field}`;
  const next = isDown ? field : `-${field}`;
  return html`<th scope="col" aria-sort=${isUp ? "ascending" : isDown ? "descending" : null}>
    <button onClick=${() => change(next)}>
      ${children}${(isUp || isDown) && html`<${Icon} name=${isUp ? "up" : "down"} />`}
    </button>
  </th>`;
}
