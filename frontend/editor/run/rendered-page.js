// @ts-check
/**
 * A page of a script, drawn without a chance to act: it is another person's text in our own origin.
 *
 * The frame is sandboxed, so nothing in it runs, navigates or submits; its policy loads nothing; and
 * what could try either is taken out before. Its style sheets and style attributes are set by CSSOM,
 * which neither the page's policy nor the frame's forbids.
 */
import { count } from "../../lib/format.js";
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
const MOST_ELEMENTS = 20_000;
const TOO_LARGE = `The page has more than ${count(MOST_ELEMENTS, "element")}.`;

/** Of this text only inert documents are made. */
const policy = /** @type {{ trustedTypes?: TrustedTypes }} */ (
  /** @type {unknown} */ (globalThis)
).trustedTypes?.createPolicy("run-answer", { createHTML: (text) => text });

/**
 * Draws a page in a frame without an address.
 * @param {HTMLIFrameElement} frame with `sandbox="allow-same-origin"`
 * @param {string} text
 * @returns {string | null} why it can't be drawn
 */
export function draw(frame, text) {
  try {
    return drawn(frame, text);
  } catch {
    // Of what somebody else wrote, something is always missing in the list above.
    return "The page can't be drawn here.";
  }
}

/** @param {HTMLIFrameElement} frame @param {string} text */
function drawn(frame, text) {
  const target = frame.contentDocument;
  const view = /** @type {(Window & typeof globalThis) | null} */ (frame.contentWindow);
  if (!target || !view) return "The page can't be drawn here.";
  // Before it is parsed twice, which takes seconds for a hundred thousand.
  if (text.split(/<[^/]/, MOST_ELEMENTS + 2).length > MOST_ELEMENTS + 1) return TOO_LARGE;
  const quieted = quiet(text);
  const given = /** @type {string} */ (policy?.createHTML(quieted) ?? quieted);
  const page = new DOMParser().parseFromString(given, "text/html");
  const elements = [...Document.prototype.querySelectorAll.call(page, "*")];
  if (elements.length > MOST_ELEMENTS) return TOO_LARGE;
  const sheets = elements.filter((one) => onElement(one, "matches", `script[type="${SHEET}"]`));
  for (const one of elements) {
    if (onElement(one, "matches", `style, ${LEFT_OUT}`)) onElement(one, "remove");
    // A page with `<img name="body">` has no other `document.body`.
    else onElement(one, "removeAttribute", "name");
  }
  if (!page.body) return "The page has frames instead of a body.";
  const meta = target.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  meta.content = POLICY;
  target.head.replaceChildren(meta);
  const styles = [page.documentElement, page.body, ...page.body.querySelectorAll("*")].map(disarm);
  copyAttributes(page.documentElement, target.documentElement);
  copyAttributes(page.body, target.body);
  target.body.replaceChildren();
  // One by one: there may be more than a call takes arguments.
  for (const child of [...page.body.childNodes]) target.body.append(child);
  const shown = [target.documentElement, target.body, ...target.body.querySelectorAll("*")];
  shown.forEach((one, place) => setStyle(one, styles[place] ?? ""));
  target.adoptedStyleSheets = sheets.map(({ textContent }) => {
    const sheet = new view.CSSStyleSheet();
    sheet.replaceSync(withoutFiles(textContent ?? ""));
    return sheet;
  });
  return null;
}

/**
 * Calls a method of an element: a form has its fields in place of methods that are called like them.
 * @template {"matches" | "remove" | "removeAttribute" | "getAttribute" | "setAttribute" | "getAttributeNames"} Name
 * @param {Element} element @param {Name} name @param {Parameters<Element[Name]>} given
 * @returns {ReturnType<Element[Name]>}
 */
function onElement(element, name, ...given) {
  return Reflect.apply(Element.prototype[name], element, given);
}

/** Takes out what acts or loads; the text of the style attribute. @param {Element} element */
function disarm(element) {
  const style = onElement(element, "getAttribute", STYLE) ?? "";
  for (const name of onElement(element, "getAttributeNames")) {
    const value = onElement(element, "getAttribute", name) ?? "";
    const isData = name === "src" && /^data:image[/]/i.test(value.trim());
    if ((name.startsWith("on") || ACTS.has(name)) && !isData)
      onElement(element, "removeAttribute", name);
  }
  if (onElement(element, "matches", SENDS)) onElement(element, "setAttribute", "type", "button");
  return style;
}

/** Copies attributes, also those with names that `setAttribute` refuses. @param {Element} from @param {Element} to */
function copyAttributes(from, to) {
  for (const one of [...from.attributes])
    to.setAttributeNode(to.ownerDocument.importNode(one, true));
}

/** @param {Element} element @param {string} text */
function setStyle(element, text) {
  const style = "style" in element && /** @type {HTMLElement} */ (element).style;
  if (text && style && typeof style.cssText === "string") style.cssText = withoutFiles(text);
}

/** Rules that load nothing. @param {string} rules */
const withoutFiles = (rules) => rules.replace(/url\((?!\s*["']?data:)[^)]*\)?/gi, "none");
