// @ts-check
/** Dialogs that add, change and delete a row. */
import { html } from "htm/preact";
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { say } from "../../lib/parts.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { changesOf, valuesOf } from "./row-values.js";
import { RowFields } from "./row-fields.js";

/**
 * @typedef {import("../../lib/parts.js").Question} Question
 * @typedef {import("../../types/documents").DataRowFields} Row
 * @typedef {import("../../types/documents").DataTableFields} Table
 * @typedef {{ slug: string, name: string, reload: () => Promise<void> }} Place
 */

const UPDATE = gql(`mutation UpdateScriptRow($input: UpdateScriptRowInput!) {
  updateScriptRow(input: $input) { row { version } }
}`);
const INSERT = gql(`mutation InsertScriptRow($input: InsertScriptRowInput!) {
  insertScriptRow(input: $input) { row { version } }
}`);
const DELETE = gql(`mutation DeleteScriptRow($input: DeleteScriptRowInput!) {
  deleteScriptRow(input: $input) { key }
}`);

/** @param {Place} place @param {Table} table @param {Row} row @returns {Question} */
export const changing = ({ slug, name, reload }, table, row) => ({
  title: html`Row ${untrusted(row.key?.join(", "))} of ${untrusted(name)}`,
  text: "Only the columns that you change are written. A change by somebody else in the meantime is not overwritten.",
  verb: "Save",
  fields: html`<${RowFields} columns=${table.columns} row=${row} />`,
  run: async (form) => {
    const values = changesOf(table.columns, row, form);
    if (values.length === 0) return;
    const { key, version } = row;
    if (!key || version === null) throw new Error("This row can't be changed.");
    await ask(UPDATE, { input: { slug, table: name, key: [...key], version, values } });
    say("The row is saved.");
    await reload();
  },
});

/** @param {Place} place @param {Table} table @returns {Question} */
export const adding = ({ slug, name, reload }, table) => ({
  title: html`New row in ${untrusted(name)}`,
  text: "Columns that are left at their default are not written.",
  verb: "Insert",
  fields: html`<${RowFields} columns=${table.columns} row=${null} />`,
  run: async (form) => {
    const values = valuesOf(table.columns, form);
    await ask(INSERT, { input: { slug, table: name, values } });
    say("The row is inserted.");
    await reload();
  },
});

/** @param {Place} place @param {Row} row @returns {Question} */
export const removing = ({ slug, name, reload }, { key, version }) => ({
  title: html`Delete row ${untrusted(key?.join(", "))}?`,
  text: html`It is removed from the table ${untrusted(name)}. This can't be undone.`,
  verb: "Delete",
  danger: true,
  run: async () => {
    if (!key || version === null) throw new Error("This row can't be deleted.");
    await ask(DELETE, { input: { slug, table: name, key: [...key], version } });
    say("The row is deleted.");
    await reload();
  },
});
