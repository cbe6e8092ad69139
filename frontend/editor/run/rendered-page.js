// @ts-check
/**
 * A page of a script, drawn without a chance to act: it is another person's text in our own origin.
 *
 * The frame is sandboxed, so nothing in it runs, navigates or submits; its policy loads nothing; and
 * what could try either is taken out before. Its style sheets and style attributes are set by CSSOM,
 * which neither the page's policy nor the frame's forbids.
 */
import { quiet, SHEET, STYLE } from "./quiet.js";

/**
 * The part of Trusted Types (W3C, section 2) that is used.
 * @typedef {{ createPolicy: (name: string, rules: { createHTML: (text: string) => string }) =>
 *   { createHTML: (text: string) => unknown } }} TrustedTypes
 */

/** What a page shows nothing with, or loads and leads elsewhere with. */
const LEFT_OUT =
  "script, noscript, template, link, meta, base, title, iframe, frame, frameset, object, embed, portal, applet, audio, video, source, track, dialog, use, image, animate, set, slot";
const ACTS = new Set(
  "href xlink:href src srcset action formaction ping poster background lowsrc style autofocus".split(
    " ",
  ),
);
/** What sends a form, which the sandbox refuses and reports. */
const SENDS = "button, input[type=submit i], input[type=image i]";
const POLICY = "default-src 'none'; img-src data:; form-action 'none'; base-uri 'none'";
/** A page with more is shown as text. */
export const MOST_ELEMENTS = 20_000;

/** Of this text only inert documents are made. */
const policy = /** @type {{ trustedTypes?: TrustedTypes }} */ (
  /** @type {unknown} */ (globalThis)
).trustedTypes?.createPolicy("run-answer", { createHTML: (text) => text });

/**
 * Draws a page in a frame without an address.
 * @param {HTMLIFrameElement} frame with `sandbox="allow-same-origin"`
 * @param {string} text
 * @returns {boolean} false when it has too many elements
 */
export function draw(frame, text) {
  const target = frame.contentDocument;
  const view = /** @type {(Window & typeof globalThis) | null} */ (frame.contentWindow);
  if (!target || !view) return false;
  const quieted = quiet(text);
  const given = /** @type {string} */ (policy?.createHTML(quieted) ?? quieted);
  const page = new DOMParser().parseFromString(given, "text/html");
  if (page.querySelectorAll("*").length > MOST_ELEMENTS) return false;
  const sheets = [...page.querySelectorAll(`script[type="${SHEET}"]`)];
  page.querySelectorAll(`style, ${LEFT_OUT}`).forEach((one) => one.remove());
  const meta = target.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  meta.content = POLICY;
  target.head.replaceChildren(meta);
  const styles = [page.documentElement, page.body, ...page.body.querySelectorAll("*")].map(disarm);
  copyAttributes(page.documentElement, target.documentElement);
  copyAttributes(page.body, target.body);
  target.body.replaceChildren(...page.body.childNodes);
  const shown = [target.documentElement, target.body, ...target.body.querySelectorAll("*")];
  shown.forEach((one, place) => setStyle(one, styles[place] ?? ""));
  target.adoptedStyleSheets = sheets.map(({ textContent }) => {
    const sheet = new view.CSSStyleSheet();
    sheet.replaceSync(withoutFiles(textContent ?? ""));
    return sheet;
  });
  return true;
}

/** Takes out what acts or loads; the text of the style attribute. @param {Element} element */
function disarm(element) {
  const style = element.getAttribute(STYLE) ?? "";
  for (const { name, value } of [...element.attributes]) {
    const isData = name === "src" && /^data:image[/]/i.test(value.trim());
    if ((name.startsWith("on") || ACTS.has(name)) && !isData) element.removeAttribute(name);
  }
  if (element.matches(SENDS)) element.setAttribute("type", "button");
  return style;
}

/** @param {Element} from @param {Element} to */
function copyAttributes(from, to) {
  for (const { name, value } of [...from.attributes]) to.setAttribute(name, value);
}

/** @param {Element} element @param {string} text */
function setStyle(element, text) {
  if (text && "style" in element)
    /** @type {HTMLElement} */ (element).style.cssText = withoutFiles(text);
}

/** Rules that load nothing. @param {string} rules */
const withoutFiles = (rules) => rules.replace(/url\((?!\s*["']?data:)[^)]*\)?/gi, "none");
