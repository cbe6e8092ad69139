// @ts-check
/** The tables of the script: their list, and the open one. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { count, size } from "../../lib/format.js";
import { useQuery } from "../../lib/load.js";
import { oneLine, onOneLine } from "../../lib/untrusted-text.js";
import { Items } from "../settings/parts.js";
import { Rows } from "./rows.js";

/** @typedef {import("../../types/documents").ScriptTableListData["scriptTables"][number]} Summary */

const LIST = gql(`query ScriptTableList($slug: String!) {
  scriptTables(slug: $slug) { name kind approximateRows bytes columnCount }
}`);

const KINDS = {
  TABLE: "table",
  PARTITIONED_TABLE: "partitioned table",
  VIEW: "view",
  MATERIALIZED_VIEW: "materialized view",
};

/** @param {{ slug: string }} props */
export function Tables({ slug }) {
  const list = useQuery(LIST, { slug });
  const [open, setOpen] = useState(/** @type {string | null} */ (null));
  if (open !== null)
    return html`<${Rows}
      key=${open}
      slug=${slug}
      name=${open}
      leave=${() => {
        setOpen(null);
        void list.reload();
      }}
    />`;
  return html`<div class="data-bar">
      <button class="btn small" onClick=${() => void list.reload()}>Refresh</button>
    </div>
    <${Items}
      label="Tables"
      items=${list.data?.scriptTables}
      none="There are no tables. Create them in a migration: a file such as migrations/0001-notes.sql."
      query=${list}
    >
      ${(/** @type {Summary} */ one) =>
        html`<li key=${one.name}>
          <span class="about">
            <b>${oneLine(one.name)}</b>
            <small>${factsOf(one)}</small>
          </span>
          <button
            class="btn small"
            aria-label=${`Open ${onOneLine(one.name)}`}
            onClick=${() => setOpen(one.name)}
          >
            Open
          </button>
        </li>`}
    <//>`;
}

/** @param {Summary} table */
function factsOf({ kind, approximateRows, bytes, columnCount }) {
  const rows =
    approximateRows === null || kind === "VIEW" ? "" : `, about ${count(approximateRows, "row")}`;
  const space = kind === "VIEW" ? "" : `, ${size(bytes)}`;
  return `${KINDS[kind]}, ${count(columnCount, "column")}${rows}${space}`;
}
