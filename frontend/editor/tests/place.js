// @ts-check
/** A link to a line of a file, and lines of a log with such links. */
import { html } from "htm/preact";
import { onOneLine, untrusted, untrustedLines } from "../../lib/untrusted-text.js";

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {{ level: string, text: string, file: string | null, line: number | null,
 *   column: number | null }} LogLine
 */

/**
 * Nothing where the file is not known; text where it is not open to be edited.
 * @param {{ workspace: Workspace, file: string | null, line: number | null,
 *   column?: number | null }} props
 */
export function Place({ workspace, file, line, column = 1 }) {
  if (file === null) return null;
  const words = onOneLine(line === null ? file : `${file}:${line}`);
  if (!workspace.paths().includes(file)) return html`<code>${untrusted(words)}</code>`;
  return html`<button
    type="button"
    class="place"
    title=${`Open ${words}`}
    onClick=${() => workspace.open(file, { line: line ?? 1, column: column ?? 1 })}
  >
    <bdi>${words}</bdi>
  </button>`;
}

/** @param {{ label: string, workspace: Workspace, lines: readonly LogLine[] }} props */
export const Lines = ({ label, workspace, lines }) =>
  lines.length > 0 &&
  html`<section aria-label=${label}>
    <h3>${label}</h3>
    <ul class="log-lines">
      ${lines.map(
        (one) =>
          html`<li data-level=${one.level}>
            <span class="badge">${one.level.toLowerCase()}</span>
            <span class="text">${untrustedLines(one.text)}</span>
            <${Place} workspace=${workspace} ...${place(one)} />
          </li>`,
      )}
    </ul>
  </section>`;

/** @param {LogLine} line */
const place = ({ file, line, column }) => ({ file, line, column });
