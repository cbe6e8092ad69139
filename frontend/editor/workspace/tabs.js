// @ts-check
/** The tabs of the open files. */
import { html } from "htm/preact";
import { oneLine } from "../../lib/untrusted-text.js";

/** @param {{ workspace: import("./files.js").Workspace }} props */
export function Tabs({ workspace }) {
  const open = workspace.current?.path;
  return html`<div class="file-tabs" role="tablist" aria-label="Open files">
    ${workspace.tabs.map(
      (path) =>
        html`<button
          key=${path}
          role="tab"
          aria-selected=${String(path === open)}
          onClick=${() => workspace.open(path)}
        >
          ${oneLine(path.split("/").at(-1))}
          ${workspace.isChanged(path) && html`<span class="changed" title="Not saved">●</span>`}
        </button>`,
    )}
  </div>`;
}
