// @ts-check
/** The conditions that rows fit: those that are set, and a form for one more. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Icon } from "../../lib/icons.js";
import { onOneLine, untrusted } from "../../lib/untrusted-text.js";

/**
 * @typedef {import("../../types/schema").ScriptRowFilter} Filter
 * @typedef {import("../../types/schema").ScriptRowOperator} Operator
 */

/** The server takes no more. */
const MOST_FILTERS = 10;

/** @type {Record<Operator, string>} */
const OPERATORS = {
  EQUAL: "=",
  NOT_EQUAL: "≠",
  LESS: "<",
  LESS_OR_EQUAL: "≤",
  GREATER: ">",
  GREATER_OR_EQUAL: "≥",
  CONTAINS: "contains",
  STARTS_WITH: "starts with",
  IS_NULL: "is NULL",
  IS_NOT_NULL: "is not NULL",
};

/** @param {Operator} operator */
const takesValue = (operator) => operator !== "IS_NULL" && operator !== "IS_NOT_NULL";

/** @param {Filter} filter */
const worded = ({ column, operator, value }) =>
  onOneLine(`${column} ${OPERATORS[operator]}${takesValue(operator) ? ` ${value}` : ""}`);

/**
 * @param {{ columns: string[], filters: Filter[], change: (filters: Filter[]) => void }} props
 */
export function Filters({ columns, filters, change }) {
  const [operator, setOperator] = useState(/** @type {Operator} */ ("EQUAL"));
  const add = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const given = new FormData(form);
    const column = String(given.get("column"));
    const value = takesValue(operator) ? String(given.get("value")) : null;
    change([...filters, { column, operator, value }]);
    form.reset();
    setOperator("EQUAL");
  };
  return html`<form class="filters" aria-label="Filter" onSubmit=${add}>
      <select name="column" aria-label="Column">
        ${columns.map((name) => html`<option key=${name} value=${name}>${onOneLine(name)}</option>`)}
      </select>
      <select
        aria-label="Comparison"
        value=${operator}
        onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
          setOperator(/** @type {Operator} */ (target.value))}
      >
        ${Object.entries(OPERATORS).map(
          ([name, words]) => html`<option key=${name} value=${name}>${words}</option>`,
        )}
      </select>
      ${
        takesValue(operator) &&
        html`<input name="value" aria-label="Value" placeholder="Value" autocomplete="off" />`
      }
      <button class="btn small" disabled=${filters.length >= MOST_FILTERS}>Filter</button>
    </form>
    ${
      filters.length > 0 &&
      html`<ul class="conditions" aria-label="Conditions">
        ${filters.map(
          (one, at) =>
            html`<li class="chip" key=${at}>
              ${untrusted(worded(one))}
              <button
                aria-label=${`Remove ${worded(one)}`}
                onClick=${() => change(filters.filter((other) => other !== one))}
              >
                <${Icon} name="close" />
              </button>
            </li>`,
        )}
      </ul>`
    }`;
}
