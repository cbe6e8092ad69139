// @ts-check
/** A table as every page has it. */
import { html } from "htm/preact";

/**
 * Scrolls sideways where it is too wide; shows one shimmering line until its rows are there.
 * @template T
 * @param {{
 *   label: string,
 *   heads: unknown[],
 *   rows: T[] | undefined,
 *   row: (one: T) => unknown,
 *   isBusy?: boolean,
 *   hasFailed?: boolean,
 *   look?: string,
 * }} props *heads* are titles, or cells such as a `Heading` that sorts. *isBusy*: newer rows are on
 *   their way. *hasFailed*: no rows will come. *look* is a class for the table.
 */
export const Table = ({ label, heads, rows, row, isBusy = !rows, hasFailed = false, look }) =>
  html`<div class="scroll">
    <table class=${look} aria-label=${label} aria-busy=${String(isBusy)}>
      <thead>
        <tr>
          ${heads.map((head) =>
            typeof head === "string" ? html`<th scope="col" key=${head}>${head}</th>` : head,
          )}
        </tr>
      </thead>
      <tbody>
        ${
          rows
            ? rows.map(row)
            : !hasFailed &&
              html`<tr>
                <td colspan=${heads.length}><span class="skeleton"></span></td>
              </tr>`
        }
      </tbody>
    </table>
  </div>`;
