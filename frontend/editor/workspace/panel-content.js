// @ts-check
/** The content of a panel, which is loaded when the first panel opens. */
import { html } from "htm/preact";
import { Failure } from "../../lib/parts.js";
import { Part, usePart } from "../later.js";

const COMPONENTS = new Part(async () => (await import("../panel-components.js")).COMPONENTS);

/**
 * @param {import("../panels.js").PanelProps & { id: import("../panels.js").PanelId, isOpen: boolean }} props
 *   isOpen: false while it is hidden
 */
export function PanelContent({ id, script, workspace, isOpen }) {
  const { found, error, retry } = usePart(COMPONENTS);
  if (error) return html`<${Failure} error=${error} retry=${retry} />`;
  if (!found) return html`<p class="panel-empty" role="status">Loading the panel …</p>`;
  return html`<${found[id]} script=${script} workspace=${workspace} isOpen=${isOpen} />`;
}
