// @ts-check
/** Addresses below /engine/admin, without loading the page anew. */
import { useEffect, useState } from "preact/hooks";
import { read, write } from "./url-state.js";

export const ROOT = "/engine/admin";

/** @param {string} address @param {boolean} [replace] */
export function go(address, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  dispatchEvent(new PopStateEvent("popstate"));
}

/** The current address; whoever uses it is drawn again when it changes. */
export function useAddress() {
  const [address, setAddress] = useState(() => location.pathname + location.search);
  useEffect(() => {
    const changed = () => setAddress(location.pathname + location.search);
    const clicked = (/** @type {MouseEvent} */ event) => {
      const link = /** @type {Element} */ (event.target).closest?.("a");
      const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
      if (!link || !plain || link.target || link.origin !== location.origin) return;
      if (!link.pathname.startsWith(ROOT)) return;
      event.preventDefault();
      go(link.pathname + link.search);
    };
    addEventListener("popstate", changed);
    addEventListener("click", clicked);
    return () => {
      removeEventListener("popstate", changed);
      removeEventListener("click", clicked);
    };
  }, []);
  return address;
}

/**
 * Parameters of the address as state.
 * @template {Record<string, string>} T
 * @param {T} defaults
 * @returns {[T, (change: Partial<T>, replace?: boolean) => void]}
 */
export function useParameters(defaults) {
  const state = read(location.search, defaults);
  const set = (/** @type {Partial<T>} */ change, replace = false) => {
    const next = { ...read(location.search, defaults), ...change };
    go(location.pathname + write(next, defaults), replace);
  };
  return [state, set];
}
