// @ts-check
/** The tabs of the open files. */
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../../lib/icons.js";
import { oneLine } from "../../lib/untrusted-text.js";
import { moveAmongTabs } from "./roving.js";
import { folderOf, nameOf } from "./tree-model.js";

/** @typedef {import("./files.js").Workspace} Workspace */

/** @param {{ workspace: Workspace }} props */
export function Tabs({ workspace }) {
  const list = useRef(/** @type {HTMLDivElement | null} */ (null));
  const open = workspace.current?.path ?? "";
  useEffect(() => {
    const tab = list.current?.querySelector("[aria-selected=true]");
    tab?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [open]);
  const names = workspace.tabs.map(nameOf);
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    const path = /** @type {HTMLElement} */ (event.target).dataset.path;
    if (event.key === "Delete" && path) workspace.close(path);
    else moveAmongTabs(event);
  };
  return html`<div class="file-tabs">
    <div ref=${list} role="tablist" aria-label="Open files" onKeyDown=${pressed}>
      ${workspace.tabs.map(
        (path) =>
          html`<${Tab}
            key=${path}
            workspace=${workspace}
            path=${path}
            isOpen=${path === open}
            isTwice=${names.indexOf(nameOf(path)) !== names.lastIndexOf(nameOf(path))}
          />`,
      )}
    </div>
    ${
      open &&
      html`<button
        class="btn small square close-file"
        aria-label=${`Close ${open}`}
        title="Close (Alt+W)"
        onClick=${() => workspace.close(open)}
      >
        <${Icon} name="close" />
      </button>`
    }
  </div>`;
}

/**
 * @param {{ workspace: Workspace, path: string, isOpen: boolean, isTwice: boolean }} props
 *   isTwice: another open file has the same name
 */
function Tab({ workspace, path, isOpen, isTwice }) {
  const middle = (/** @type {MouseEvent} */ event) => event.button === 1 && workspace.close(path);
  return html`<button
    role="tab"
    id=${`tab-${path}`}
    data-path=${path}
    title=${path}
    aria-selected=${String(isOpen)}
    tabindex=${isOpen ? 0 : -1}
    onClick=${() => workspace.open(path)}
    onAuxClick=${middle}
  >
    ${isTwice && html`<small>${oneLine(folderOf(path))}</small>`}${oneLine(nameOf(path))}
    ${workspace.isChanged(path) && html`<span class="changed"><span class="visually-hidden"> (not saved)</span></span>`}
  </button>`;
}
