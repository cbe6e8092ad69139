// @ts-check
/** Addresses below /editor, without reloading the page. */
import { useEffect, useState } from "preact/hooks";
import { read, write } from "../lib/url-state.js";

export const EDITOR = "/editor";
const CHANGED = "editor-address";

/** What a workspace's address says is open. @typedef {typeof OPEN} Open */
const OPEN = { file: "", line: "", panel: "" };

/** @param {string} slug @param {Partial<Open>} [open] */
export const addressOf = (slug, open = {}) =>
  `${EDITOR}/${encodeURIComponent(slug)}${write({ ...OPEN, ...open }, OPEN)}`;

/** @param {string} address @param {{ replace?: boolean }} [options] replace: adds no entry to the history */
export function go(address, { replace = false } = {}) {
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  dispatchEvent(new Event(CHANGED));
}

/** What the address says is open. */
export const openByAddress = () => read(location.search, OPEN);

/** The slug of the script that is open; empty for the list. */
export function slugOf(/** @type {string} */ path) {
  const part = path.slice(EDITOR.length + 1).split("/")[0];
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The current address; the component renders again when it changes. */
export function useAddress() {
  const [address, setAddress] = useState(() => location.pathname + location.search);
  useEffect(() => {
    const changed = () => setAddress(location.pathname + location.search);
    addEventListener(CHANGED, changed);
    addEventListener("popstate", changed);
    addEventListener("click", follow);
    return () => {
      removeEventListener(CHANGED, changed);
      removeEventListener("popstate", changed);
      removeEventListener("click", follow);
    };
  }, []);
  return address;
}

/** Follows a link to the editor without loading the page again. @param {MouseEvent} event */
function follow(event) {
  const link = /** @type {Element} */ (event.target).closest?.("a");
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (!link || !isPlain || link.target || link.origin !== location.origin) return;
  if (link.pathname !== EDITOR && !link.pathname.startsWith(`${EDITOR}/`)) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
