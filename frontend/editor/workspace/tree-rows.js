// @ts-check
/** The rows of the tree of files, with the keys and the drops of a tree view. */
import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";
import { Icon } from "../../lib/icons.js";
import { oneLine } from "../../lib/untrusted-text.js";
import { DRAGGED } from "./files-tree.js";
import { folderOf, rowByKey } from "./tree-model.js";

/**
 * @typedef {import("./tree-model.js").Row} Row
 * @typedef {{ workspace: import("./files.js").Workspace, rows: readonly Row[], chosen: string,
 *   choose: (path: string) => void, toggle: (path: string) => void, rename: () => void,
 *   remove: (row: Row) => void, drop: (event: DragEvent, into: string) => void }} Props
 */

/** @param {Props} props */
export function TreeRows({ workspace, rows, chosen, choose, toggle, rename, remove, drop }) {
  const list = useRef(/** @type {HTMLUListElement | null} */ (null));
  const [over, setOver] = useState("");
  const open = workspace.current?.path ?? "";
  // One row is in the order of Tab; the arrows move among them.
  const focusable = chosen || rows.find(({ path }) => path === open)?.path || rows[0]?.path;

  const act = (/** @type {Row} */ row) => {
    choose(row.path);
    if (row.isFolder) toggle(row.path);
    else workspace.open(row.path);
  };
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = Math.max(
      rows.findIndex(({ path }) => path === focusable),
      0,
    );
    if (rows[at] && byKey(event.key, rows[at])) {
      event.preventDefault();
      return;
    }
    const next = rowByKey(rows, at, event.key);
    if (next === null || !rows[next]) return;
    event.preventDefault();
    choose(rows[next].path);
    /** @type {HTMLElement | undefined} */ (list.current?.children[next])?.focus();
  };
  /** Returns whether the key did something to the row. @param {string} key @param {Row} row */
  const byKey = (key, row) => {
    const isToggle =
      row.isFolder && (key === "ArrowRight" ? !row.isOpen : key === "ArrowLeft" && row.isOpen);
    if (isToggle) toggle(row.path);
    else if (key === "Enter" || key === " ") act(row);
    else if (key === "F2" && workspace.canChange) rename();
    else if (key === "Delete" && workspace.canChange) remove(row);
    else return false;
    return true;
  };
  const dropAt = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver("");
    drop(event, folderAt(event, rows));
  };
  const draggedOver = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(folderAt(event, rows) || "/");
  };
  return html`<ul
    ref=${list}
    class="files-tree"
    role="tree"
    aria-label="Files of the script"
    data-over=${over === "/" ? "true" : null}
    onKeyDown=${pressed}
    onDragOver=${workspace.canChange ? draggedOver : null}
    onDragLeave=${() => setOver("")}
    onDrop=${workspace.canChange ? dropAt : null}
  >
    ${rows.map(
      (row) =>
        html`<li
          key=${row.path}
          role="treeitem"
          data-path=${row.path}
          data-level=${row.level}
          data-over=${over === `${row.path}/` ? "true" : null}
          style=${{ paddingInlineStart: `${row.level * 0.875}rem` }}
          aria-level=${row.level}
          aria-expanded=${row.isFolder ? String(row.isOpen) : null}
          aria-selected=${String(row.path === chosen)}
          aria-current=${row.path === open ? "true" : null}
          tabindex=${row.path === focusable ? 0 : -1}
          draggable=${workspace.canChange}
          onClick=${() => act(row)}
          onFocus=${() => choose(row.path)}
          onDragStart=${(/** @type {DragEvent} */ event) =>
            event.dataTransfer?.setData(DRAGGED, row.path)}
        >
          <${Icon} name=${row.isFolder ? "folder" : "file"} />
          ${oneLine(row.name)}
          ${
            !row.isFolder &&
            workspace.isChanged(row.path) &&
            html`<span class="changed" title="Not saved"
              ><span class="visually-hidden"> (not saved)</span></span
            >`
          }
        </li>`,
    )}
  </ul>`;
}

/** The folder that something is dropped into, with its slash. @param {DragEvent} event @param {readonly Row[]} rows */
function folderAt(event, rows) {
  const item = /** @type {Element} */ (event.target).closest?.("[data-path]");
  const row = rows.find(({ path }) => path === item?.getAttribute("data-path"));
  if (!row) return "";
  return row.isFolder ? `${row.path}/` : folderOf(row.path);
}
