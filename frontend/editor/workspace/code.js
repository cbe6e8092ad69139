// @ts-check
/** The content of the open file: its code, a picture, or what it is. */
import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { BinaryView } from "./binary-view.js";
import { CodeView } from "./code-view.js";

/** @param {{ workspace: import("./files.js").Workspace }} props */
export function Code({ workspace }) {
  const host = useRef(/** @type {HTMLDivElement | null} */ (null));
  useLayoutEffect(() => {
    if (!host.current) return undefined;
    // The styles of the code editor are made by script, which the policy of the page allows only in
    // the adopted style sheets of a shadow root.
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    const code = new CodeView(workspace, root);
    return () => code.destroy();
  }, [workspace]);
  const path = workspace.current?.path;
  const isBinary = path !== undefined && workspace.isBinary(path);
  return html`<div class="code" ref=${host} hidden=${path === undefined || isBinary}></div>
    ${isBinary && html`<${BinaryView} workspace=${workspace} path=${path} />`}
    ${
      path === undefined &&
      html`<p class="panel-empty">
        No file is open. Choose one under Files, or press F1 for the keys.
      </p>`
    }`;
}
