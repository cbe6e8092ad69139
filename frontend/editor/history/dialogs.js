// @ts-check
/** Dialogs that a function opens and waits for, outside of the tree of the page. */
import { render } from "preact";
import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { watchState } from "../../lib/state.js";

/**
 * Shows a component until it calls `done`, and returns what it is called with.
 * @template Result, Props
 * @param {(props: Props & { done: (result: Result | null) => void }) => unknown} Component
 * @param {Props} props
 * @returns {Promise<Result | null>} null: it was closed
 */
export function openDialog(Component, props) {
  const host = document.body.appendChild(document.createElement("div"));
  return new Promise((resolve) => {
    // The next person at this computer must not read it.
    const stop = watchState(({ state }) => (host.hidden = state === "signed-out"));
    const done = (/** @type {Result | null} */ result) => {
      stop();
      removeEventListener("popstate", left);
      render(null, host);
      host.remove();
      resolve(result);
    };
    // The page behind it is another one then.
    const left = () => done(null);
    addEventListener("popstate", left);
    render(html`<${Component} ...${props} done=${done} />`, host);
  });
}

/**
 * A wide dialog. Escape closes it.
 * @param {{ title: unknown, close: () => void, children?: unknown }} props
 */
export function WideDialog({ title, close, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return html`<dialog
    ref=${dialog}
    class="wide-dialog"
    aria-labelledby="wide-dialog-title"
    onClose=${close}
  >
    <h2 id="wide-dialog-title" tabindex="-1">${title}</h2>
    ${children}
  </dialog>`;
}
