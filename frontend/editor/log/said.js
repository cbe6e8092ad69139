// @ts-check
/** What a line of the log says, with links to the places that it names. */
import { html } from "htm/preact";
import { onOneLine, untrustedLines } from "../../lib/untrusted-text.js";
import { partsOf } from "./places.js";

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {{ text: string, file: string | null, line: number | null, column: number | null }} Line
 */

/** The text of a line. @param {{ line: Line, workspace: Workspace }} props */
export function Said({ line, workspace }) {
  const parts = partsOf(line.text, (path) => workspace.has(path));
  return html`<span class="said">
    ${parts.map(({ text, file, line = 1, column = 1 }) =>
      file
        ? html`<${Place}
            workspace=${workspace}
            text=${text}
            file=${file}
            line=${line}
            column=${column}
          />`
        : untrustedLines(text),
    )}
  </span>`;
}

/** Where a line was logged; nothing when that is not known. @param {{ line: Line, workspace: Workspace }} props */
export function From({ line, workspace }) {
  const { file, line: number } = line;
  if (!file) return null;
  const text = number ? `${file}:${number}` : file;
  // A file of an earlier version may be gone.
  if (!workspace.has(file)) return html`<span class="place">${onOneLine(text)}</span>`;
  return html`<${Place}
    workspace=${workspace}
    text=${text}
    file=${file}
    line=${number ?? 1}
    column=${line.column ?? 1}
  />`;
}

/** @param {{ workspace: Workspace, text: string, file: string, line: number, column: number }} props */
const Place = ({ workspace, text, file, line, column }) =>
  html`<button class="place" onClick=${() => workspace.open(file, { line, column })}>
    ${onOneLine(text)}
  </button>`;
