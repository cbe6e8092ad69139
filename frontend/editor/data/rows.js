// @ts-check
/** The rows of a table: filtered, sorted, in pages; each can be opened. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { size } from "../../lib/format.js";
import { ask } from "../../lib/gql.js";
import { Icon } from "../../lib/icons.js";
import { useQuery } from "../../lib/load.js";
import { Ask, Failure, say, sayRefused } from "../../lib/parts.js";
import { useQuestion } from "../../lib/question.js";
import { ScrollBox } from "../../lib/scroll-box.js";
import { oneLine, onOneLine } from "../../lib/untrusted-text.js";
import { Turner, usePages } from "../settings/parts.js";
import { Filters } from "./filters.js";
import { ROW, TABLE } from "./row-documents.js";
import { adding, changing, removing } from "./row-questions.js";

/**
 * @typedef {import("../../types/documents").DataRowFields} Row
 * @typedef {import("../../types/documents").DataTableFields} Table
 * @typedef {import("../../types/schema").ScriptRowFilter} Filter
 * @typedef {import("../../types/schema").ScriptRowOrder} Order
 */

const PAGE = gql(
  `query ScriptRowList(
    $slug: String!, $table: String!, $filter: [ScriptRowFilter!], $order: ScriptRowOrder,
    $after: String
  ) {
    scriptRows(
      slug: $slug, table: $table, filter: $filter, order: $order, first: 50, after: $after
    ) {
      table { ...DataTableFields }
      rows { ...DataRowFields }
      hasNextPage endCursor
    }
  }`,
  TABLE,
  ROW,
);
const ONE = gql(
  `query ScriptRowOne($slug: String!, $table: String!, $key: [String!]!) {
    scriptRow(slug: $slug, table: $table, key: $key) { ...DataRowFields }
  }`,
  ROW,
);

/** @param {{ slug: string, name: string, leave: () => void }} props */
export function Rows({ slug, name, leave }) {
  const [filter, setFilter] = useState(/** @type {Filter[]} */ ([]));
  const [order, setOrder] = useState(/** @type {Order | null} */ (null));
  const pages = usePages();
  const list = useQuery(PAGE, { slug, table: name, filter, order, after: pages.after });
  const question = useQuestion();
  const found = list.data?.scriptRows;
  const place = { slug, name, reload: list.reload };
  const read = async (/** @type {readonly string[]} */ key) => {
    const { scriptRow } = await ask(ONE, { slug, table: name, key: [...key] });
    if (scriptRow && found) return changing(place, found.table, scriptRow);
    say("The row is gone.");
    await list.reload();
    return null;
  };
  const open = (/** @type {readonly string[]} */ key) =>
    question.askLater(read(key)).catch(sayRefused);
  const first = (/** @type {() => void} */ change) => {
    pages.first();
    change();
  };
  const table = found?.table;
  return html`<div class="data-bar">
      <button class="btn small" onClick=${leave}>All tables</button>
      <h3 class="table-name">${oneLine(name)}</h3>
      <button class="btn small" onClick=${() => void list.reload()}>Refresh</button>
      ${
        table?.isInsertable &&
        html`<button class="btn small" onClick=${() => question.ask(adding(place, table))}>
          New row
        </button>`
      }
    </div>
    ${
      table &&
      html`<${Filters}
        columns=${table.columns.map((column) => column.name)}
        filters=${filter}
        change=${(/** @type {Filter[]} */ now) => first(() => setFilter(now))}
      />`
    }
    ${list.error && html`<${Failure} error=${list.error} retry=${list.reload} />`}
    ${
      found
        ? html`<${RowTable}
            name=${name}
            table=${found.table}
            rows=${found.rows}
            isBusy=${list.loading}
            order=${order}
            sort=${(/** @type {Order | null} */ now) => first(() => setOrder(now))}
            open=${open}
            remove=${(/** @type {Row} */ row) => question.ask(removing(place, row))}
          />`
        : !list.error &&
          html`<p role="status">
            <span class="visually-hidden">Loading…</span><span class="skeleton"></span>
          </p>`
    }
    ${found && found.rows.length === 0 && html`<p class="none">${noneOf(filter, pages.after)}</p>`}
    ${table && !table.isEditable && html`<p class="hint">${readOnly(table)}</p>`}
    ${
      found?.hasNextPage &&
      !found.endCursor &&
      html`<p class="hint">There are more rows. Filter them to see others.</p>`
    }
    <${Turner}
      of="rows"
      pages=${pages}
      isStale=${list.isStale}
      page=${
        found && {
          pageInfo: {
            hasNextPage: found.hasNextPage && found.endCursor !== null,
            endCursor: found.endCursor,
          },
        }
      }
    />
    <${Ask} question=${question.asked} done=${() => question.ask(null)} />`;
}

/** @param {Filter[]} filter @param {string | null} after */
const noneOf = (filter, after) =>
  filter.length > 0
    ? "No row fits the filter."
    : after
      ? "There are no more rows."
      : "The table is empty.";

/** @param {Table} table */
const readOnly = ({ kind }) =>
  kind === "TABLE" || kind === "PARTITIONED_TABLE"
    ? "Rows can't be changed here, because the table has no primary key."
    : "This is a view. Its rows are changed in its tables.";

/**
 * @param {{ name: string, table: Table, rows: readonly Row[], isBusy: boolean,
 *   order: Order | null, sort: (order: Order | null) => void,
 *   open: (key: readonly string[]) => void, remove: (row: Row) => void }} props
 */
const RowTable = ({ name, table, rows, isBusy, order, sort, open, remove }) =>
  html`<${ScrollBox} label=${`Rows of ${onOneLine(name)}`}>
    <table class="rows" aria-label=${`Rows of ${onOneLine(name)}`} aria-busy=${String(isBusy)}>
      <thead>
        <tr>
          ${table.isEditable && html`<th scope="col">Actions</th>`}
          ${table.columns.map(
            (column) =>
              html`<${Head} key=${column.name} column=${column} order=${order} sort=${sort} />`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row, at) =>
            html`<tr key=${row.key ? JSON.stringify(row.key) : at}>
              ${
                table.isEditable &&
                html`<td>
                  <${RowActions} row=${row} open=${open} remove=${() => remove(row)} />
                </td>`
              }
              ${row.cells.map(
                (_, index) => html`<td key=${index}><${Cell} row=${row} index=${index} /></td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  <//>`;

/**
 * @param {{ column: Table["columns"][number], order: Order | null,
 *   sort: (order: Order | null) => void }} props
 */
function Head({ column, order, sort }) {
  const isSorted = order?.column === column.name;
  const falls = isSorted && order.descending;
  // Rising, falling, then by primary key again.
  const next = isSorted
    ? falls
      ? null
      : { column: column.name, descending: true }
    : { column: column.name, descending: false };
  return html`<th
    scope="col"
    title=${onOneLine(column.type)}
    aria-sort=${isSorted ? (falls ? "descending" : "ascending") : null}
  >
    <button onClick=${() => sort(next)}>
      ${oneLine(column.name)}${isSorted && html`<${Icon} name=${falls ? "down" : "up"} />`}
    </button>
    <small>${`${onOneLine(column.type)}${column.isKey ? ", key" : ""}`}</small>
  </th>`;
}

/** @param {{ row: Row, open: (key: readonly string[]) => void, remove: () => void }} props */
function RowActions({ row, open, remove }) {
  const { key } = row;
  if (!key) return html`<span class="hint">key too long</span>`;
  const which = onOneLine(key.join(", "));
  return html`<span class="does">
    <button class="btn small" aria-label=${`Edit row ${which}`} onClick=${() => open(key)}>
      Edit
    </button>
    <button class="btn small remove" aria-label=${`Delete row ${which}`} onClick=${remove}>
      Delete
    </button>
  </span>`;
}

/** @param {{ row: Row, index: number }} props */
function Cell({ row, index }) {
  const cell = row.cells[index];
  if (cell === null) return html`<i class="null">NULL</i>`;
  if (cell === "") return html`<i class="null">empty</i>`;
  const cut = row.shortened.find(({ column }) => column === index);
  if (!cut) return oneLine(cell);
  const words = cut.bytes === null ? "shortened" : size(cut.bytes);
  return html`<span class="cut">${oneLine(`${cell}…`)} <small class="chip">${words}</small></span>`;
}
