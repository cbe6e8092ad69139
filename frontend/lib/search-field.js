// @ts-check
/** A field to search a list with. */
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useListener } from "./listener.js";

const PAUSE_MS = 200;

/**
 * Reports what was typed once the typing pauses. Until then the text belongs to the field, so a page
 * that renders again in the meantime does not change it.
 * @param {{ label: string, placeholder: string, value: string, change: (text: string) => void,
 *   shortcut?: boolean }} props shortcut: the slash key leads here
 */
export function SearchField({ label, placeholder, value, change, shortcut = false }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const timer = useRef(0);
  const reported = useRef(value);
  const [text, setText] = useState(value);
  // Once the typing pauses, the list may have other filters.
  const report = useRef(change);
  report.current = change;
  useLayoutEffect(() => {
    // A list may be searched without the spaces around a text that is about to continue.
    if (value !== reported.current && value !== reported.current.trim()) {
      // Somebody else changed it: Back was pressed, or the filters were cleared.
      clearTimeout(timer.current);
      setText(value);
    }
    reported.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useShortcut(shortcut, input);
  const typed = (/** @type {string} */ now) => {
    setText(now);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      reported.current = now;
      report.current(now);
    }, PAUSE_MS);
  };
  return html`<label class="search">
    <span class="visually-hidden">${label}${shortcut && " (shortcut: slash)"}</span>
    <input
      ref=${input}
      type="search"
      placeholder=${placeholder}
      value=${text}
      onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) => typed(target.value)}
    />
  </label>`;
}

/** @param {boolean} wanted @param {{ current: HTMLInputElement | null }} input */
function useShortcut(wanted, input) {
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    const typing = /** @type {Element} */ (event.target).closest?.("input,textarea,select,dialog");
    if (!wanted || event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    input.current?.focus();
  };
  useListener(window, "keydown", pressed);
}
