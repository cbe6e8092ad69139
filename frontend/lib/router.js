// @ts-check
/** Addresses below /engine/admin, without reloading the page. */
import { useLayoutEffect, useState } from "preact/hooks";
import { alignList, keepPosition, restorePosition, toTop } from "./scrolling.js";
import { read, write } from "./url-state.js";

export const ROOT = "/engine/admin";

/** @param {string} address @param {boolean} [replace] */
export function go(address, replace = false) {
  const isOtherPage = new URL(address, location.href).pathname !== location.pathname;
  keepPosition();
  history[replace ? "replaceState" : "pushState"](replace ? history.state : null, "", address);
  dispatchEvent(new Event(ADDRESS));
  if (isOtherPage) toTop();
  else if (!replace) alignList();
}

/** The address that the browser is about to leave; empty once it has. */
let leaving = "";

/**
 * To the page of a list before this one, and to its top. The browser goes there after the click: a
 * second one before that would leave the list.
 */
export function goBack() {
  if (leaving === location.href) return;
  leaving = location.href;
  alignList();
  addEventListener("popstate", arrived, { once: true });
  history.back();
}

function arrived() {
  leaving = "";
  alignList();
}

const ADDRESS = "address";

/** The current address; the component renders again when it changes. */
export function useAddress() {
  const [address, setAddress] = useState(() => location.pathname + location.search);
  // Before paint: a page may change its address, and a person follow a link, at once.
  useLayoutEffect(() => {
    const changed = () => setAddress(location.pathname + location.search);
    const moved = () => {
      changed();
      restorePosition();
    };
    const clicked = (/** @type {MouseEvent} */ event) => {
      const link = /** @type {Element} */ (event.target).closest?.("a");
      const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
      if (!link || !plain || link.target || link.origin !== location.origin) return;
      if (!link.pathname.startsWith(ROOT)) return;
      event.preventDefault();
      go(link.pathname + link.search);
    };
    addEventListener(ADDRESS, changed);
    addEventListener("popstate", moved);
    addEventListener("click", clicked);
    restorePosition();
    return () => {
      removeEventListener(ADDRESS, changed);
      removeEventListener("popstate", moved);
      removeEventListener("click", clicked);
    };
  }, []);
  return address;
}

/**
 * Changes parameters of the address; `replace` adds no entry to the history.
 * @template {Record<string, string>} T
 * @typedef {(change: Partial<T>, replace?: boolean) => void} SetParameters
 */

/**
 * Parameters of the address as state.
 * @template {Record<string, string>} T
 * @param {T} defaults
 * @returns {[T, SetParameters<T>]}
 */
export function useParameters(defaults) {
  const state = read(location.search, defaults);
  const set = (/** @type {Partial<T>} */ change, replace = false) => {
    const next = { ...read(location.search, defaults), ...change };
    go(location.pathname + write(next, defaults), replace);
  };
  return [state, set];
}
