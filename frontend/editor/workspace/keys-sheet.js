// @ts-check
/** The sheet that lists the keys. */
import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { KEYS } from "./use-keys.js";

const IS_MAC = typeof navigator !== "undefined" && /Mac|iP(hone|ad)/.test(navigator.userAgent);

/** @param {{ close: () => void }} props */
export function KeysSheet({ close }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return html`<dialog ref=${dialog} onClose=${close} aria-labelledby="keys-title">
    <form method="dialog">
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        ${KEYS.map(
          ({ keys, does }) =>
            html`<div key=${does}>
              <dt>${keys.map((one) => html`<kbd key=${one}>${ofThisSystem(one)}</kbd>`)}</dt>
              <dd>${does}</dd>
            </div>`,
        )}
      </dl>
      <menu><button class="btn primary">Close</button></menu>
    </form>
  </dialog>`;
}

/** @param {string} keys */
const ofThisSystem = (keys) =>
  IS_MAC ? keys.replace("Ctrl+Space", "Control+Space").replace("Ctrl", "⌘") : keys;
