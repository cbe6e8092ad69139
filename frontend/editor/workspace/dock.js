// @ts-check
/** The panels beside the code: their tabs, and the one that is open. */
import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import { Icon } from "../../lib/icons.js";
import { PANELS } from "../panels.js";

/**
 * @param {{ script: import("../panels.js").EditorScript, workspace: import("./files.js").Workspace,
 *   open: string, choose: (id: string) => void }} props open: id of the panel, empty for none
 */
export function Dock({ script, workspace, open, choose }) {
  const panels = PANELS.filter(({ forOwners }) => !forOwners || script.viewerMayChange);
  // What was opened once stays as it was, hidden: a request in Run, lines that arrive in Log.
  const visited = useRef(/** @type {Set<string>} */ (new Set()));
  if (open) visited.current.add(open);
  return html`<div class="dock" data-open=${String(panels.some(({ id }) => id === open))}>
      ${panels
        .filter(({ id }) => visited.current.has(id))
        .map(
          ({ id, label, component: Component }) =>
            html`<section
              class="panel"
              key=${id}
              id=${`panel-${id}`}
              role="tabpanel"
              aria-label=${label}
              hidden=${id !== open}
            >
              <${Component} script=${script} workspace=${workspace} />
            </section>`,
        )}
    </div>
    <div class="panel-tabs" role="tablist" aria-label="Panels">
      ${panels.map(
        ({ id, label, icon }) =>
          html`<button
            key=${id}
            role="tab"
            aria-selected=${String(id === open)}
            aria-controls=${id === open ? `panel-${id}` : null}
            onClick=${() => choose(id === open ? "" : id)}
          >
            <${Icon} name=${icon} /><span>${label}</span>
          </button>`,
      )}
    </div>`;
}
