// @ts-check
/** What is done with the whole script: save and deploy. */
import { html } from "htm/preact";
import { Icon } from "../../lib/icons.js";
import { oneLine } from "../../lib/untrusted-text.js";

/**
 * @param {{ script: import("../panels.js").EditorScript, workspace: import("./files.js").Workspace,
 *   help: () => void }} props
 */
export function Actions({ script, workspace, help }) {
  const { canChange, isDirty, isSaving, baseVersion } = workspace;
  const words = `${baseVersion ? `Version ${baseVersion}` : "No version yet"}${isDirty ? ", changed" : ""}`;
  return html`<h1 tabindex="-1" class="script-name">${oneLine(script.title || script.slug)}</h1>
    <span class="pill" role="status" title=${activeWords(script)}>
      <i></i><span key=${words}>${words}</span>
    </span>
    <span class="editor-acts">
      ${
        canChange &&
        html`<button
            class="btn glass"
            aria-disabled=${isSaving ? "true" : null}
            title="Save a version (Ctrl+S)"
            onClick=${() => void workspace.save()}
          >
            <${Icon} name="save" />Save
          </button>
          <button
            class="btn primary"
            title="Serve what is here"
            aria-disabled=${isSaving ? "true" : null}
            onClick=${() => workspace.deploy()}
          >
            <${Icon} name="up" />Deploy
          </button>`
      }
      <button class="btn glass square" aria-label="Keys" title="Keys (F1)" onClick=${help}>
        <${Icon} name="help" />
      </button>
    </span>`;
}

/** @param {import("../panels.js").EditorScript} script */
const activeWords = ({ activeVersion }) =>
  activeVersion === null ? "Nothing is deployed" : `Version ${activeVersion} is deployed`;
