// @ts-check
/** The files of the script, by folder. */
import { html } from "htm/preact";
import { untrusted } from "../../lib/untrusted-text.js";

/** @param {{ workspace: import("./files.js").Workspace }} props */
export function FilesTree({ workspace }) {
  const open = workspace.current?.path;
  return html`<ul class="files-tree">
    ${workspace.paths().map(
      (path) =>
        html`<li key=${path}>
          <button
            aria-current=${path === open ? "true" : null}
            onClick=${() => workspace.open(path)}
          >
            ${untrusted(path)}
          </button>
        </li>`,
    )}
  </ul>`;
}
