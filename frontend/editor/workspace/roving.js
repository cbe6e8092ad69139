// @ts-check
/** The keys of a list of tabs (ARIA Authoring Practices): arrows move the focus among them. */

const BACK = new Set(["ArrowLeft", "ArrowUp"]);
const AHEAD = new Set(["ArrowRight", "ArrowDown"]);

/**
 * Moves the focus from a tab to the one that the key leads to; any other key is left alone.
 * @param {KeyboardEvent} event of the element with role `tablist`
 */
export function moveAmongTabs(event) {
  const tabs = /** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("[role=tab]");
  const all = /** @type {HTMLElement[]} */ ([...tabs]);
  const at = all.indexOf(/** @type {HTMLElement} */ (event.target));
  if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const next = placeByKey(event.key, at, all.length);
  if (next === null) return;
  event.preventDefault();
  all[next].focus();
}

/**
 * @param {string} key @param {number} at @param {number} length
 * @returns {number | null} null for another key
 */
export function placeByKey(key, at, length) {
  if (BACK.has(key)) return (at - 1 + length) % length;
  if (AHEAD.has(key)) return (at + 1) % length;
  if (key === "Home") return 0;
  return key === "End" ? length - 1 : null;
}
