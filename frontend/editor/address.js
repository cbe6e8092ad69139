// @ts-check
/** Addresses below /editor, without reloading the page. */
import { useLayoutEffect, useState } from "preact/hooks";
import { read, write } from "../lib/url-state.js";

export const EDITOR = "/editor";
/**
 * Another script, or the list, is about to be shown. Those who prevent it call `move` later, or never.
 * @typedef {CustomEvent<{ move: () => void }>} LeavingEvent
 */
export const LEAVING = "editor-leaving";

/** What a workspace's address says is open. @typedef {typeof OPEN} Open */
const OPEN = { file: "", line: "", panel: "" };

/** @param {string} slug @param {Partial<Open>} [open] */
export const addressOf = (slug, open = {}) =>
  `${EDITOR}/${encodeURIComponent(slug)}${write({ ...OPEN, ...open }, OPEN)}`;

/** @param {string} address @param {{ replace?: boolean }} [options] replace: adds no entry to the history */
export function go(address, { replace = false } = {}) {
  if (address === here()) return;
  const move = () => {
    history[replace ? "replaceState" : "pushState"](null, "", address);
    show();
  };
  if (isInside(address)) move();
  else leave(move);
}

/** Changes what the address says of the script that is shown, and nothing else. @param {string} address */
export function note(address) {
  history.replaceState(null, "", address);
  shown = address;
}

/**
 * Leaves the script that is shown, once nothing of it is lost or the person says so.
 * @param {() => void} move shows what comes instead
 * @returns {boolean} whether it did at once
 */
export function leave(move) {
  const event = new CustomEvent(LEAVING, { cancelable: true, detail: { move } });
  const isFree = dispatchEvent(event);
  if (isFree) move();
  return isFree;
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

/** What is shown. The browser has another address while somebody is asked whether to go back. */
let shown = "";
/** @type {Set<(address: string) => void>} */
const watchers = new Set();
/** The next step in the history is not asked about again. */
let isAgreed = false;

const here = () => location.pathname + location.search;

/** An address without the line, which is noted in it while a draft is being kept. @param {string} address */
function placeOf(address) {
  const [path, search = ""] = address.split("?");
  return path + write({ ...read(search, OPEN), line: "" }, OPEN);
}

/** @param {string} address */
const slugAt = (address) => slugOf(address.split("?")[0]);

/** @param {string} address */
const isInside = (address) => slugAt(address) === slugAt(shown || here());

function show() {
  shown = here();
  for (const watcher of [...watchers]) watcher(shown);
}

/** The current address; the component renders again when it changes. */
export function useAddress() {
  const [address, setAddress] = useState(() => (shown ||= here()));
  useLayoutEffect(() => {
    // The same functions: they are added once, and stay as long as the page.
    addEventListener("popstate", moved);
    addEventListener("click", follow);
    setAddress(shown);
    watchers.add(setAddress);
    return () => void watchers.delete(setAddress);
  }, []);
  return address;
}

/** Back or Forward was pressed: the browser has the other address already. */
function moved() {
  const agreed = isAgreed;
  isAgreed = false;
  if (agreed || isInside(here())) {
    show();
    return;
  }
  const stays = shown;
  let hasLeft = false;
  leave(() => {
    if (hasLeft) return;
    hasLeft = true;
    if (placeOf(here()) !== placeOf(stays)) show();
    else {
      // From the entry that was added below, this leads to where the person was going.
      isAgreed = true;
      history.back();
    }
  });
  if (!hasLeft) history.pushState(null, "", stays);
}

/** Follows a link to the editor without loading the page again. @param {MouseEvent} event */
function follow(event) {
  const link = /** @type {Element} */ (event.target).closest?.("a");
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (!link || !isPlain || link.target || link.origin !== location.origin) return;
  if (link.pathname !== EDITOR && !link.pathname.startsWith(`${EDITOR}/`)) return;
  // A place on this page.
  if (link.getAttribute("href")?.startsWith("#")) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
