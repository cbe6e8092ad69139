// @ts-check
/** From the fields of a row's form to the values that are written. */

/**
 * @typedef {{ name: string, isGenerated: boolean }} Column
 * @typedef {{ cells: readonly (string | null)[],
 *   shortened: readonly { column: number }[] }} Row
 * @typedef {{ column: string, value: string | null }} ColumnValue
 * @typedef {"value" | "null" | "default"} Kind what a field holds
 */

/** The names of a column's fields: which kind of value, and its text. @param {number} index */
export const fieldsOf = (index) => ({ kind: `kind-${index}`, text: `text-${index}` });

/** The values of a new row: those of columns that are not left at their default. @param {readonly Column[]} columns @param {FormData} form @returns {ColumnValue[]} */
export const valuesOf = (columns, form) =>
  columns.flatMap(({ name }, index) => {
    const value = valueOf(form, index);
    return value === undefined ? [] : [{ column: name, value }];
  });

/** The values that differ from those of the row. @param {readonly Column[]} columns @param {Row} row @param {FormData} form @returns {ColumnValue[]} */
export const changesOf = (columns, row, form) =>
  columns.flatMap(({ name }, index) => {
    const value = valueOf(form, index);
    const isSame = value === undefined || value === asShown(row.cells[index]);
    return isSame ? [] : [{ column: name, value }];
  });

/** Whether a column of the row can be written in a form. @param {Column} column @param {Row | null} row @param {number} index */
export const isWritable = (column, row, index) =>
  !column.isGenerated && !row?.shortened.some((one) => one.column === index);

/** What a field holds: a text, null for NULL, undefined for nothing. @param {FormData} form @param {number} index @returns {string | null | undefined} */
function valueOf(form, index) {
  const { kind, text } = fieldsOf(index);
  const found = form.get(kind);
  if (found === "null") return null;
  return found === "value" ? String(form.get(text) ?? "") : undefined;
}

/** As a text area returns it: with one kind of line break. @param {string | null} cell */
const asShown = (cell) => cell?.replaceAll(/\r\n?/g, "\n") ?? null;
