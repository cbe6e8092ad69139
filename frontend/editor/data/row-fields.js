// @ts-check
/** The fields of a row: one for each column. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { size } from "../../lib/format.js";
import { onOneLine, untrusted } from "../../lib/untrusted-text.js";
import { fieldsOf, isWritable } from "./row-values.js";

/**
 * @typedef {import("../../types/documents").DataRowFields} Row
 * @typedef {import("../../types/documents").DataTableFields["columns"][number]} Column
 * @typedef {import("./row-values.js").Kind} Kind
 */

const MOST_LINES = 8;
const LINE = 50;

/** @param {{ columns: readonly Column[], row: Row | null }} props row: null for a new one */
export function RowFields({ columns, row }) {
  const first = columns.findIndex((column, index) => isWritable(column, row, index));
  return columns.map((column, index) =>
    isWritable(column, row, index)
      ? html`<${Field}
          key=${column.name}
          column=${column}
          row=${row}
          index=${index}
          isFirst=${index === first}
        />`
      : html`<${Fixed} key=${column.name} column=${column} row=${row} index=${index} />`,
  );
}

/**
 * @param {{ column: Column, row: Row | null, index: number, isFirst: boolean }} props isFirst: the
 *   dialog opens with the focus there
 */
function Field({ column, row, index, isFirst }) {
  const cell = row?.cells[index];
  const kinds = kindsOf(column, row === null);
  const [kind, setKind] = useState(
    /** @type {Kind} */ (row ? (cell === null ? "null" : "value") : kinds[0].kind),
  );
  const names = fieldsOf(index);
  const name = onOneLine(column.name);
  return html`<div class="field">
    <span class="row-label">
      <span>${untrusted(column.name)} <small>${untrusted(column.type)}</small></span>
      <select
        name=${names.kind}
        aria-label=${`Kind of ${name}`}
        value=${kind}
        onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
          setKind(/** @type {Kind} */ (target.value))}
      >
        ${kinds.map((one) => html`<option key=${one.kind} value=${one.kind}>${one.words}</option>`)}
      </select>
    </span>
    <textarea
      name=${names.text}
      autofocus=${isFirst}
      class="code-field"
      aria-label=${name}
      rows=${linesOf(cell ?? "")}
      spellcheck=${false}
      defaultValue=${cell ?? ""}
      onInput=${() => setKind("value")}
    />
  </div>`;
}

/** A column that can't be written. @param {{ column: Column, row: Row | null, index: number }} props */
function Fixed({ column, row, index }) {
  const cut = row?.shortened.find((one) => one.column === index);
  const why = column.isGenerated
    ? "set by PostgreSQL"
    : `too large to edit here${cut?.bytes ? `, ${size(cut.bytes)}` : ""}`;
  // An empty dialog of a new row says enough.
  if (!row) return null;
  return html`<div class="field">
    <span>${untrusted(column.name)} <small>${`${onOneLine(column.type)}, ${why}`}</small></span>
    <span class="fixed-value">${untrusted(row.cells[index]?.slice(0, 200) ?? "NULL")}</span>
  </div>`;
}

/** @param {Column} column @param {boolean} isNew @returns {{ kind: Kind, words: string }[]} */
function kindsOf({ isNullable, hasDefault }, isNew) {
  /** @type {{ kind: Kind, words: string }[]} */
  const kinds = [];
  if (isNew && hasDefault) kinds.push({ kind: "default", words: "Default" });
  if (isNullable && isNew) kinds.push({ kind: "null", words: "NULL" });
  kinds.push({ kind: "value", words: "Value" });
  if (isNullable && !isNew) kinds.push({ kind: "null", words: "NULL" });
  return kinds;
}

/** @param {string} text */
const linesOf = (text) => {
  const lines = text.split("\n", MOST_LINES);
  return Math.min(MOST_LINES, Math.max(lines.length, Math.ceil(text.length / LINE), 1));
};
