// @ts-check
/** The panels beside the code: their tabs, and the one that is open. */
import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";
import { Icon } from "../../lib/icons.js";
import { PANELS } from "../panels.js";
import { ordered } from "../problems/order.js";
import { PanelContent } from "./panel-content.js";
import { moveAmongTabs } from "./roving.js";

const WIDTH = "editor-panel";

/**
 * @typedef {import("../panels.js").Panel} Panel
 * @typedef {{ script: import("../panels.js").EditorScript,
 *   workspace: import("./files.js").Workspace }} Given
 */

/** @param {Given & { open: string, choose: (id: string) => void }} props open: id of the panel, empty for none */
export function Dock({ script, workspace, open, choose }) {
  const panels = PANELS.filter(({ forOwners }) => !forOwners || script.viewerMayChange);
  const shown = panels.find(({ id }) => id === open);
  // What was opened once stays unchanged, hidden: a request in Run, lines that arrive in Log.
  const visited = useRef(/** @type {Set<string>} */ (new Set()));
  if (shown) visited.current.add(shown.id);
  const [isWide, setWide] = useState(() => localStorage.getItem(WIDTH) === "wide");
  const widen = () => {
    localStorage.setItem(WIDTH, isWide ? "narrow" : "wide");
    setWide(!isWide);
  };
  return html`<div class="dock" data-open=${String(Boolean(shown))} data-wide=${String(isWide)}>
      ${
        shown &&
        html`<div class="dock-head">
          <h2 key=${shown.id}>${shown.label}</h2>
          <button class="btn small widen" aria-pressed=${String(isWide)} onClick=${widen}>
            Wide
          </button>
          <button
            class="btn small square"
            aria-label=${`Close ${shown.label}`}
            onClick=${() => choose("")}
          >
            <${Icon} name="close" />
          </button>
        </div>`
      }
      ${panels
        .filter(({ id }) => visited.current.has(id))
        .map(
          (panel) =>
            html`<${Shown}
              key=${panel.id}
              panel=${panel}
              isOpen=${panel.id === open}
              script=${script}
              workspace=${workspace}
            />`,
        )}
    </div>
    <div class="panel-tabs" role="tablist" aria-label="Panels" onKeyDown=${moveAmongTabs}>
      ${panels.map(
        ({ id, label, icon }, index) =>
          html`<button
            key=${id}
            role="tab"
            id=${`panel-tab-${id}`}
            aria-selected=${String(id === open)}
            aria-controls=${id === open ? `panel-${id}` : null}
            tabindex=${id === open || (!shown && index === 0) ? 0 : -1}
            onClick=${() => choose(id === open ? "" : id)}
          >
            <${Icon} name=${icon} /><span>${label}</span>
            ${id === "problems" && html`<${ProblemCount} workspace=${workspace} />`}
          </button>`,
      )}
    </div>`;
}

/** @param {Given & { panel: Panel, isOpen: boolean }} props */
function Shown({ panel: { id, label }, isOpen, script, workspace }) {
  return html`<section
    class="panel"
    id=${`panel-${id}`}
    role="tabpanel"
    aria-label=${label}
    tabindex="0"
    hidden=${!isOpen}
  >
    <${PanelContent} id=${id} script=${script} workspace=${workspace} isOpen=${isOpen} />
  </section>`;
}

/** @param {{ workspace: import("./files.js").Workspace }} props */
function ProblemCount({ workspace }) {
  // As many as the panel has rows: what two checks found is one problem.
  const { length } = ordered(workspace.problems);
  return length > 0 && html`<span class="badge number" aria-hidden="true">${length}</span>`;
}
