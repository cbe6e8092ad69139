// @ts-check
/** The table of all pages. */
import { html } from "htm/preact";
import { ScrollBox } from "./scroll-box.js";

/**
 * Its head stays in view. Scrolls sideways where it is too wide; shows one shimmering line until
 * its rows are there.
 * @template T
 * @param {{
 *   label: string,
 *   heads: unknown[],
 *   widths?: string[],
 *   rows: T[] | undefined,
 *   row: (one: T) => unknown,
 *   isBusy?: boolean,
 *   hasFailed?: boolean,
 *   look?: string,
 * }} props *heads* are titles, or cells such as a `Heading` that sorts. *widths*, one for each
 *   column, keep the columns where they are whatever the rows hold; an empty one takes what is left.
 *   *isBusy*: newer rows are on their way. *hasFailed*: no rows will come. *look* is a class for the
 *   table.
 */
export const Table = ({
  label,
  heads,
  widths,
  rows,
  row,
  isBusy = !rows,
  hasFailed = false,
  look = "",
}) =>
  html`<${ScrollBox} label=${label}>
    <table
      class=${`${look} ${widths ? "fixed" : ""}`.trim() || null}
      style=${widths && { "--least": least(widths) }}
      aria-label=${label}
      aria-busy=${String(isBusy)}
    >
      ${
        widths &&
        html`<colgroup>
          ${widths.map((width, index) => html`<col key=${index} style=${{ width }} />`)}
        </colgroup>`
      }
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
  <//>`;

// In a narrow window the flexible column would have no width: it keeps room for a name.
const NAME = "12rem";

/** The width below which a table scrolls in its box. @param {string[]} widths */
const least = (widths) => `calc(${widths.map((width) => width || NAME).join(" + ")})`;
