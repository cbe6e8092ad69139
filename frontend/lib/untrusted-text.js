// @ts-check
/**
 * Text from other people: a name, a reason, a user agent, a log line. The server's
 * `untrusted_text` has the same rule.
 */
import { html } from "htm/preact";
import { options } from "preact";

// Control characters, and those that reorder or hide text. Persian, Indic scripts and composed emoji
// need the two joiners.
const HIDDEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** @type {Record<string, string>} */
const SHORT = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * The text with each hidden character as an escape such as `\x1b`.
 *
 * @param {unknown} text
 */
export function onOneLine(text) {
  return String(text ?? "").replace(HIDDEN, escaped);
}

/**
 * The text isolated from what stands around it, so that its direction changes nothing there
 * (HTML standard, section 4.5.24).
 *
 * @param {unknown} text
 */
export function untrusted(text) {
  return html`<bdi>${onOneLine(text)}</bdi>`;
}

/**
 * A name on one line, which ends in an ellipsis where it has no room; the whole on hover.
 *
 * @param {unknown} text
 */
export function oneLine(text) {
  const shown = onOneLine(text);
  return html`<bdi class="one-line" title=${shown}>${shown}</bdi>`;
}

/**
 * The same for several lines, as a trace has them: only the breaks stay.
 *
 * @param {unknown} text
 */
export function untrustedLines(text) {
  return html`<bdi
    >${String(text ?? "")
      .split("\n")
      .map(onOneLine)
      .join("\n")}</bdi
  >`;
}

// What a browser shows or reads out of an element, and the text that `ownTexts` moved there.
const SHOWN = ["title", "aria-label", "alt", "placeholder", "textContent"];

/**
 * Makes hidden characters visible in all rendered text, also where `untrusted` was forgotten. Line
 * breaks stay: HTML treats them as white space.
 */
export function showHidden() {
  const before = options.vnode;
  options.vnode = (vnode) => {
    // The props of a text are the text.
    const own = /** @type {{ props: unknown, type: unknown }} */ (vnode);
    if (typeof own.props === "string") own.props = shown(own.props);
    else if (typeof own.type === "string") {
      const props = /** @type {Record<string, unknown>} */ (own.props);
      for (const name of SHOWN) {
        const text = props[name];
        if (typeof text === "string") props[name] = shown(text);
      }
    }
    before?.(vnode);
  };
}

/** @param {string} text */
const shown = (text) => text.split("\n").map(onOneLine).join("\n");

/** @param {string} character */
function escaped(character) {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return SHORT[character] ?? `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
