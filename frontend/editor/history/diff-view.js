// @ts-check
/** What differs between two versions, file by file. */
import { html } from "htm/preact";
import { gql } from "../../lib/documents.js";
import { count, nouns, size } from "../../lib/format.js";
import { useQuery } from "../../lib/load.js";
import { Failure } from "../../lib/parts.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { countsOf, linesOf } from "./diff-lines.js";

/**
 * @typedef {import("../../types/documents").EditorDiffData["scriptDiff"][number]} FileChange
 * @typedef {import("./diff-lines.js").DiffLine} DiffLine
 */

const DIFF = gql(`query EditorDiff($slug: String!, $from: Int!, $to: Int!) {
  scriptDiff(slug: $slug, from: $from, to: $to) { path kind oldSize newSize diff }
}`);

/** Files whose changes are open at first. */
const MOST_OPEN = 5;
/** Lines of one file that are shown: a page with more is slow. */
const MOST_LINES = 2_000;

/** @param {{ slug: string, from: number, to: number }} props from: 0 for no files at all */
export function DiffView({ slug, from, to }) {
  const { data, error, reload } = useQuery(DIFF, { slug, from, to }, { isContent: false });
  if (error) return html`<${Failure} error=${error} retry=${reload} />`;
  if (!data) return html`<p class="quiet" role="status">Comparing …</p>`;
  if (data.scriptDiff.length === 0) return html`<p class="quiet">The files are the same.</p>`;
  return html`<div class="diff">
    ${data.scriptDiff.map(
      (change, index) =>
        html`<${File} key=${change.path} change=${change} isOpen=${index < MOST_OPEN} />`,
    )}
  </div>`;
}

/** @param {{ change: FileChange, isOpen: boolean }} props */
function File({ change, isOpen }) {
  const { path, kind, diff } = change;
  const lines = diff === null ? null : linesOf(diff);
  const { added, removed } = countsOf(lines ?? []);
  return html`<details open=${isOpen}>
    <summary>
      <code>${untrusted(path)}</code>
      <span class="badge">${kind.toLowerCase()}</span>
      ${
        lines &&
        html`<span class="counts">
          <ins>+${added}<span class="visually-hidden"> lines added</span></ins>
          <del>−${removed}<span class="visually-hidden"> lines removed</span></del>
        </span>`
      }
    </summary>
    ${lines ? html`<${Lines} lines=${lines} path=${path} />` : html`<${Sizes} change=${change} />`}
  </details>`;
}

/** @param {{ change: FileChange }} props */
const Sizes = ({ change: { oldSize, newSize } }) =>
  html`<p class="quiet">
    No text, or too large to compare: ${size(oldSize)} before, ${size(newSize)} after.
  </p>`;

const SIGNS = { same: " ", added: "+", removed: "−", place: "", note: "" };

/** @param {{ lines: readonly DiffLine[], path: string }} props */
const Lines = ({ lines, path }) =>
  html`<div class="diff-lines" tabindex="0" role="region" aria-label=${`Changes of ${path}`}>
      <table>
        <tbody>
          ${lines.slice(0, MOST_LINES).map(
            ({ kind, text, before, after }) =>
              html`<tr data-kind=${kind}>
                <td class="number">${before}</td>
                <td class="number">${after}</td>
                <td class="sign">${SIGNS[kind]}</td>
                <td class="line">${text}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${
      lines.length > MOST_LINES &&
      html`<p class="quiet">
        ${count(lines.length - MOST_LINES, "line")} more${" "}
        ${nouns(lines.length - MOST_LINES, "is", "are")} not shown.
      </p>`
    }`;
