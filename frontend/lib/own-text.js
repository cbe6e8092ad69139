// @ts-check
/**
 * Text that a browser may translate. A translator replaces each text node with an element of its
 * own, and Preact would update the node that is no longer on the page: a button would still say "Add
 * Editor" after the role was granted. So Preact renders no text nodes. Every text is the content of
 * an element, which Preact sets as a whole when the text changes; a translation keeps the element.
 */
import { options } from "preact";

/** @typedef {{ type: unknown, props: Record<string, unknown> }} Element a vnode of an HTML element */

// Names, codes and times are not translated.
const NO_WORDS = new Set(["bdi", "code", "kbd", "pre", "time"]);

/** Makes rendered text survive a translation, and updates after it. */
export function ownTexts() {
  const before = options.vnode;
  options.vnode = (vnode) => {
    const props = /** @type {unknown} */ (vnode.props);
    if (isText(props)) Object.assign(vnode, textElement(props));
    else if (typeof vnode.type === "string") ownContent(/** @type {Element} */ (vnode));
    before?.(vnode);
  };
}

/** @param {unknown} child @returns {child is string | number} */
const isText = (child) => typeof child === "string" || typeof child === "number";

/**
 * An element for text that has siblings. It has no box (see css/base.css), so its layout is that of
 * a plain text node. Spaces alone are marked: without their style, Chromium drops them when they
 * come onto a page that is already drawn.
 * @param {string | number} text
 */
function textElement(text) {
  const textContent = String(text);
  const isSpace = textContent.trim() === "";
  return { type: "own-text", props: { textContent, class: isSpace ? "space" : undefined } };
}

/** Joins the texts of an element that touch. @param {Element} vnode */
function ownContent(vnode) {
  const { props } = vnode;
  // The property, not the attribute: `false` is written as translate="no".
  if (isWordless(vnode)) props.translate ??= false;
  if (isText(props.children)) props.children = [props.children];
  if (!Array.isArray(props.children) || props.dangerouslySetInnerHTML) return;
  const children = joined(props.children);
  const left = children.filter((child) => !isNothing(child));
  if (left.length !== 1 || !isText(left[0])) {
    props.children = children;
    return;
  }
  delete props.children;
  props.textContent = String(left[0]);
}

/** @param {Element} vnode */
const isWordless = ({ type, props }) =>
  NO_WORDS.has(String(type)) || /\bnumber\b/.test(String(props.class ?? props.className ?? ""));

/** @param {unknown} child */
const isNothing = (child) => child === null || child === undefined || typeof child === "boolean";

/**
 * Texts that touch as one in the place of the first. The others leave their place empty: Preact
 * knows children without a key by their place.
 * @param {unknown[]} children
 */
function joined(children) {
  const result = [...children];
  let first = -1;
  result.forEach((child, index) => {
    if (isNothing(child)) return;
    if (!isText(child)) first = -1;
    else if (first < 0) first = index;
    else {
      result[first] = `${result[first]}${child}`;
      result[index] = null;
    }
  });
  return result;
}
